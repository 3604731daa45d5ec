"""The commands: shells around the library."""
