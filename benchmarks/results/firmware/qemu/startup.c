/* Start of a Cortex-M under QEMU: vectors, FPU, then newlib's semihosting start-up. */

#include <stdint.h>

extern uint32_t __stack;
extern void _start(void);

/* Newlib clears .bss and asks the host for the heap; code and data are loaded by QEMU. */
void Reset(void) {
  *(volatile uint32_t*)0xE000ED88 |= 0xF << 20; /* CPACR: allow floating point and MVE. */
  __asm__ volatile("dsb\n isb");
  _start();
}

static void Fault(void) {
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) static const void* const vectors[16] = {
    &__stack, Reset, Fault, Fault, Fault, Fault, Fault,
};
