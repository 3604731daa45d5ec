"""How good a net is: float, int8 in LiteRT, on its worst class."""

import dataclasses
from pathlib import Path

import keras
import numpy as np

from benchmarks.evidence.records import Level
from tflite_export.convert.convert import convert_int8
from tflite_export.pack.repack import repack
from tflite_export.runtimes.litert import LitertModel
from tofa_tf.common.files import replacing
from tofa_tf.deploy.scenario import REPRESENTATIVE_IMAGES
from tofa_tf.nets.answers import answers
from tofa_tf.space.cost import Cost
from tofa_tf.training.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class Meter:
    """Measures nets on the test images of an experiment.

    Attributes:
        experiment: with the images.
        models: folder for .tflite files.
        name: that the files begin with.
    """

    experiment: Experiment
    models: Path
    name: str

    def level(self, model: keras.Model, calibration: np.ndarray, cost: Cost, band: int) -> Level:
        """Converts and measures a net; its file is kept.

        Args:
            model: float, recalibrated.
            calibration: images to take int8 ranges from.
            cost: of the net.
            band: see `Level`.
        """
        images, labels = self._test(model)
        tflite, _ = repack(convert_int8(model, calibration[:REPRESENTATIVE_IMAGES]))
        litert = LitertModel(tflite)
        int8 = litert.run(litert.quantize(images)).values.argmax(axis=-1)
        file = f"{self.name}_{band}.tflite"
        with replacing(self.models / file) as temporary:
            temporary.write_bytes(tflite)
        return Level(
            macs=cost.macs,
            params=cost.params,
            float_accuracy=share_right(answers(model, images), labels),
            int8_accuracy=share_right(int8, labels),
            worst_class=worst_class(int8, labels),
            band=band,
            file=file,
        )

    def float_level(self, model: keras.Model, cost: Cost, band: int, seconds: float = 0) -> Level:
        """Measures a net in float alone.

        Args:
            model: recalibrated.
            cost: of the net.
            band: see `Level`.
            seconds: that choosing it took.
        """
        images, labels = self._test(model)
        given = answers(model, images)
        return Level(
            macs=cost.macs,
            params=cost.params,
            float_accuracy=share_right(given, labels),
            int8_accuracy=None,
            worst_class=worst_class(given, labels),
            band=band,
            seconds=seconds,
        )

    def _test(self, model: keras.Model) -> tuple[np.ndarray, np.ndarray]:
        resolution = model.input_shape[1]
        return self.experiment.test_images(resolution), self.experiment.dataset.test.labels


def share_right(given: np.ndarray, labels: np.ndarray) -> float:
    """Returns the share of images that were classified rightly."""
    return float(np.mean(given == labels))


def worst_class(given: np.ndarray, labels: np.ndarray) -> float:
    """Returns the accuracy on the class of which the least images were classified rightly."""
    return min(share_right(given[labels == c], labels[labels == c]) for c in np.unique(labels))
