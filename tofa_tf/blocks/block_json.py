"""A block family with its options as plain JSON data."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from tofa_tf.blocks import FAMILIES
from tofa_tf.blocks.family import Block
from tofa_tf.common.errors import UserError


def block_to_json(block: Block) -> dict[str, Any]:
    """Returns the name of the family and its options."""
    options = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(block).items()
    }
    return {"family": block.FAMILY, **options}


def block_from_json(data: Mapping[str, Any]) -> Block:
    """Reads what `block_to_json` wrote.

    Raises:
        UserError: if the family or an option is unknown.
    """
    options = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
    name = options.pop("family", None)
    if name not in FAMILIES:
        raise UserError(f"unknown block family {name!r}; available: {', '.join(FAMILIES)}")
    try:
        return FAMILIES[name](**options)
    except TypeError as error:
        raise UserError(f"block {name}: {error}") from error
