from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tofa_tf.deploy.report import PLOT, _labels, markdown_table, write_report

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
BOARD = {
    "board": "rp2040",
    "flash_used": 132_096,
    "flash_available": 2016 * 1024,
    "arena_used": 30_720,
    "arena_available": 248 * 1024,
    "latency_estimate_ms": 450.0,
    "latency_relative_error": 0.35,
}
NPU = {
    "config": "ethos-u55-128",
    "clock_mhz": 500.0,
    "estimate_ms": 0.7,
    "cpu_estimate_ms": 450.0,
    "cycles": 280_000,
    "sram_bytes": 90_000,
    "tflite_bytes": 600_000,
    "npu_share": 1.0,
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

    def test_scenarios_that_lie_together_share_a_name(self):
        scenarios = [
            {"name": name, "macs": macs}
            for name, macs in (("a", 4_680_000), ("b", 2_000_000), ("c", 4_700_000))
        ]
        labels = _labels(scenarios, [91.0, 90.0, 89.0])
        self.assertEqual(labels, [("b", (2.0, 90.0)), ("a and 1 more", (4.68, 89.0))])

    def test_boards_and_npus_have_the_word_estimate_at_every_latency(self):
        folder = Path(self.get_temp_dir())
        write_report({**REPORT, "scenarios": [{**SCENARIO, "board": BOARD, "npus": [NPU]}]}, folder)
        text = (folder / "report.md").read_text()
        self.assertIn("| latency, estimate |", text)
        self.assertIn("| rp2040 | 129 of 2016 | 30 of 248 | 450 ms ± 35% |", text)
        self.assertIn("| latency on the NPU, estimate | on the board's CPU, estimate |", text)
        self.assertIn("| 0.7 ms | 450 ms | 280000 | 87.9 | 585.9 | 100% |", text)
        self.assertIn("latency on the NPU, estimate", (folder / "report.html").read_text())

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
