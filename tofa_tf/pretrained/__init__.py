"""Weights that others trained, brought into the variables of a supernet."""
