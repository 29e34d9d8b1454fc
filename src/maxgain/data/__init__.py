"""Image data sets: sources, file formats, preprocessing, augmentation."""
