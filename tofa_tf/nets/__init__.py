"""Nets: the supernet, its subnets as plain Keras models, and the way from one to the other."""
