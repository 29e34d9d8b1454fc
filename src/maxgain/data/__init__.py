"""Image data sets as tensors: file formats, preprocessing, and digits on photographs."""
