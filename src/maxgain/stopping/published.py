"""Rows of the stop rules that publications give, and of ours for published quantities."""

from collections.abc import Iterator
from typing import Literal

from maxgain.stopping.row import DRAWS, StopRule

_RULES = "maxgain.stopping.rules:"


def _of_column(
    name: str, function: str, column: str, source: str, own: bool = False, **parameters: object
) -> StopRule:
    """A rule of one signal, whose function is told its column."""
    kind: Literal["published", "own"] = "own" if own else "published"
    told = {"column": column} | parameters
    return StopRule(name, _RULES + function, (column,), told, source, kind)


def _plain(name: str, function: str, column: str, source: str, **parameters: object) -> StopRule:
    """A published rule whose function knows its column."""
    return StopRule(name, _RULES + function, (column,), parameters, source, "published")


def published_rules() -> Iterator[StopRule]:
    """All of them, with their authors' values where these gave any."""
    yield from _gradient_rules()
    yield from _alignment_rules()
    yield from _feature_rules()
    yield from _prediction_rules()
    yield from _training_loss_rules()


def _gradient_rules() -> Iterator[StopRule]:
    for name in ("eb-criterion", "eb-criterion-batch"):
        column = name.replace("-", "_")
        source = "Mahsereci et al. 2017"
        yield _of_column(name, "crossing", column, source, threshold=0.0, side="above")
    gradstop = "own; after Jamshidi et al. 2025"
    seen, half = ("credibility",), {"level": 0.5}
    yield StopRule("credibility-half", _RULES + "credible", seen, half, gradstop)
    function = _RULES + "credible_by_draw"
    yield StopRule("credibility-drawn", function, seen, source=gradstop, draws=DRAWS)
    for reading, consecutive in (("consecutive", True), ("cumulative", False)):
        for ending, select in (("", "now"), ("-best", "best")):
            yield _of_column(
                f"disparity-{reading}{ending}",
                "increases",
                "gradient_disparity",
                "Forouzesh & Thiran 2021",
                patience=5,
                consecutive=consecutive,
                select=select,
            )
    noise = "own; after Liu et al. 2020"
    yield _of_column(
        "gradient-noise", "at_least", "gradient_noise_ratio", noise, own=True, threshold=1.0
    )


def _alignment_rules() -> Iterator[StopRule]:
    column = "gradient_weight_alignment"
    yield StopRule(
        "alignment",
        _RULES + "best_alignment",
        (column, "planned_epochs"),
        source="Hölzl et al. 2025",
        kind="published",
        timing="post-hoc",
    )
    yield StopRule(
        "alignment-online",
        _RULES + "alignment_turn",
        (column, "planned_epochs"),
        {"patience": 10},
        "own; after Hölzl et al. 2025",
        timing="planned",
    )
    yield StopRule(
        "counterfactual-distance",
        _RULES + "counterfactual_curvature",
        ("counterfactual_distance", "planned_epochs"),
        source="Vardasbi et al. 2022",
        kind="published",
        timing="post-hoc",
    )


def _feature_rules() -> Iterator[StopRule]:
    bonet = "Bonet et al. 2021"
    yield _of_column("nnk-error", "no_improvement", "nnk_error", bonet, patience=20)
    yield _of_column(
        "neighbour-error",
        "no_improvement",
        "neighbour_error",
        f"own; after {bonet}",
        own=True,
        patience=20,
    )
    yield _plain("local-dimension", "dimension_turn", "local_dimension", "Ma et al. 2018")
    spectra = "own; after Martin & Mahoney 2021"
    yield _of_column(
        "spectral-alpha", "fall_below", "spectral_alpha", spectra, own=True, threshold=2.0
    )


def _prediction_rules() -> Iterator[StopRule]:
    wave = "Yuan, Feng & Liu 2024"
    for epochs in (1, 3, 5):
        yield _plain(
            f"label-wave-{epochs}", "label_wave", "prediction_changes", wave, patience=epochs
        )
    yield _of_column(
        "optimisation-variance",
        "no_improvement",
        "optimisation_variance",
        "Zhang et al. 2021, section 3.3",
        patience=10,
        window=10,
    )
    ies = "own; after Instance-dependent early stopping, 2025"
    yield _of_column("mastered", "at_least", "mastered_share", ies, own=True, threshold=0.95)


def _training_loss_rules() -> Iterator[StopRule]:
    column = "training_loss"
    for level in (0.01, 0.1):
        name, source = f"training-loss-{level}", "Jiang et al. 2020"
        yield _of_column(name, "crossing", column, source, threshold=level, side="at-most")
    yield _plain(
        "training-loss-sklearn", "no_improvement_of_loss", column, "scikit-learn, MLPClassifier"
    )
    yield _of_column(
        "training-loss-patience-3",
        "no_improvement",
        column,
        "Keras, EarlyStopping",
        patience=3,
        select="now",
    )
    yield StopRule(
        "noise-rate",
        _RULES + "below_noise_rate",
        ("training_error", "noise_rate"),
        source="Song et al. 2019",
        kind="published",
        informed=True,
    )
