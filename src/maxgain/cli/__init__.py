"""The `maxgain` command: thin typed functions over the library."""

from maxgain.cli.app import main

__all__ = ["main"]
