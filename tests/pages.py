"""Blocks of code of Markdown pages."""

import re
from pathlib import Path

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def blocks_of(text: str) -> list[tuple[str, str]]:
    """Language (empty where none is named) and text of each block, in order."""
    return _BLOCK.findall(text)


def blocks_on(page: Path) -> list[tuple[str, str]]:
    """The blocks of a page's file."""
    return blocks_of(page.read_text(encoding="utf-8"))
