"""What a stop rule's row says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from maxgain.registry import Row

DRAWS = 50
"""Draws of a rule that has chance in it."""


@dataclass(frozen=True)
class StopRule(Row):
    """A stop rule.

    Attributes
    ----------
    columns
        What it sees beside the epoch: quantities, and of what its run is told "planned_epochs",
        "noise_rate" and "constant_epoch". None: all quantities.
    parameters
        Arguments of its function beside the table.
    source
        Publication, or "own".
    kind
        "published" for a rule of its authors, "signal" for a wrapper around a quantity that has
        none, "own" for those declared by this project, "reference" for rules with held-out data,
        "blind" for those that see nothing.
    timing
        "online"; "post-hoc" for a rule that chooses from the whole training after its planned end;
        "planned" for one that goes by that end beforehand, alone or beside quantities.
    informed
        Whether it is told what a user may not know, as the share of wrong labels.
    weights
        Whose weights are used: of the "run" on all training images, or of the "twin", trained on
        those that are not held out. A rule of the run that sees held-out losses trains twice.
    draws
        Draws to average over; the function is given `draw` and `draws` where there are several.
        None: as many as the training has epochs.
    """

    columns: tuple[str, ...] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    source: str = "own"
    kind: Literal["published", "signal", "own", "reference", "blind"] = "own"
    timing: Literal["online", "post-hoc", "planned"] = "online"
    informed: bool = False
    weights: Literal["run", "twin"] = "run"
    draws: int | None = 1

    @property
    def decides(self) -> str:
        """How it decides, in a word, so that rules are not taken for each other's equals.

        "informed" by what a user may not know; "post-hoc" by the whole training, after its planned
        end; "knows the end" where that end counts beforehand; "online" by the epochs until now.
        """
        if self.informed:
            return "informed"
        return {"planned": "knows the end"}.get(self.timing, self.timing)
