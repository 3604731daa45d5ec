"""From a Keras model to a int8 .tflite: after training or by training."""
