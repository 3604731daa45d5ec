import pathlib
import tempfile

from absl.testing import absltest

from benchmarks.leave_one_out import PUBLISHED, read_rows
from tests.tflite_export.flatbuffers_by_hand import chain
from tflite_export.graph.flatbuffer import read_tflite

_HEAD = "board,kernels,clock_mhz,model,published_ms,source,older,note\n"


class LeaveOneOutTest(absltest.TestCase):
    def _rows(self, *lines: str):
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "rows.csv"
        path.write_text(_HEAD + "\n".join(lines) + "\n")
        file = read_tflite(chain(["RELU"]))
        return read_rows(lambda _: file, path)

    def test_factor_comes_from_the_other_sources(self):
        one = self._rows("stm32l4r5,cmsis_nn,120,m,1,a,,")[0].estimate_ms
        rows = self._rows(
            f"stm32l4r5,cmsis_nn,120,m,{2 * one},a,,",
            f"stm32l4r5,cmsis_nn,120,m,{4 * one},b,,",
            f"stm32l4r5,cmsis_nn,120,m,{9 * one},c,,",
            f"stm32l4r5,cmsis_nn,120,m,{4 * one},b,yes,",
        )
        self.assertAlmostEqual(rows[0].left_out_ms, 6 * one)
        self.assertAlmostEqual(rows[0].error, 6 / 2 - 1)
        self.assertFalse(rows[0].inside)
        self.assertEqual(rows[0].fit_from, "b, c")
        self.assertIsNone(rows[3].left_out_ms)

    def test_a_core_without_another_source_takes_that_of_its_kernels(self):
        rows = self._rows("rp2040,cmsis_nn,125,m,5,a,,", "esp32,esp_nn,240,m,5,b,,")
        # Cycles per instruction of the other one, over its own.
        self.assertAlmostEqual(rows[0].left_out_ms, rows[0].estimate_ms * 0.94 / 1.15)
        self.assertEqual(rows[0].fit_from, "other cores: xtensa-lx6")

    def test_every_published_row_has_a_source(self):
        file = read_tflite(chain(["RELU"]))
        rows = read_rows(lambda _: file)
        self.assertGreater(len(rows), 35)
        self.assertTrue(all(row.source and row.published_ms > 0 for row in rows))
        self.assertTrue(PUBLISHED.exists())


if __name__ == "__main__":
    absltest.main()
