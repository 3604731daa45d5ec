import dataclasses
import html.parser
import json
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tests.tofa_tf.deploy.results_for_tests import ON_BOARD, REPORT, RESULT
from tflite_export.convert.layer_noise import LayerNoise
from tflite_export.devices.boards import load_boards
from tofa_tf.data.records import ImageSet, as_texts
from tofa_tf.deploy.baseline_results import BaselineResult, BaselineResults, write_baselines
from tofa_tf.deploy.evaluation import WORST_IMAGES, Evaluation, Mistake, write_worst_images
from tofa_tf.deploy.html_report import html_report
from tofa_tf.training.foreign_report import write_foreign

_HOSTILE = "<script>alert(1)</script>&\"'"
_LAYER = LayerNoise(
    _HOSTILE, "CONV_2D", 48.0, 40.0, 30.0, 0.25, 1.0, 0.7, 8, 1, 0, 3, 1.5, 2, 1.2, 2.0
)


class _Balance(html.parser.HTMLParser):
    """Fails where an element is not closed, or another one is."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("meta", "img", "line", "circle", "polyline"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("circle",):
            assert self.open.pop() == tag, tag


class HtmlReportTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / self.id()
        (self.folder / RESULT.tflite).parent.mkdir(parents=True)

    def _page(self, *scenarios, **changes) -> str:
        report = dataclasses.replace(REPORT, scenarios=scenarios, **changes)
        page = html_report(report, self.folder, "a title", ["a fact"])
        parser = _Balance()
        parser.feed(page)
        self.assertEmpty(parser.open)
        self.seen = parser.seen
        return page

    def test_card_of_a_board(self):
        page = self._page(ON_BOARD)
        # Wilson's interval of 90 % of 359.
        for words in ("90.0%", "95 %: 86.5% to 92.7%", "estimate 450 ms ± 35%", "rp2040",
                      "on ethos-u55-128 at 500 MHz: estimate 0.7 ms",
                      "flash with the runtime: 129 of 2016 KiB (6%)",
                      "SRAM for the arena: 30 of 248 KiB (12%)"):  # fmt: skip
            self.assertIn(words, page)

    def test_verdict_of_a_board(self):
        (board,) = load_boards("rp2040@500ms")
        asked = dataclasses.replace(ON_BOARD.asked, board=board)
        cramped = dataclasses.replace(ON_BOARD.board.fit, arena_used=300 * 1024)
        for changes, limited, words in (
            ({}, False, ">fits<"),
            # 450 ms and 35 %: from 292 to 608 ms.
            ({}, True, ">fits, if the estimate holds<"),
            ({"latency_ms": 200.0}, True, ">fits<"),
            ({"latency_ms": 600.0}, True, ">too slow, if the estimate holds<"),
            ({"latency_ms": 900.0}, True, ">too slow<"),
            ({"fit": cramped, "latency_ms": 900.0}, True,
             ">does not fit: lacks 52.0 KiB of SRAM for the arena (300.0 used, 248.0 available)<"),
        ):  # fmt: skip
            scenario = dataclasses.replace(
                ON_BOARD,
                asked=asked if limited else ON_BOARD.asked,
                board=dataclasses.replace(ON_BOARD.board, **changes),
            )
            page = self._page(scenario)
            self.assertIn(words, page)
            self.assertEqual(" ms ± 35%, of 500 ms allowed" in page, limited)

    def test_files_that_exist_are_linked(self):
        place = self.folder / ON_BOARD.tflite
        self.assertNotIn("<a ", self._page(ON_BOARD))
        place.write_bytes(b"x")
        project = place.parent / "firmware" / 'a "b" & c'
        project.mkdir(parents=True)
        page = self._page(ON_BOARD)
        self.assertIn(f'<a href="{ON_BOARD.tflite}">{ON_BOARD.tflite}</a>', page)
        folder = "scenarios/macs_1M/firmware/a%20%22b%22%20%26%20c"
        self.assertIn(f'<a href="{folder}">scenarios/macs_1M/firmware/a &quot;b&quot; &amp;', page)
        self.assertEqual(self.seen.count("a"), 2)
        (project / "README.md").write_text(
            "# Model\n\n## Build and flash\n\n    make <\n\n## End\n"
        )
        page = self._page(ON_BOARD)
        self.assertIn(f'<a href="{folder}/README.md">README</a>', page)
        self.assertIn("how to build and flash it</summary><pre>make &lt;</pre></details>", page)

    def test_everything_is_escaped(self):
        quantization = dataclasses.replace(RESULT.quantization, layers=(_LAYER,))
        evaluation = Evaluation(((3, 1), (0, 4)), (Mistake(0, 0, 1, 0.9),), 0.95)
        page = self._page(
            dataclasses.replace(
                RESULT, name=_HOSTILE, quantization=quantization, evaluation=evaluation
            ),
            dataset=_HOSTILE,
            class_names=(_HOSTILE, "b"),
            machine=_HOSTILE,
            versions={_HOSTILE: "1"},
        )
        self.assertNotIn("<script", page)
        self.assertIn("&lt;script&gt;", page)

    def test_answers_by_class_confusion_and_worst_images(self):
        evaluation = Evaluation(((3, 1), (0, 4)), (Mistake(7, 0, 1, 0.912),), None)
        sheet = (self.folder / RESULT.tflite).parent / WORST_IMAGES
        write_worst_images(np.zeros((3, 8, 8, 1), np.uint8), sheet)
        page = self._page(dataclasses.replace(RESULT, evaluation=evaluation))
        for words in ("3 of 4", "4 of 4", "0 taken for 1 (91%)", "data:image/png;base64,"):
            self.assertIn(words, page)

    def test_training_curves_leave_out_damaged_lines(self):
        records = [
            {"step": step, "loss": 2.0 - step, "labelled_loss": 1.0, "pseudo_loss": 0.5,
             "mask_rate": 0.1 * step, "pseudo_accuracy": 0.9, "validation_accuracy": 0.5}
            for step in range(3)
        ]  # fmt: skip
        lines = [*map(json.dumps, records), "{cut short", "[1]"]
        (self.folder / "metrics.jsonl").write_text("\n".join(lines))
        page = self._page(RESULT)
        self.assertEqual(self.seen.count("polyline"), 6)
        for words in ("mask rate", "precision of pseudo-labels", "largest net on validation"):
            self.assertIn(words, page)

    def test_baselines_stand_beside_the_models(self):
        self.assertEqual(self._page(RESULT).count("<circle"), 2)
        ridge = BaselineResult("ridge", 500_000, 32_768, 0.8, 1.5)
        results = BaselineResults().with_one(ridge).with_one(ridge)
        write_baselines(results, self.folder)
        page = self._page(RESULT)
        self.assertEqual(page.count("<circle"), 4)
        for words in ("ridge: 80.00 at 0.5<", "ridge: 80.00 at 32<", "Orange: baselines"):
            self.assertIn(words, page)
        (self.folder / "baselines.json").write_text("{")
        self.assertEqual(self._page(RESULT).count("<circle"), 2)

    def test_boards_of_one_subnet_have_one_name_in_the_charts(self):
        other = dataclasses.replace(RESULT, name="another")
        page = self._page(RESULT, other)
        self.assertEqual(page.count(">macs_1M and 1 more</text>"), 2)
        self.assertNotIn(">another</text>", page)

    def test_foreign_images_that_were_found(self):
        self.assertNotIn("Foreign images", self._page(RESULT))
        pool = ImageSet(noise(3, 8), np.zeros(3, np.int32), as_texts(["a", _HOSTILE, "c"]))
        write_foreign(self.folder, pool, 2, np.array([1]))
        page = self._page(RESULT)
        self.assertIn("1 of 2 unlabelled images (50.0%) look as if they belonged", page)
        self.assertIn("&lt;script&gt;", page)
        self.assertIn("data:image/png;base64,", page)
        (self.folder / "foreign.json").write_text('{"unlabelled_images": "many"}')
        self.assertNotIn("Foreign images", self._page(RESULT))

    def test_layers_and_the_guilty_one(self):
        layers = (
            dataclasses.replace(_LAYER, layer="stem", scale_spread=17.25),
            dataclasses.replace(_LAYER, layer="pool", weight_db=None, scale_spread=None),
        )
        quantization = dataclasses.replace(RESULT.quantization, layers=layers)
        page = self._page(dataclasses.replace(RESULT, quantization=quantization))
        self.assertIn("stem: 25.0% of its values lie beyond the range of int8", page)
        self.assertIn("<th>largest over median weight scale</th></tr>", page)
        self.assertEqual(page.count("<td>1.5</td><td>17.2</td></tr>"), 1)
        self.assertEqual(page.count("<td>1.5</td><td></td></tr>"), 1)

    def test_nothing_but_itself_is_loaded(self):
        page = self._page(RESULT, ON_BOARD)
        for words in ("http:", "https:", "<link", "<script", 'src="/', "@import"):
            self.assertNotIn(words, page)
        self.assertIn("width=device-width", page)

    def test_a_run_without_models(self):
        self.assertIn("How to reproduce", self._page())


if __name__ == "__main__":
    tf.test.main()
