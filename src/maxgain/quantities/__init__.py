"""Numbers that a snapshot and training images give, without any held-out data."""
