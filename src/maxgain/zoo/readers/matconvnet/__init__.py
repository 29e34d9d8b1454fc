"""Networks in MatConvNet's files."""
