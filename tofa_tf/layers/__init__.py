"""Layers whose kernels are cut to the size of a subnet."""
