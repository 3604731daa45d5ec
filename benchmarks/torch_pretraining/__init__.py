"""Pre-training on an accelerator that has PyTorch and no TensorFlow: the same nets and weights."""
