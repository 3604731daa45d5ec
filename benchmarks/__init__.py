"""Benchmarks: one script each; their results lie in results/."""
