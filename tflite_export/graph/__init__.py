"""The operators of a model with their shapes, from a file or in closed form, and their memory."""
