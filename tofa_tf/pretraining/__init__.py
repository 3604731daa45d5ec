"""Trains a supernet on many labelled images, for others to start from."""
