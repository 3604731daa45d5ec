import dataclasses
import functools
import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.tofa_tf.data.images import on_disk
from tofa_tf.common.errors import UserError
from tofa_tf.data.records import TrainingImages, joined, without_classes
from tofa_tf.nets.single import single_subnet
from tofa_tf.training.experiment import Experiment, load_experiment
from tofa_tf.training.foreign_report import sheet, write_foreign
from tofa_tf.training.guard import guarded
from tofa_tf.training.settings import Settings


@functools.cache
def _digits() -> Experiment:
    """Digits and the smallest of the pre-trained nets as the largest there is."""
    loaded = load_experiment(Settings("digits", 20))
    smallest = single_subnet(loaded.pretrained, loaded.space.min_arch)
    return dataclasses.replace(loaded, space=smallest.space, pretrained=smallest)


def _with_noise(count: int) -> Experiment:
    """Digits and images of noise, all of them on disk."""
    experiment = _digits()
    training = experiment.training
    shape = (count, *training.pool.images.shape[1:])
    noise = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    strange = without_classes(on_disk(noise), np.array([f"noise{i}" for i in range(count)], object))
    pool = joined([training.pool, strange])
    added = np.arange(len(training.pool), len(pool))
    mixed = TrainingImages(pool, training.labelled, np.append(training.unlabelled, added))
    return dataclasses.replace(experiment, training=mixed)


class GuardTest(tf.test.TestCase):
    def test_foreign_images_are_left_out(self):
        experiment = _with_noise(400)
        kept, found = guarded(experiment)
        strange = np.arange(len(experiment.training.pool) - 400, len(experiment.training.pool))
        caught = np.intersect1d(found.left_out, strange)
        self.assertGreater(len(caught), 0.6 * 400)
        self.assertGreater(len(caught), 0.8 * len(found.left_out))
        self.assertEqual(found.looked_at, len(experiment.training.unlabelled) - 160)
        left = np.setdiff1d(experiment.training.unlabelled, found.left_out)
        self.assertAllEqual(kept.training.unlabelled, left)
        self.assertAllEqual(kept.training.labelled, experiment.training.labelled)
        self.assertContainsSubset(kept.training.labelled, kept.training.unlabelled)

    def test_where_none_are_foreign_most_are_kept(self):
        kept, found = guarded(_digits())
        self.assertLess(len(found.left_out), 0.25 * found.looked_at)
        self.assertIs(kept.foreign, found)

    def test_what_was_left_out_can_be_looked_at(self):
        folder = Path(self.get_temp_dir()) / "run"
        pool = _digits().training.pool
        pool = dataclasses.replace(pool, images=on_disk(pool.images))
        write_foreign(folder, pool, 100, np.array([5, 3]))
        told = json.loads((folder / "foreign.json").read_text())
        self.assertEqual(told["look_foreign"], 2)
        self.assertEqual(told["most_foreign"], [pool.ids[5], pool.ids[3]])
        with Image.open(folder / "foreign.png") as image:
            self.assertEqual(image.size, (12 * 64, 64))
        page = sheet(pool.images[:13][:, :16, :16])
        self.assertEqual(page.shape, (2 * 64, 12 * 64, 3))
        corner = np.broadcast_to(pool.images[12][:16, :16], (16, 16, 3))
        self.assertAllEqual(page[64:128:4, :64:4], corner)

    def test_without_pretrained_weights_there_is_nothing_to_tell_by(self):
        with self.assertRaisesRegex(UserError, "foreign is guard, and pretrained is none"):
            guarded(dataclasses.replace(_digits(), pretrained=None))


if __name__ == "__main__":
    tf.test.main()
