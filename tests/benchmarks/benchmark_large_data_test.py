import os
import tempfile
import time
from pathlib import Path

from absl.testing import absltest

from benchmarks.benchmark_large_data import _cpu_seconds, _peak_mib, longer
from benchmarks.large_data_files import make_files
from tflite_export.common.image_files import decode_image


class BenchmarkLargeDataTest(absltest.TestCase):
    def test_files_are_made_once_and_go_on_where_they_stopped(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        make_files(folder, 1004, 8)
        files = sorted(folder.rglob("*.jpg"))
        self.assertLen(files, 1004)
        self.assertEqual(decode_image(files[0]).shape, (8, 8, 3))
        before = files[0].stat().st_mtime_ns
        whole = files[-1].read_bytes()
        files[-1].unlink()
        make_files(folder, 1004, 8)
        self.assertEqual(files[-1].read_bytes(), whole)
        self.assertEqual(files[0].stat().st_mtime_ns, before)
        with self.assertRaisesRegex(ValueError, "has 1004 images of 8 pixels"):
            make_files(folder, 1004, 16)

    def test_peak_memory_is_that_of_a_process_and_nothing_when_it_is_gone(self):
        self.assertGreater(_peak_mib(os.getpid()), 10)
        self.assertEqual(_peak_mib(2**30), 0)

    def test_time_of_the_cpu_is_that_of_a_process(self):
        self.assertBetween(_cpu_seconds(os.getpid()) - time.process_time(), -0.1, 0.1)

    def test_pairs_of_steps_are_compared(self):
        self.assertAlmostEqual(longer([110, 21, 55], [100, 20, 50]), 0.1)


if __name__ == "__main__":
    absltest.main()
