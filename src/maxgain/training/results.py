"""The four files of a run: whole and of these settings, or not there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from maxgain.files.csv import write_table
from maxgain.files.provenance import read_run_provenance, write_provenance
from maxgain.tables.curves import HISTORY_COLUMNS
from maxgain.training.snapshots import Architecture, write_snapshots
from maxgain.training.state import Epoch


@dataclass(frozen=True)
class RunResults:
    """What a finished training leaves in its folder.

    Attributes
    ----------
    folder
        It is made where it is missing.
    settings
        Everything that decided the results, and what names their data.
    device
        Name of what computed them.
    """

    folder: Path
    settings: Mapping[str, object]
    device: str

    @property
    def snapshots(self) -> Path:
        """The weights after every epoch."""
        return self.folder / "snapshots.safetensors"

    @property
    def seconds(self) -> Path:
        """How long each epoch took."""
        return self.folder / "seconds.csv"

    @property
    def provenance(self) -> Path:
        """What the results were made from."""
        return self.folder / "provenance.json"

    @property
    def history(self) -> Path:
        """Losses and errors of every epoch; written last."""
        return self.folder / "history.csv"

    def write(
        self,
        architecture: Architecture,
        epochs: Sequence[Epoch],
        mean_image: Float[Tensor, "channels height width"],
        pixel_scale: Float[Tensor, "channels"] | None,
        seconds: Sequence[Mapping[str, object]],
    ) -> None:
        """Write all four files, each whole or not at all.

        Raises
        ------
        InputError
            A file cannot be written.
        """
        rows = [{**epoch.row, "epoch": int(epoch.row["epoch"])} for epoch in epochs]
        states = [epoch.weights for epoch in epochs]
        write_snapshots(self.snapshots, architecture, states, mean_image, pixel_scale)
        write_table(self.seconds, ("epoch", "seconds"), seconds)
        write_provenance(self.provenance, settings=self.settings, device=self.device)
        write_table(self.history, HISTORY_COLUMNS, rows)

    def were_written_since(self, start: float) -> bool:
        """Whether all four are there, later than a time, and made with these settings."""
        if not all(file.is_file() and file.stat().st_mtime >= start for file in self._files):
            return False
        found = read_run_provenance(self.provenance)["settings"]
        return bool(found == json.loads(json.dumps(self.settings)))

    def remove_leftovers(self) -> None:
        """Remove what a call that was killed while writing left beside the final names."""
        # safetensors too writes to a file of its own first, in the same folder.
        for pattern in (*(f".{file.name}.*" for file in self._files), ".tmp??????"):
            for leftover in self.folder.glob(pattern):
                leftover.unlink(missing_ok=True)

    @property
    def _files(self) -> tuple[Path, ...]:
        return self.snapshots, self.seconds, self.provenance, self.history
