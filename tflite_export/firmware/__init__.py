"""Ready firmware projects that run a model on its test vectors, from one set of templates."""
