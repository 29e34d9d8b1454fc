"""A new page of a folder joins the section of its folder, named by its own heading.

The order of what mkdocs.yml lists stays; mkdocs-awesome-nav was weighed, which wants a file in each
folder for it.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add pages that no section lists to the section whose first page lies in their folder."""
    for part in config.nav or []:
        for pages in part.values():
            if isinstance(pages, list):
                pages.extend(_missing(Path(config.docs_dir), pages))
    return config


def _missing(docs: Path, pages: list[str | dict[str, str]]) -> list[str | dict[str, str]]:
    listed = [page if isinstance(page, str) else next(iter(page.values())) for page in pages]
    folder = (docs / listed[0]).parent
    if folder == docs or not folder.is_dir():
        return []
    found = sorted(path.relative_to(docs).as_posix() for path in folder.glob("*.md"))
    return [page for page in found if page not in listed]
