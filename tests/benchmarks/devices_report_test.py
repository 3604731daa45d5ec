import dataclasses
import pathlib

import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks.devices_report import OURS, PLOT, Row, devices_markdown, plot_devices

ROW = Row(
    board="rp2040",
    model=OURS,
    missing="",
    macs=4_000_000,
    flash_used=512 * 1024,
    flash_available=2016 * 1024,
    arena_used=100 * 1024,
    arena_available=248 * 1024,
    latency_ms=450.0,
    latency_error=0.35,
    int8_accuracy=0.75,
    seconds=1.5,
)
NOTHING = Row("tiny", OURS, "nothing fits")
NET = dataclasses.replace(ROW, model="ResNet-8", int8_accuracy=None)
ON_NPU = dataclasses.replace(ROW, board="alif_e7", npu="ethos-u55-256", npu_ms=0.5, seconds=2.5)


class DevicesReportTest(tf.test.TestCase):
    def test_tables_and_plot(self):
        folder = pathlib.Path(self.get_temp_dir())
        missing = "3.0 KiB of flash (4.0 used, 1.0 available)"
        lacking = dataclasses.replace(NET, board="tiny", missing=missing)
        rows = [ROW, ON_NPU, NOTHING, NET, lacking]
        text = "\n".join(devices_markdown(rows))
        self.assertIn("# 2 of 3 boards from one supernet", text)
        self.assertIn("median 2.00 s a board, largest 2.50 s", text)
        self.assertIn(
            "| rp2040 | 4.00 | 512 of 2016 | 100 of 248 | estimate 450 ms ± 35% | 75.00% | 1.5 |",
            text,
        )
        self.assertIn("|\n\n* nothing fits\n", text)
        self.assertIn("| tiny | lacks 3.0 KiB of flash |", text)
        self.assertIn("| ResNet-8 | 4.00 | 512 | 100 to 100 | 1 of 2 boards | 1.5 |", text)
        self.assertIn("| alif_e7 | subnet | ethos-u55-256 | estimate 0.5 ms |", text)
        plot_devices(rows, folder / PLOT)
        self.assertGreater(np.asarray(Image.open(folder / PLOT).convert("L")).std(), 5.0)


if __name__ == "__main__":
    tf.test.main()
