"""What axe-core finds on a page."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page


def serious_faults(page: "Page", axe: str) -> list[tuple[str, list[str]]]:
    """Rules that a page breaks badly, each with some of the elements."""
    page.evaluate(axe)
    found: Any = page.evaluate("axe.run()")
    assert len(found["passes"]) > 10, "axe has looked at something"
    return [
        (fault["id"], [node["html"][:200] for node in fault["nodes"][:3]])
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
