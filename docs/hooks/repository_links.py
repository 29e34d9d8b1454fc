"""Links that leave docs/ work in the repository; here they are made to work in the site too.

A file that a page links to outside of docs/ (a figure, a table, a page of verdicts) is published
below repository/, and the link is turned to it. A folder becomes plain text. The plugins
mkdocs-gen-files and mkdocs-monorepo were weighed: the one leaves the links as they are, the other
wants a site of its own in each folder.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]

FOLDER = "repository/"
"""Where published files of the repository lie in the site."""

_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what the pages, and the pages so added, link to."""
    waiting = [file for file in files if file.is_documentation_page()]
    while waiting:
        page = waiting.pop()
        for target in _targets_outside(page):
            address = FOLDER + target
            if (ROOT / target).is_file() and files.get_file_from_path(address) is None:
                added = File.generated(config, address, abs_src_path=str(ROOT / target))
                files.append(added)
                if added.is_documentation_page():
                    waiting.append(added)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page that leave docs/."""

    def turned(link: re.Match[str]) -> str:
        words, address = link.groups()
        target, anchor = _in_repository(page.file, address)
        if target is None or (page.file.src_uri.startswith(FOLDER) is False and _is_inner(target)):
            return link[0]
        if (ROOT / target).is_dir():
            return words
        place = target.removeprefix("docs/") if _is_inner(target) else FOLDER + target
        here = posixpath.dirname(page.file.src_uri)
        return f"[{words}]({posixpath.relpath(place, here)}{anchor})"

    return _LINK.sub(turned, markdown)


def _targets_outside(page: File) -> Iterator[str]:
    for link in _LINK.finditer(page.content_string):
        target, _ = _in_repository(page, link[2])
        if target is not None and not _is_inner(target):
            yield target


def _in_repository(page: File, address: str) -> tuple[str | None, str]:
    """Path of a link's target from the repository's root, and its anchor; None for another link."""
    path, mark, anchor = address.partition("#")
    if not path or ":" in path or path.startswith("/"):
        return None, ""
    source = page.src_uri
    source = source.removeprefix(FOLDER) if source.startswith(FOLDER) else f"docs/{source}"
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    return (None if target.startswith("..") else target), mark + anchor


def _is_inner(target: str) -> bool:
    return target.startswith("docs/")
