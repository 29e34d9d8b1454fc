"""Files: written whole or not at all, read with one sentence on what is wrong."""
