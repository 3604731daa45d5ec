"""Boards as data (`boards.toml`), read and checked by `boards.py`."""
