"""What the theme leaves out for readers by keyboard or voice: a name of the search's dialog."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

_SEARCH = 'data-md-component="search" role="dialog"'


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Name the search; a theme that has changed is noticed by the test with axe-core."""
    return output.replace(_SEARCH, f'{_SEARCH} aria-label="Search"')
