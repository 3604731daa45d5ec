import dataclasses
import functools
import json
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.randomized import random_supernet
from tests.tofa_tf.spaces_for_tests import TINY
from tests.tofa_tf.trained import SETTINGS, experiment, tiny_space
from tofa_tf.common.errors import UserError
from tofa_tf.nets.single import single_subnet
from tofa_tf.select import alone
from tofa_tf.select.alone import BASELINES, Alone, Recipe, make_alone
from tofa_tf.select.standard_nets import STANDARD_NETS, standard_space
from tofa_tf.space.cost import cost
from tofa_tf.training.experiment import Experiment, load_experiment
from tofa_tf.training.journal import METRICS, WEIGHTS

_ARCH = TINY.min_arch


@functools.cache
def _with_validation() -> Experiment:
    """Digits with pre-trained weights of other classes; 8 labels a class and 2 for choices."""
    short = dataclasses.replace(SETTINGS.train, steps=12)
    settings = dataclasses.replace(SETTINGS, labels_per_class=10, train=short)
    with tiny_space():
        loaded = load_experiment(settings)
    return dataclasses.replace(loaded, pretrained=random_supernet(TINY, num_classes=4, channels=1))


@functools.cache
def _few() -> Experiment:
    """The same with 5 labels a class and no images to choose by."""
    return dataclasses.replace(experiment(), pretrained=_with_validation().pretrained)


@functools.cache
def _one_label_a_class() -> Experiment:
    training = _few().training
    _, first = np.unique(_few().labelled_labels, return_index=True)
    one = dataclasses.replace(training, labelled=training.labelled[first])
    return dataclasses.replace(_few(), training=one)


def _make(baseline: str, images: Experiment, folder: Path, recipes: tuple[Recipe, ...]) -> Alone:
    with (
        mock.patch.object(alone, "FINE_TUNING", recipes),
        mock.patch.object(alone, "FROM_SCRATCH", recipes),
    ):
        return make_alone(baseline, images, _ARCH, folder / baseline)


class AloneTest(tf.test.TestCase, parameterized.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.still = staticmethod(functools.cache(cls._still))

    @classmethod
    def _still(cls, baseline: str) -> Alone:
        """With one label a class, at a rate of next to nothing: the trunk stays what it was."""
        recipes = (Recipe(1e-12, 1), Recipe(0.01, 2))
        return _make(baseline, _one_label_a_class(), cls.root / "still", recipes)

    @parameterized.parameters(*BASELINES)
    def test_every_baseline_makes_a_net_and_counts_what_it_took(self, name):
        made = self.still(name)
        space = standard_space(name, 16) if name in STANDARD_NETS else TINY.only(_ARCH)
        self.assertEqual(made.cost, cost(space, space.max_arch, 10, 1))
        logits = made.model(made.calibration[:3])
        self.assertEqual(logits.shape, (3, 10))
        self.assertAllInRange(logits, -1e3, 1e3)
        passes = {"ridge": 0, "self_trained": 0, "fine_tuned_semi": 480, "scratch_semi": 480}
        self.assertEqual(made.effort.training_passes, passes.get(name, 8))
        self.assertEqual(made.effort, made.final_effort)
        self.assertGreater(made.effort.seconds, 0.0)

    def test_ridge_beats_chance_on_features_that_nobody_has_trained(self):
        images = _with_validation()
        made = make_alone("ridge", images, _ARCH, self.root)
        answers = np.argmax(made.model(images.test_images(16)), axis=1)
        self.assertGreater(np.mean(answers == images.dataset.test.labels), 0.5)
        self.assertEqual(made.effort.forward_passes, 2 * 512 + 80)

    def test_fine_tuning_starts_from_the_subnet_and_scratch_does_not(self):
        tuned, fresh = (self.still(name).model for name in ("fine_tuned", "scratch"))
        start = single_subnet(_with_validation().pretrained, _ARCH)
        kernel = start.stem.conv.kernel.numpy()
        self.assertAllClose(tuned.get_layer("stem_conv").kernel, kernel, rtol=1e-4, atol=1e-6)
        self.assertNotAllClose(fresh.get_layer("stem_conv").kernel, kernel, rtol=1e-2, atol=1e-2)

    def test_with_one_label_a_class_the_first_recipe_is_taken(self):
        chosen = self.still("fine_tuned").chosen
        self.assertEqual(chosen, "rate 1e-12, 1 steps, without images to choose by")

    def test_the_recipe_is_chosen_on_validation_images_and_nothing_is_trained_twice(self):
        # The second recipe destroys what the first leaves as it is, a net that fits nothing yet.
        recipes, folder = (Recipe(1e-6, 2), Recipe(0.05, 12)), self.root / "chosen"
        made = _make("fine_tuned", _with_validation(), folder, recipes)
        trials = [folder / "fine_tuned" / name for name in ("rate1e-06_steps2", "rate0.05_steps12")]
        scores = [
            json.loads((trial / METRICS).read_text().splitlines()[-1])["validation_accuracy"]
            for trial in trials
        ]
        self.assertIn(str(recipes[int(np.argmax(scores))]), made.chosen)
        self.assertIn("on validation images", made.chosen)
        self.assertEqual(made.effort.training_passes, 8 * 14)
        self.assertIn(made.final_effort.training_passes, (8 * 2, 8 * 12))
        written = (trials[1] / WEIGHTS).stat().st_mtime_ns
        again = _make("fine_tuned", _with_validation(), folder, recipes)
        self.assertEqual((trials[1] / WEIGHTS).stat().st_mtime_ns, written)
        self.assertEqual(again.effort, made.effort)

    def test_without_a_validation_part_labelled_images_are_held_out_to_choose_by(self):
        few = _few()
        self.assertIsNone(few.validation)
        trial = alone._with_images_to_choose_by(few)
        held = [few.training.pool.ids.tolist().index(name) for name in trial.validation.ids]
        self.assertAllEqual(np.bincount(trial.validation.labels), np.ones(10))
        everything = np.concatenate([trial.training.labelled, held])
        self.assertAllEqual(np.sort(everything), np.sort(few.training.labelled))
        made = _make("fine_tuned", few, self.root / "held", (Recipe(1e-6, 1), Recipe(0.05, 2)))
        self.assertRegex(made.chosen, "rate .*, [12] steps, on labelled images held out")
        # Both recipes are tried, the chosen one trains once more.
        self.assertEqual(made.effort.training_passes, 8 * 3 + made.final_effort.training_passes)
        self.assertIn(made.final_effort.training_passes, (8, 16))

    def test_every_subnet_has_a_folder_of_its_own(self):
        folders = {
            alone.baseline_folder(self.root, name, arch)
            for name in ("ridge", "scratch")
            for arch in (TINY.min_arch, TINY.max_arch, TINY.min_arch)
        }
        self.assertLen(folders, 4)

    def test_bad_input(self):
        with self.assertRaisesRegex(
            UserError, "unknown baseline 'best'; available: ridge, self_trained, fine_"
        ):
            make_alone("best", experiment(), _ARCH, self.root)
        for name in ("ridge", "fine_tuned", "fine_tuned_semi"):
            with self.assertRaisesRegex(UserError, "pretrained is none: there is no start"):
                make_alone(name, experiment(), _ARCH, self.root)


if __name__ == "__main__":
    tf.test.main()
