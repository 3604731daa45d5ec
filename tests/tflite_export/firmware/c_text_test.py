"""Literals of C, as a C compiler reads them."""

import subprocess
import unittest

import numpy as np
from absl.testing import absltest

from tests.tflite_export.firmware.native import C_COMPILER, STRICT, temporary_folder
from tflite_export.firmware.c_text import float_list, string_literal

_NAMES = (
    "rose",
    'x"; int y; /* ',
    "*/ #error",
    "??/ ??' trigraph",
    "two\nlines\r\t\x7f",
    "Blüte 花 \U0001f33c",
    "\\123 \\x41",
    "é0f",
    "%s %n",
    "",
)


@unittest.skipUnless(C_COMPILER, "there is no C compiler (gcc or clang)")
class CTextTest(absltest.TestCase):
    def _run(self, declaration: str, statement: str) -> bytes:
        folder = temporary_folder(self)
        (folder / "main.c").write_text(
            f"#include <stdio.h>\n#include <string.h>\n{declaration}\n"
            f"int main(void) {{ {statement} return 0; }}\n"
        )
        for standard in ("-std=c99", "-std=gnu17"):
            command = [C_COMPILER, standard, "-trigraphs", *STRICT, "main.c", "-o", "main"]
            subprocess.run(command, cwd=folder, check=True)
        return subprocess.run([folder / "main"], check=True, capture_output=True).stdout

    def test_names_come_back_whatever_they_hold(self):
        literals = ", ".join(map(string_literal, _NAMES))
        printed = self._run(
            f"static const char *const names[] = {{{literals}}};",
            f"for (int i = 0; i < {len(_NAMES)}; ++i) fwrite(names[i], 1, strlen(names[i]) + 1, "
            "stdout);",
        )
        self.assertEqual(printed.decode().split("\0")[:-1], list(_NAMES))

    def test_floats_come_back(self):
        values = np.array([0.1, 1 / 3, 1e-38, 3.4e38, 255, 16777217], np.float32)
        printed = self._run(
            f"static const float values[] = {float_list(values.tolist())};",
            "fwrite(values, sizeof(values), 1, stdout);",
        )
        self.assertEqual(np.frombuffer(printed, np.float32).tolist(), values.tolist())


if __name__ == "__main__":
    absltest.main()
