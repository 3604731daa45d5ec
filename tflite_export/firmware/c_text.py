"""Values of Python as literals of C."""

from collections.abc import Iterable

# Beside letters and digits; no quotes, no backslash, no question mark (of a trigraph).
_PLAIN = frozenset(b" !#$%&()*+,-./:;<=>@[]^_{|}~")


def string_literal(text: str) -> str:
    """Returns a string literal of the text's UTF-8, which means the same wherever it stands."""
    return '"' + "".join(map(_character, text.encode())) + '"'


def float_literal(value: float) -> str:
    """Returns a literal that is the same float32."""
    # Nine digits bring back every float32 exactly; the exponent makes it a floating literal.
    return f"{value:.8e}f"


def float_list(values: Iterable[float]) -> str:
    """Returns an initialiser of an array of floats."""
    return "{" + ", ".join(map(float_literal, values)) + "}"


def _character(byte: int) -> str:
    plain = byte in _PLAIN or chr(byte).isalnum() and byte < 128
    # Octal: a hexadecimal escape would swallow digits that follow.
    return chr(byte) if plain else f"\\{byte:03o}"
