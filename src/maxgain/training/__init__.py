"""Training by the paper's protocols, one snapshot an epoch, resumable to the byte."""
