"""A .tflite file made smaller without a change of its outputs."""
