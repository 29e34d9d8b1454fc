"""Statistics of curves and of samples, on arrays alone."""
