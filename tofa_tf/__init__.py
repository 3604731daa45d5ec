"""Transfer once, deploy to every microcontroller: one supernet, an int8 .tflite per board."""

__version__ = "0.1.0"
