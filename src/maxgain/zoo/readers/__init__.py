"""One reader a family of pretrained networks."""
