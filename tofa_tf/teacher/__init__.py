"""A net that knows more teaches the supernet: its soft labels of all images, made once."""
