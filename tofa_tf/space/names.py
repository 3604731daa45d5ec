"""Which of the search spaces that ship is meant where nobody names one."""

DEFAULT_SPACE = "mcu_wide"
