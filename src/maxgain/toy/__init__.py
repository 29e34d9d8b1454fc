"""The toy network of section III: one Gaussian filter and a ReLU."""
