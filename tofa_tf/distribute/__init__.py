"""One supernet trained by several processes, on one machine or many."""
