"""From images to batches: sources, parts, labels, augmentation, the input pipeline."""
