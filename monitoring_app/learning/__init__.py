"""What is usual for a dataset, learned from its past batches, and whether a new one is as usual. Pure."""
