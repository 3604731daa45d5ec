from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tofa_tf.report import PLOT, markdown_table, write_report

SCENARIO = {
    "name": "macs_<1M>",
    "macs": 950_000,
    "params": 31_400,
    "tflite_bytes": 65_536,
    "arena_bytes": 30_720,
    "float_accuracy": 0.91234,
    "int8_accuracy": 0.9,
    "int8_agreement": 0.99,
    "latency_ms": 0.123,
    "seconds": 1.25,
}
REPORT = {
    "dataset": "digits",
    "labelled_images": 50,
    "labels_per_class": 5,
    "unlabelled_images": 1388,
    "test_images": 359,
    "search_space": "mcu",
    "steps": 400,
    "seed": 0,
    "training_seconds": 61.4,
    "machine": "a machine, 2 cores",
    "not_fitting": ["scenario 'x': nothing fits"],
    "scenarios": [SCENARIO, {**SCENARIO, "name": "macs_2M", "macs": 2_000_000}],
}


class ReportTest(tf.test.TestCase):
    def test_table_has_units(self):
        row = markdown_table([SCENARIO]).splitlines()[2]
        self.assertEqual(
            row,
            "| macs_<1M> | 0.95 M | 31 k | 64.0 | 30.0 | 91.23% | 90.00% | 99.00% | 0.12 | 1.2 |",
        )

    def test_writes_markdown_page_and_plot(self):
        folder = Path(self.get_temp_dir())
        write_report(REPORT, folder)
        text = (folder / "report.md").read_text()
        self.assertIn(markdown_table(REPORT["scenarios"]), text)
        self.assertIn("50 labelled images (5 a class), 1388 unlabelled, 359 test images", text)
        self.assertIn("does not fit: scenario 'x': nothing fits", text)
        page = (folder / "report.html").read_text()
        self.assertIn("macs_&lt;1M&gt;", page)
        self.assertNotIn("macs_<1M>", page)
        self.assertIn("data:image/png;base64,", page)
        pixels = np.asarray(Image.open(folder / PLOT).convert("L"))
        self.assertGreater(pixels.std(), 5.0)


if __name__ == "__main__":
    tf.test.main()
