"""The reference of the configuration is what the typed models say today."""

from pathlib import Path

from maxgain.config.protocol import Protocol
from maxgain.config.reference import render_reference, write_reference

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def test_the_committed_reference_is_made_from_the_models(tmp_path: Path) -> None:
    write_reference(tmp_path)
    for name in ("configuration.md", "configuration.schema.json"):
        assert (REFERENCE / name).read_text() == (tmp_path / name).read_text(), "make reference"


def test_every_key_is_described() -> None:
    rows = [line for line in render_reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert [row for row in rows if row.endswith("|  |")] == []
    for key in Protocol.model_fields:
        assert any(row.startswith(f"| `{key}` |") for row in rows)
