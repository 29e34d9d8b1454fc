"""File formats of image data sets."""
