"""Test images: random ones, and ones with the structure of photographs."""

import numpy as np

from tofa_tf.data.stored_images import FileWriter, StoredImages


def noise(batch: int, side: int, seed: int = 0) -> np.ndarray:
    """Returns independent pixels, uint8 (batch, side, side, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (batch, side, side, 3), np.uint8)


def blobs(batch: int, side: int, seed: int = 0) -> np.ndarray:
    """Returns smooth coloured blobs of limited contrast, uint8 (batch, side, side, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    frequency = rng.uniform(2, 9, (batch, 1, 1, 3))
    phase = rng.uniform(0, 6, (batch, 1, 1, 3))
    mean, contrast = rng.uniform(90, 160, (2, batch, 1, 1, 3)) * [[[[[1]]]], [[[[0.5]]]]]
    wave = np.sin(frequency * x[..., np.newaxis] + phase) * np.cos(frequency * y[..., np.newaxis])
    return np.clip(mean + contrast * wave, 0, 255).astype(np.uint8)


def on_disk(images: np.ndarray) -> StoredImages:
    """Returns the same images, kept in a file."""
    writer = FileWriter(len(images), images.shape[1:])
    for position, image in enumerate(images):
        writer.put(position, image)
    return writer.images(np.arange(len(images)))
