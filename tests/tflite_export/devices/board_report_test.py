import dataclasses

import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.convert.convert import convert_int8
from tflite_export.devices.board_report import boards_markdown, report_boards
from tflite_export.devices.boards import known_boards
from tflite_export.devices.fit import fit
from tflite_export.devices.latency import estimate_latency
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.verify import verify


class BoardReportTest(tf.test.TestCase):
    def test_every_board_with_figures_and_the_word_estimate(self):
        model = mobile_net(keras)
        images = random_images(20)
        tflite = convert_int8(model, images)
        with TflmRuntime() as tflm:
            verification = verify(tflite, images, None, np.asarray(model(images)), tflm)
        file = read_tflite(tflite)
        small = dataclasses.replace(
            known_boards()["rp2040"], name="small", sram_kib=12, sram_reserved_kib=10
        )
        boards = [*known_boards().values(), small]
        reports = report_boards(file, verification, boards)
        sizes = verification.arena_bytes, verification.nonpersistent_bytes
        for board, report in zip(boards, reports, strict=True):
            self.assertEqual(report.fit, fit(file, *sizes, board))
            self.assertEqual(report.latency, estimate_latency(file, board))
        text = boards_markdown(reports)
        named = dataclasses.replace(
            reports[0], fit=dataclasses.replace(reports[0].fit, board="a|<b>")
        )
        escaped = boards_markdown([named])
        self.assertIn(r"| a\|\<b> | ", escaped)
        self.assertIn("## a\\|\\<b>\n", escaped)
        rows = [line for line in text.splitlines() if line.endswith(("| yes |", "available) |"))]
        self.assertLen(rows, len(boards))
        for row in rows:
            self.assertIn("| estimate ", row)
        self.assertRegex(rows[-1], r"no: lacks \d+\.\d KiB of SRAM for the arena")


if __name__ == "__main__":
    tf.test.main()
