"""What single parts say; `html_report_test` has whole pages."""

import dataclasses
import re
from pathlib import Path

import tensorflow as tf

from tests.tofa_tf.deploy.results_for_tests import BOARD, ON_BOARD, REPORT, RESULT
from tflite_export.convert.layer_noise import LayerNoise
from tofa_tf.deploy.baseline_results import BaselineResult
from tofa_tf.deploy.evaluation import Evaluation, Mistake
from tofa_tf.deploy.html_models import answers_html, card_html, int8_html, pareto_html

_NOWHERE = Path("/nowhere")
# Nothing is wrong with it.
_LAYER = LayerNoise(
    "stem", "CONV_2D", 48.4, 40.6, 30.2, 0.0, 0.9, 0.7, 8, 1, 0, 3, 1.5, 2, 1.2, 2.04
)


def _words(html: str) -> list[str]:
    """The texts of a page, one for each piece between tags."""
    return [piece for piece in re.split("<[^>]*>", html) if piece]


class CardTest(tf.test.TestCase):
    def test_without_a_board_sizes_are_those_of_the_files(self):
        words = _words(card_html(RESULT, REPORT, _NOWHERE))
        self.assertIn(".tflite 64.0 KiB, arena 30.0 KiB on a 64-bit PC", words)
        self.assertNotIn("fits", words)
        self.assertIn("90.0%", words)
        self.assertTrue(any(word.endswith("; float 91.2%") for word in words))

    def test_energy_and_what_a_latency_rests_on_where_they_are_known(self):
        board = dataclasses.replace(
            BOARD, latency_basis="calibrated", energy_mj=20.25, energy_relative_error=0.4
        )
        words = _words(card_html(dataclasses.replace(ON_BOARD, board=board), REPORT, _NOWHERE))
        self.assertIn("latency: estimate 450 ms ± 35%; calibrated", words)
        self.assertIn("energy: estimate 20.2 mJ ± 40%", words)
        words = _words(card_html(ON_BOARD, REPORT, _NOWHERE))
        self.assertIn("latency: estimate 450 ms ± 35%", words)
        self.assertFalse(any("mJ" in word for word in words))

    def test_board_and_image_size_are_named(self):
        self.assertIn("32 x 32 pixels", _words(card_html(RESULT, REPORT, _NOWHERE)))
        words = _words(card_html(ON_BOARD, REPORT, _NOWHERE))
        self.assertIn("Raspberry Pi Pico (RP2040), 32 x 32 pixels", words)

    def test_how_many_images_are_unknown_where_some_are(self):
        evaluation = Evaluation(((3, 1), (0, 4)), (), 0.953)
        known = dataclasses.replace(RESULT, evaluation=evaluation)
        kept = "95.3% of the test images are kept, others &quot;unknown&quot;"
        self.assertIn(kept, _words(card_html(known, REPORT, _NOWHERE)))
        for other in (None, dataclasses.replace(evaluation, kept=None)):
            page = card_html(dataclasses.replace(RESULT, evaluation=other), REPORT, _NOWHERE)
            self.assertNotIn("are kept", page)


class ParetoTest(tf.test.TestCase):
    def test_a_model_stands_in_both_charts_with_its_accuracy_in_percent(self):
        charts, *others = pareto_html(dataclasses.replace(REPORT, scenarios=(RESULT,)))
        self.assertEmpty(others)
        titles = re.findall("<title>([^<]*)</title>", charts)
        # 950,000 MACs and 65,536 bytes.
        self.assertEqual(titles, ["macs_1M: 90.00 at 0.95", "macs_1M: 90.00 at 64"])

    def test_baselines_have_another_colour_and_say_so(self):
        ridge = BaselineResult("ridge", 500_000, 32_768, 0.8, 1.5)
        report = dataclasses.replace(REPORT, scenarios=(RESULT,))
        charts, said = pareto_html(report, [ridge])
        colours = re.findall('r="5" fill="([^"]*)"', charts)
        self.assertEqual(colours[:2], colours[2:])
        self.assertNotEqual(colours[0], colours[1])
        self.assertIn("Orange: baselines", said)

    def test_without_models_there_are_no_charts(self):
        self.assertEqual(pareto_html(dataclasses.replace(REPORT, scenarios=())), [])


class AnswersTest(tf.test.TestCase):
    def _page(self, confusion, worst=(), names=("cat", "dog", "cow")) -> str:
        best = dataclasses.replace(RESULT, evaluation=Evaluation(confusion, worst))
        return answers_html(best, dataclasses.replace(REPORT, class_names=names), _NOWHERE)

    def test_classes_with_their_shares_and_one_that_has_no_images(self):
        page = self._page(((9, 1, 0), (2, 2, 0), (0, 0, 0)))
        rows = re.findall("<tr>((?:<td>[^<]*</td>){3})</tr>", page)
        # Wilson's intervals of 90 % of 10 and of half of 4, worked out by hand.
        self.assertEqual(
            [_words(row) for row in rows],
            [
                ["cat", "9 of 10", "90.0% (60% to 98%)"],
                ["dog", "2 of 4", "50.0% (15% to 85%)"],
                ["cow", "0 of 0"],
            ],
        )

    def test_the_matrix_is_shaded_by_the_share_of_a_row(self):
        page = self._page(((9, 1, 0), (3, 1, 0), (0, 0, 0)))
        cells = re.findall(r'<td style="background:rgba\(([\d,.]+)\)">(\d*)</td>', page)
        right, wrong = "47,158,68", "224,49,49"
        self.assertEqual(
            cells,
            [
                *((f"{right},0.90", "9"), (f"{wrong},0.10", "1"), (f"{wrong},0.00", "")),
                *((f"{wrong},0.75", "3"), (f"{right},0.25", "1"), (f"{wrong},0.00", "")),
                *((f"{wrong},0.00", ""), (f"{wrong},0.00", ""), (f"{right},0.00", "")),
            ],
        )

    def test_a_matrix_of_many_classes_is_left_out(self):
        for classes, shown in ((25, True), (26, False)):
            confusion = tuple(tuple(int(i == j) for j in range(classes)) for i in range(classes))
            page = self._page(confusion, names=tuple(map(str, range(classes))))
            self.assertEqual("taken for" in page, shown)

    def test_mistakes_are_told_with_their_names_the_surest_first(self):
        worst = (Mistake(7, 0, 1, 0.996), Mistake(2, 1, 2, 0.5))
        words = _words(self._page(((0, 1, 0), (0, 0, 1), (0, 0, 0)), worst))
        self.assertIn("The 2 images it is surest of and wrong", words)
        self.assertEqual(words[-2:], ["cat taken for dog (100%)", "dog taken for cow (50%)"])
        self.assertNotIn("surest", self._page(((1, 0, 0), (0, 1, 0), (0, 0, 1))))

    def test_nothing_is_said_of_a_model_that_was_not_asked(self):
        self.assertEqual(answers_html(RESULT, REPORT, _NOWHERE), "")


class Int8Test(tf.test.TestCase):
    def _words(self, *layers: LayerNoise) -> list[str]:
        quantization = dataclasses.replace(RESULT.quantization, layers=layers)
        return _words(int8_html([dataclasses.replace(RESULT, quantization=quantization)]))

    def test_where_no_layer_stands_out_that_is_said(self):
        words = self._words(_LAYER, _LAYER)
        self.assertEqual(words[:2], ["No layer stands out.", "macs_1M: 2 layers"])
        self.assertEqual(
            words[-10:],
            ["stem", "CONV_2D", "48", "41", "30", "0.0%", "90%", "1 of 8", "1.5", "2.0"],
        )

    def test_a_model_of_several_boards_stands_once(self):
        quantization = dataclasses.replace(RESULT.quantization, layers=(_LAYER,))
        one = dataclasses.replace(RESULT, quantization=quantization)
        same = dataclasses.replace(one, name="rp2040")
        other = dataclasses.replace(one, name="esp32", sha256="ef" * 32)
        words = [word for word in _words(int8_html([one, other, same])) if "layers" in word]
        self.assertEqual(words, ["macs_1M, rp2040: 1 layers", "esp32: 1 layers"])

    def test_the_three_worst_layers_are_named(self):
        spoilt = [
            dataclasses.replace(_LAYER, layer=f"conv{number}", activation_db=8.0 - 4 * number)
            for number in range(4)
        ]
        words = self._words(_LAYER, *spoilt)
        named = [word.partition(":")[0] for word in words[: words.index("macs_1M: 5 layers")]]
        self.assertEqual(named, ["conv3", "conv2", "conv1"])

    def test_nothing_is_said_where_nothing_was_measured(self):
        self.assertEqual(self._words(), [])


if __name__ == "__main__":
    tf.test.main()
