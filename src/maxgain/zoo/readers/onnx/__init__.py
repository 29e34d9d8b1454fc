"""Image classifiers in ONNX files, read through onnx2torch (`pip install maxgain[onnx]`)."""
