"""Architectures that are trained, their initial values and learning-rate multipliers."""
