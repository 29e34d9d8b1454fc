"""Formulas become MathML when the site is built: a browser draws it without a script or a font.

MathJax and KaTeX were weighed: both are scripts and fonts that a page would fetch or carry.
"""

import re
from html import unescape

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.S)
_BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.S)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put MathML in the place of each formula."""
    html = _INLINE.sub(lambda formula: convert(unescape(formula[1])), html)
    return _BLOCK.sub(lambda formula: _block(formula[1]), html)


def _block(formula: str) -> str:
    return f'<div class="formula" tabindex="0">{convert(unescape(formula), display="block")}</div>'
