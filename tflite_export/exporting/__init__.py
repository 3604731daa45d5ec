"""The export as a whole: from a Keras model to a folder with a verified int8 model."""
