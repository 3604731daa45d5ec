"""The sets that the evidence is measured on, and where their images are."""

import dataclasses
import shutil
import zipfile
from pathlib import Path
from typing import Any

from tofa_tf.common.errors import UserError

_ARCHIVE = "images.zip"


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """One set.

    Attributes:
        name: in tables and flags.
        resolution: of the images that nets see, in pixels.
        folder: of one sub-folder a class within the folder of all image sets; "" for a set of
            tensorflow-datasets or an embedded one, which has its name.
        settings: how its images are read, see `tofa_tf.training.settings.Settings`.
    """

    name: str
    resolution: int
    folder: str = ""
    settings: tuple[tuple[str, Any], ...] = ()


_ALL = (
    ImageSet("digits", 32),
    ImageSet("cifar10", 32),
    ImageSet("sign_digits100", 64, "sign_digits100"),
    ImageSet("neu_steel_defects128", 64, "neu_steel_defects128"),
    ImageSet("trashnet96", 64, "trashnet96"),
    # Frames of a track are near copies; some signs mirrored are others.
    ImageSet("gtsrb48", 48, "gtsrb48", (("group", r"(\d+/\d+)_\d+\.jpg"), ("flip", False))),
)
IMAGE_SETS = {image_set.name: image_set for image_set in _ALL}


def get_image_set(name: str) -> ImageSet:
    """Returns a set by its name; of any other folder or set of tensorflow-datasets, at 32 pixels.

    A size in pixels may follow, as in "photos/@64".
    """
    name, at, pixels = name.partition("@")
    known = IMAGE_SETS.get(name, ImageSet(name, 32))
    if not at:
        return known
    if not pixels.isdigit():
        raise UserError(f"sets: {pixels!r} is no image size in pixels")
    return dataclasses.replace(known, resolution=int(pixels))


def find_images(image_set: ImageSet, data: Path | None, unpacked: Path) -> str:
    """Returns what a training calls the set: a name or a folder, unpacked where it is an archive.

    Args:
        image_set: to find.
        data: folder of all image sets; each has a folder of its own there, either with one
            sub-folder a class or with these in an `images.zip`.
        unpacked: folder to unpack archives to.

    Raises:
        UserError: if the images are not there.
    """
    if not image_set.folder:
        return image_set.name
    if data is None:
        raise UserError(
            f"the images of {image_set.name} are files: say with data in which folder the image "
            "sets are"
        )
    archive = data / image_set.folder / _ARCHIVE
    if not archive.exists():
        if not (data / image_set.folder).is_dir():
            raise UserError(f"there is no image set {data / image_set.folder}")
        return str(data / image_set.folder)
    target = unpacked / image_set.name
    if not target.exists():
        _unpack(archive, target)
    return str(target)


def _unpack(archive: Path, target: Path) -> None:
    """Unpacks files to one folder a class: what is above the class in the archive falls away."""
    temporary = target.with_name(f".{target.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    with zipfile.ZipFile(archive) as file:
        for entry in file.infolist():
            parts = Path(entry.filename).parts
            if entry.is_dir() or len(parts) < 2:
                continue
            path = temporary / parts[-2] / parts[-1]
            if path.exists():
                raise UserError(f"{archive}: two images are called {parts[-2]}/{parts[-1]}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.read(entry))
    temporary.rename(target)
