"""Training of the supernet: step, losses, pseudo-labels, sampling, logs, checkpoints."""
