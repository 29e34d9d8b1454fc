"""The `maxgain` command: thin typed functions over the library."""

import sys

from maxgain.extras import MissingExtraError

__all__ = ["main"]


def main() -> None:
    """Run the command line; without the extra that it needs, say so and exit with status 2."""
    try:
        from maxgain.cli.app import main as run
    except MissingExtraError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    run()
