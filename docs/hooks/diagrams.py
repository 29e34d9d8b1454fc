"""Mermaid diagrams are drawn when the site is built: a browser would fetch a script for them.

GitHub draws the same text itself. Of the libraries that need no browser mermaid-render was taken,
as it leaves no node where another covers it; mermaidx runs Mermaid's own script.
"""

import re
from html import escape

from mermaid_render import mermaid_to_svg
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

_FENCE = re.compile(r"^```mermaid\n(.*?)^```", re.M | re.S)
_TITLE = re.compile(r"^\s*accTitle: *(.+)$", re.M)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put a picture in the place of each diagram."""
    return _FENCE.sub(lambda fence: draw(fence[1]), markdown)


def draw(text: str) -> str:
    """A diagram as an element of HTML, named by its line `accTitle:`."""
    title = _TITLE.search(text)
    if title is None:
        raise ValueError(f"a diagram has no line 'accTitle: ...' that says what it shows: {text}")
    svg = re.sub(
        r' (role|aria-[a-z]+)="[^"]*"', "", mermaid_to_svg(text).decode().replace("\n", " ")
    )
    picture = svg.replace("<svg ", '<svg aria-hidden="true" ', 1)
    name = escape(title[1], quote=True)
    return f'<div class="diagram" role="img" tabindex="0" aria-label="{name}">{picture}</div>\n'
