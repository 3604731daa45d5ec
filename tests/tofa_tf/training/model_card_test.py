"""The page around accuracies that are given; `pretrain_test` has one that was measured."""

import dataclasses
import hashlib
import json
from pathlib import Path
from unittest import mock

import keras
import tensorflow as tf

from tests.tofa_tf.spaces_for_tests import TINY
from tests.tofa_tf.trained import experiment
from tofa_tf.common.workdir import METRICS
from tofa_tf.space.cost import cost
from tofa_tf.teacher.trunk import Trunk
from tofa_tf.training import model_card
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.journal import WEIGHTS


def _trunk(name: str, notice: str) -> Trunk:
    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()])
    return Trunk(name, "ab", network, 0.0, 1.0, notice)


def _accuracy(supernet: None, arch, experiment: Experiment) -> float:
    """One that tells the nets apart."""
    return cost(experiment.space, arch, 10, experiment.channels).macs / 1e7


class ModelCardTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir(), self.id())
        self.folder.mkdir()
        (self.folder / WEIGHTS).write_bytes(b"weights")
        records = [{"step": 6, "seconds": 60.0}, {"step": 12, "seconds": 200.0}]
        (self.folder / METRICS).write_text("\n".join(map(json.dumps, records)))

    def _page(self, **changes) -> str:
        made = dataclasses.replace(experiment(), **changes)
        # Five nets harvested, calibrated and run take seconds.
        with mock.patch.object(model_card, "accuracy", _accuracy):
            return model_card.model_card(None, made, self.folder)

    def _rows(self, page: str) -> list[list[str]]:
        lines = [line for line in page.splitlines() if line.startswith("| ")]
        return [line.strip("| ").split(" | ") for line in lines[1:]]

    def test_five_nets_with_their_own_figures_from_the_smallest_to_the_largest(self):
        rows = self._rows(self._page())
        self.assertEqual([row[0] for row in rows], ["min", "lower", "middle", "upper", "max"])
        for row, arch in ((rows[0], TINY.min_arch), (rows[-1], TINY.max_arch)):
            size = cost(TINY, arch, 10, experiment().channels)
            macs, params = f"{size.macs / 1e6:.2f} M", f"{size.params:,}"
            self.assertEqual(row[1:], [macs, params, f"{size.macs / 1e5:.1f}%"])
        macs = [float(row[1].split()[0]) for row in rows]
        self.assertEqual(macs, sorted(macs))
        self.assertLen(set(macs), 5)

    def test_a_space_of_one_net_has_one_row(self):
        ((name, *figures),) = self._rows(self._page(space=TINY.only(TINY.max_arch)))
        self.assertEqual(name, "only")
        self.assertEqual(figures, self._rows(self._page())[-1][1:])

    def test_says_what_was_trained_how_and_for_how_long(self):
        page = self._page()
        self.assertStartsWith(page, "# Supernet weights: tiny on digits\n")
        self.assertIn(
            "trained at 16 pixels on the 50 labelled images of digits, 10 classes: 12 steps of 8 "
            "images, seed 0, 3 minutes.\n",
            page,
        )
        self.assertIn("\n    tofa pretrain --dataset=digits --labels_per_class=5 ", page)
        self.assertIn("on the 359 images held out", page)
        digest = hashlib.sha256(b"weights").hexdigest()
        self.assertEndsWith(page, f"SHA-256 of the weights: `{digest}`.\n")

    def test_a_teacher_is_named_with_what_its_authors_allow(self):
        self.assertNotIn("Taught by", self._page())
        page = self._page(teacher=_trunk("a|b", "Not for sale."))
        self.assertIn("\n\nTaught by a\\|b. Not for sale.\n\n", page)
        self.assertIn("\n\nTaught by c.\n\n", self._page(teacher=_trunk("c", "")))


if __name__ == "__main__":
    tf.test.main()
