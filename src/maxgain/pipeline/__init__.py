"""What the rules of the workflow call: read files, call the library, write files."""
