"""Which subnet a deployment gets."""
