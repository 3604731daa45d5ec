"""Benchmarks: one script each; their results lie in results/."""

# Before any of them loads TensorFlow, which would greet on the console.
from tflite_export.common import quiet_tensorflow as quiet_tensorflow
