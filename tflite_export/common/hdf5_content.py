"""What an HDF5 file would have its reader load, before anything of it is loaded."""

import math
from typing import Any

import h5py


def content_of(file: h5py.File) -> tuple[int, str]:
    """Adds up the arrays of a file, all of which should lie in it under their own names.

    Returns:
        Bytes that its arrays would take; the name of what is a link, or lies elsewhere, or "".
    """
    total = 0

    def leads_away(name: str, link: Any) -> str | None:
        """Name of what lies elsewhere; h5py visits on while this returns None."""
        nonlocal total
        if not isinstance(link, h5py.HardLink):
            return name
        item = file[name]
        if not isinstance(item, h5py.Dataset):
            return None
        total += math.prod(item.shape or ()) * item.dtype.itemsize
        return name if item.external or item.is_virtual else None

    elsewhere = file.visititems_links(leads_away) or ""
    return total, elsewhere
