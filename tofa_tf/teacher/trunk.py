"""What every teacher is: a net whose pooled features describe an image."""

import dataclasses
import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tflite_export.preprocess import normalise
from tofa_tf.common.errors import UserError
from tofa_tf.data.channels import with_channels
from tofa_tf.data.resize import resize

# At once through the net: larger batches are no faster on a CPU.
_BATCH = 32
# Small images are enlarged: nets made for large ones see little in a map of one pixel.
_ENLARGED, _LEAST, _MOST, _STEP = 2, 128, 224, 32


@dataclasses.dataclass(frozen=True)
class Trunk:
    """A net without its classifier.

    Attributes:
        name: as the user gave it.
        fingerprint: of its weights and of what it is shown: equal ones give equal features.
        network: from (batch, resolution, resolution, channels), normalised, to (batch, features).
        mean, std: pixels of 0..255 become (pixel - mean) / std, in every channel.
        notice: what its authors allow and what it has seen, or "".
    """

    name: str
    fingerprint: str
    network: keras.Model
    mean: float
    std: float
    notice: str = ""

    @property
    def resolution(self) -> int:
        """Height and width of the images it is shown, in pixels."""
        return self.network.input_shape[1]

    @property
    def num_features(self) -> int:
        """Numbers that describe an image."""
        return self.network.output_shape[1]

    def features(self, images: np.ndarray) -> np.ndarray:
        """Describes images.

        Args:
            images: uint8 (n, size, size, 1 or 3), of any size.

        Returns:
            float32 (n, num_features).

        Raises:
            UserError: if the net computes something that is no number.
        """
        described = np.empty((len(images), self.num_features), np.float32)
        for start in range(0, len(images), _BATCH):
            batch = self._prepared(images[start : start + _BATCH])
            described[start : start + _BATCH] = self._compute(batch)
        if not np.isfinite(described).all():
            raise UserError(
                f"the teacher {self.name} computes numbers that are not finite; it is shown pixels "
                f"as (p - {self.mean:g}) / {self.std:g}"
            )
        return described

    def _prepared(self, images: np.ndarray) -> np.ndarray:
        channels = self.network.input_shape[3]
        ready = [resize(with_channels(image, channels), self.resolution) for image in images]
        return normalise(np.stack(ready), (self.mean,), (self.std,))

    @functools.cached_property
    def _compute(self) -> Callable[[np.ndarray], tf.Tensor]:
        signature = tf.TensorSpec((None, *self.network.input_shape[1:]), tf.float32)
        return tf.function(
            lambda images: self.network(images, training=False),
            input_signature=[signature],
            autograph=False,
        )


def resolution_for(image_size: int) -> int:
    """The resolution at which a teacher that takes any size is shown images of this size."""
    enlarged = -(-_ENLARGED * image_size // _STEP) * _STEP
    return min(max(enlarged, _LEAST), _MOST)
