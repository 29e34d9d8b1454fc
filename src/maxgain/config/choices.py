"""What the paper leaves open, taken otherwise: experiments varied in one setting."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from maxgain.config.datasets import Dataset
from maxgain.config.experiments import EmbeddedChanges, Experiment, Factors, Seeds
from maxgain.config.fields import Flag, Name, Precision, Section, Unique
from maxgain.config.outputs import Gain

CHANGES = ("impulse", "projection", "averaged", "precision", "jpeg_quality")
REMEASURING = ("impulse", "projection")
RETRAINING = ("precision", "jpeg_quality")


class Choice(Section):
    """One setting of experiments taken otherwise, to see what the results owe to it."""

    of: Annotated[list[Name], Field(min_length=1), Unique]
    """The experiments that are varied."""

    impulse: Literal["centred", "raw"] | None = None
    """In place of `gain.impulse`; the same snapshots are measured again."""

    projection: Literal["inverse-score", "score", "log-odds"] | None = None
    """In place of `gain.projection`; the same snapshots are measured again."""

    averaged: Flag = False
    """The gain averaged over the impulses at random places, in place of that of the one impulse at
    the centre."""

    precision: Precision | None = None
    """In place of the experiment's; trained anew."""

    jpeg_quality: Annotated[int, Field(strict=True, ge=1, le=95)] | None = None
    """The data set's images as JPEG copies of that quality; trained anew."""

    rate_factors: Factors | None = None
    """Which of the experiment's are trained anew; null takes all."""

    seeds: Annotated[Seeds, Field(min_length=1)] | None = None
    """Which of the experiment's are trained anew; null takes all."""

    @model_validator(mode="after")
    def _changes_one_thing(self) -> "Choice":
        changed = self.changed
        if len(changed) != 1:
            raise ValueError(
                f"a choice sets {' and '.join(changed) or 'nothing'}; it must set one of "
                f"{', '.join(CHANGES)}"
            )
        for key in ("rate_factors", "seeds"):
            if getattr(self, key) is not None and changed[0] not in RETRAINING:
                raise ValueError(
                    f"{key} is for choices that are trained anew ({', '.join(RETRAINING)}); this "
                    f"one sets {changed[0]}"
                )
        return self

    @property
    def changed(self) -> list[str]:
        """Keys of `CHANGES` that are set: one."""
        return [key for key in CHANGES if getattr(self, key) not in (None, False)]


@dataclass(frozen=True)
class Alternative:
    """What is compared: an experiment, and one setting of it taken otherwise.

    Attributes
    ----------
    choice, of
        Names of the choice and of the experiment that is varied.
    changed, taken, otherwise
        The setting, its value in the protocol and that of the choice, as text.
    retrained
        Whether the trainings are others than those of the experiment.
    whole
        Whether each training of the experiment has its counterpart, so that claims can be judged.
    """

    choice: str
    of: str
    changed: str
    taken: str
    otherwise: str
    retrained: bool = False
    whole: bool = True

    @property
    def measured_anew(self) -> bool:
        """Whether snapshots that were measured are measured again, otherwise."""
        return self.changed in REMEASURING


@dataclass(frozen=True)
class Varied:
    """An experiment with one setting taken otherwise.

    Attributes
    ----------
    alternative
        Which, and how it is called.
    experiment, gain
        What is trained and how it is measured.
    gain_column
        Column of gains.csv that is the gain here.
    """

    alternative: Alternative
    experiment: Experiment
    gain: Gain
    gain_column: str = "gain_db"


def without_others(choices: Mapping[str, Any], experiments: Collection[str]) -> dict[str, Any]:
    """Raw choices as an overlay that wants some experiments only leaves them."""
    left = {}
    for name, choice in choices.items():
        if isinstance(choice, Mapping) and isinstance(choice.get("of"), list):
            kept = [of for of in choice["of"] if of in experiments]
            if not kept:
                continue
            choice = {**choice, "of": kept}
        left[name] = choice
    return left


def vary(
    name: str, choice: Choice, experiments: Mapping[str, Experiment], gain: Gain
) -> Iterator[Varied]:
    """The experiments of a choice with its change.

    Parameters
    ----------
    experiments
        As they are in force on their data sets.

    Raises
    ------
    ValueError
        The choice takes what the protocol takes anyway, or trainings that the experiment does not
        have.
    """
    key = choice.changed[0]
    for of in choice.of:
        base = experiments[of]
        measured = gain.model_copy(update={"impulses": 0})
        taken: object = getattr(base if key == "precision" else gain, key, None)
        if key in REMEASURING:
            measured = measured.model_copy(update={key: getattr(choice, key)})
        elif key == "averaged":
            if not gain.impulses:
                raise ValueError("averaged needs impulses at random places; gain.impulses is 0")
            taken, measured = False, gain
        otherwise = getattr(choice, key)
        if otherwise == taken:
            raise ValueError(f"{key} is {otherwise}, as it is in the protocol anyway")
        alternative = Alternative(
            name,
            of,
            key,
            *_in_words(key, taken, otherwise),
            retrained=key in RETRAINING,
            whole=choice.rate_factors is None and choice.seeds is None,
        )
        column = "gain_mean_db" if choice.averaged else "gain_db"
        yield Varied(alternative, _varied_experiment(base, choice), measured, column)


def _in_words(key: str, taken: object, otherwise: object) -> tuple[str, str]:
    if key == "averaged":
        return "impulse at the centre", "mean over impulses at random places"
    if key == "jpeg_quality":
        return "pixels as they are", f"JPEG copies of quality {otherwise}"
    return f"{key} {taken}", f"{key} {otherwise}"


def _varied_experiment(base: Experiment, choice: Choice) -> Experiment:
    """The experiment as the choice trains it; its data set's name says that it is a copy."""
    changes: dict[str, object] = {"embedded": EmbeddedChanges()}
    if choice.precision is not None:
        changes["precision"] = choice.precision
    if choice.jpeg_quality is not None:
        changes["dataset"] = copies_name(base.dataset, choice.jpeg_quality)
    for key in ("rate_factors", "seeds"):
        wanted = getattr(choice, key)
        if wanted is None:
            continue
        own = getattr(base, key)
        kept = [value for value in wanted if value in own]
        if own and not kept:
            raise ValueError(
                f"{key} has {', '.join(map(str, wanted))}; allowed are those of the experiment, "
                f"{', '.join(map(str, own))}"
            )
        changes |= {key: kept, "more_seeds": []}
    return base.model_copy(update=changes)


def copies_name(dataset: str, quality: int) -> str:
    """Name of the data set of another's JPEG copies."""
    return f"{dataset}-jpeg{quality}"


def copies_of(name: str, dataset: Dataset, quality: int) -> Dataset:
    """The data set of another's JPEG copies, of the same files."""
    own_set = None if dataset.source == "local" else dataset.set or name
    return dataset.model_copy(update={"jpeg_quality": quality, "set": own_set})
