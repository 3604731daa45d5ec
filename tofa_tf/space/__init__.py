"""What may vary, and what a subnet costs; plain Python."""
