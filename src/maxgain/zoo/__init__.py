"""Pretrained ImageNet networks: what they are, how their weights are read, what they measure."""
