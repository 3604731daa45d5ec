"""Programs on an emulated Cortex-M4: QEMU's mps2-an386, which prints by semihosting."""

import shutil
import subprocess
from pathlib import Path

COMPILER = shutil.which("arm-none-eabi-gcc")
QEMU = shutil.which("qemu-system-arm")
AVAILABLE = bool(COMPILER and QEMU)
LACKING = "there is no emulated Cortex-M4 (arm-none-eabi-gcc, qemu-system-arm)"

_TARGET = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
_START = """
extern unsigned stack_top;
void _start(void);
void reset(void) {
  *(volatile unsigned *)0xE000ED88 |= 0xFu << 20; /* The floating-point unit. */
  _start();
}
static void stop(void) {
  for (;;) {
  }
}
__attribute__((section(".vectors"), used)) void *const vectors[16] = {
    &stack_top, (void *)reset, (void *)stop, (void *)stop};
"""
_LINKER_SCRIPT = """
ENTRY(reset)
MEMORY { CODE (rx) : ORIGIN = 0, LENGTH = 4M  DATA (rwx) : ORIGIN = 0x20000000, LENGTH = 4M }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) KEEP(*(.init)) KEEP(*(.fini)) *(.rodata*)
    . = ALIGN(4); __preinit_array_start = .; KEEP(*(.preinit_array*)) __preinit_array_end = .;
    __init_array_start = .; KEEP(*(.init_array*)) __init_array_end = .;
    __fini_array_start = .; KEEP(*(.fini_array*)) __fini_array_end = .; __end__ = .; } > CODE
  .ARM.exidx : { *(.ARM.exidx*) } > CODE
  .data : { *(.data*) } > DATA
  .bss : { __bss_start__ = .; *(.bss*) *(COMMON) . = ALIGN(8);
    __bss_end__ = .; end = .; __end__ = .; } > DATA
  stack_top = ORIGIN(DATA) + LENGTH(DATA);
}
"""


def run(folder: Path, *sources: str) -> str:
    """Compiles C sources of a folder for the core, runs the program and returns what it printed."""
    (folder / "start.c").write_text(_START)
    (folder / "board.ld").write_text(_LINKER_SCRIPT)
    command = [COMPILER, *_TARGET, "-std=gnu99", "-O2", "-Wall", "-Wextra", "-Werror"]
    command += ["--specs=rdimon.specs", "-Tboard.ld", "start.c", *sources, "-o", "program.elf"]
    subprocess.run(command, cwd=folder, check=True)
    emulator = [QEMU, "-M", "mps2-an386", "-kernel", "program.elf", "-nographic"]
    emulator += ["-monitor", "none", "-serial", "none"]
    emulator += ["-semihosting-config", "enable=on,target=native"]
    ran = subprocess.run(
        emulator, cwd=folder, check=True, capture_output=True, text=True, timeout=300
    )
    return ran.stdout
