"""A folder laid out as Tiny-ImageNet is, small enough for tests."""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.tofa_tf.data.images import blobs

_SIZE = 64


def make_tiny_imagenet(folder: Path) -> np.ndarray:
    """Two classes of two images, one of them grey, two for validation; returns all images."""
    images = blobs(6, _SIZE)
    (folder / "val" / "images").mkdir(parents=True)
    (folder / "wnids.txt").write_text("n02\nn01\n")
    (folder / "words.txt").write_text("n01\tcat, house cat\nn02\tdog\nn03\ttoad\n")
    # Folders that `wnids.txt` does not name, and stray files, are not images of the set.
    for wnid in ("n01", "n02", "n99"):
        (folder / "train" / wnid / "images").mkdir(parents=True)
        (folder / "train" / wnid / "images" / ".DS_Store").write_text("")
    places = [f"train/n02/images/n02_{i}" for i in range(2)]
    places += [f"train/n01/images/n01_{i}" for i in range(2)]
    places += ["val/images/val_0", "val/images/val_1"]
    for place, image in zip(places, images, strict=True):
        picture = Image.fromarray(image)
        if place.endswith("n01_1"):
            picture = picture.convert("L")
        picture.save(folder / f"{place}.JPEG", quality=95)
    annotations = "val_0.JPEG\tn01\t0\t0\t9\t9\nval_1.JPEG\tn02\t0\t0\t9\t9\nval_2.JPEG\tn99\t0\n"
    (folder / "val" / "val_annotations.txt").write_text(annotations)
    return images
