"""Processes killed, disks full, files damaged: what is left must be as if nothing had been."""
