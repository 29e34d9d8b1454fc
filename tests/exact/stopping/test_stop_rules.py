"""The rules on curves where the epoch is known by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from maxgain.stopping.registry import RULES
from maxgain.stopping.replay import bound_rules, replay
from maxgain.stopping.signal_rules import diagnosis, sensitivity_plateau
from maxgain.stopping.stop import Stop


def run_rule(name: str, **columns: Sequence[float] | float) -> tuple[int, int] | None:
    """Halting and selected epoch of a rule's first draw."""
    length = max(len(values) for values in columns.values() if isinstance(values, Sequence))
    table = pd.DataFrame({"epoch": np.arange(1, length + 1)} | columns)
    found = replay(bound_rules(RULES.find(name))[0], table)
    return None if found is None else (found.halt, found.selected)


@pytest.mark.parametrize("name", ["eb-criterion", "eb-criterion-batch"])
def test_evidence_stops_above_zero(name: str) -> None:
    column = name.replace("-", "_")
    assert run_rule(name, **{column: [-2.0, -0.5, 0.0, 0.1, -1]}) == (4, 4)
    assert run_rule(name, **{column: [-2.0, math.nan, -1]}) is None


def test_credibility_stops_at_its_level() -> None:
    assert run_rule("credibility-half", credibility=[0, 0.1, 0.5, 0.9]) == (3, 3)


def test_credibility_draws_are_the_middles_of_equal_parts() -> None:
    table = pd.DataFrame({"credibility": np.linspace(0, 1, 101)})
    halts = [replay(rule, table).halt for rule in bound_rules(RULES.find("credibility-drawn"))]
    assert halts[:2] == [2, 4]
    assert halts[-1] == 100
    assert np.mean(halts) == pytest.approx(51)


def test_disparity_counts_running_and_in_all() -> None:
    values = [5.0, 4, 5, 6, 5, 6, 7, 8, 9, 10, 11]
    assert run_rule("disparity-consecutive", gradient_disparity=values) == (10, 10)
    assert run_rule("disparity-cumulative", gradient_disparity=values) == (8, 8)
    assert run_rule("disparity-cumulative-best", gradient_disparity=values) == (8, 2)


def test_label_wave_finds_the_first_minimum_of_the_moving_average() -> None:
    changes = [math.nan, 9.0, 9, 9, 3, 3, 3, 4, 4, 4, 0, 0, 0]
    # The mean over three is lowest at epoch 7, and has not been lower three epochs later.
    assert run_rule("label-wave-1", prediction_changes=changes) == (8, 7)
    assert run_rule("label-wave-3", prediction_changes=changes) == (10, 7)
    assert run_rule("label-wave-5", prediction_changes=changes) is None


def test_optimisation_variance_waits_ten_epochs_for_a_mean_over_ten() -> None:
    values = [*np.linspace(10, 1, 12), *np.linspace(2, 50, 20)]
    means = [np.mean(values[max(0, t - 10) : t]) for t in range(10, 33)]
    best = 10 + int(np.argmin(means))
    assert run_rule("optimisation-variance", optimisation_variance=values) == (best + 10, best)


def test_alignment_takes_the_highest_and_skips_the_first_tenth() -> None:
    values = [99.0, 98, *np.linspace(0, 1, 10), *np.linspace(0.9, 0.1, 8)]
    assert run_rule("alignment", gradient_weight_alignment=values, planned_epochs=20) == (20, 12)
    assert run_rule("alignment", gradient_weight_alignment=values, planned_epochs=30) is None


def test_alignment_online_skips_the_first_tenth_of_the_planned_epochs() -> None:
    column = "gradient_weight_alignment"
    values = [99.0, 98, *np.linspace(0, 1, 10), *np.linspace(0.9, 0.1, 10)]
    # Epochs 1 and 2 are left out, the highest of the others is epoch 12, ten epochs before 22.
    assert run_rule("alignment-online", **{column: values}, planned_epochs=20) == (22, 12)
    assert run_rule("alignment-online", **{column: values[:21]}, planned_epochs=20) is None
    # Of 19 epochs the first alone is left out, of 9 none.
    assert run_rule("alignment-online", **{column: values}, planned_epochs=19) == (12, 2)
    assert run_rule("alignment-online", **{column: values}, planned_epochs=9) == (11, 1)
    nothing = [math.nan] * 22
    assert run_rule("alignment-online", **{column: nothing}, planned_epochs=20) is None
    # A value that is not a number is no improvement, and the wait goes on.
    broken = [*values[:12], math.nan, *values[13:]]
    assert run_rule("alignment-online", **{column: broken}, planned_epochs=20) == (22, 12)


def test_noise_ratio_stops_at_one() -> None:
    assert run_rule("gradient-noise", gradient_noise_ratio=[0.1, 0.9, 1.0, 2]) == (3, 3)


def test_counterfactual_distance_stops_at_its_corner() -> None:
    corner = [*np.linspace(0.0, 0.2, 12), *np.linspace(0.3, 1.2, 10)]
    halt, selected = run_rule(
        "counterfactual-distance", counterfactual_distance=corner, planned_epochs=22
    )
    assert halt == 22
    assert abs(selected - 12) <= 1


def test_local_dimension_turn_uses_the_epoch_before() -> None:
    values = [9.0, 9, 9, 9, 9, 9, 20, 4.0, 4.1, 3.9, 4.0, 4.1, 3.9, 4.3, 9]
    # Mean 4.02, deviation 0.075 of epochs 9 to 13; the jump at epoch 7 is too early to count.
    assert run_rule("local-dimension", local_dimension=values) == (14, 13)


def test_training_loss_levels_count_the_level_itself() -> None:
    assert run_rule("training-loss-0.1", training_loss=[2, 0.5, 0.1]) == (3, 3)
    assert run_rule("training-loss-0.01", training_loss=[2, 0.5, 0.1]) is None


def test_training_loss_of_sklearn_is_that_of_sklearn() -> None:
    """Its own loop, on its own losses: `MLPClassifier` stops at the same epoch."""
    from sklearn.neural_network import MLPClassifier

    random = np.random.default_rng(0)
    images, labels = random.normal(size=(60, 4)), random.integers(0, 2, 60)
    fitted = MLPClassifier(
        (3,), solver="sgd", learning_rate_init=0.01, max_iter=3000, random_state=0
    ).fit(images, labels)
    assert fitted.n_iter_ < 3000
    found = run_rule("training-loss-sklearn", training_loss=[*fitted.loss_curve_, 0.0])
    assert found == (fitted.n_iter_, fitted.n_iter_)


def test_training_loss_patience_of_keras_keeps_the_last_weights() -> None:
    assert run_rule("training-loss-patience-3", training_loss=[3, 2, 2, 1, 1, 1, 1, 0]) == (7, 7)


def test_noise_rate_is_compared_with_the_training_error() -> None:
    errors = [0.9, 0.5, 0.2, 0.1]
    assert run_rule("noise-rate", training_error=errors, noise_rate=0.2) == (3, 3)
    assert run_rule("noise-rate", training_error=errors, noise_rate=0.0) is None


def test_mastered_and_alpha() -> None:
    assert run_rule("mastered", mastered_share=[math.nan, 0.9, 0.95]) == (3, 3)
    assert run_rule("spectral-alpha", spectral_alpha=[1.5, 3, 2.5, 1.9]) == (4, 4)


def test_neighbour_errors_wait_twenty_epochs() -> None:
    values = [0.5, 0.4, 0.3, *[0.35] * 25]
    assert run_rule("nnk-error", nnk_error=values) == (23, 3)
    assert run_rule("neighbour-error", neighbour_error=values) == (23, 3)


def test_extremum_of_a_signal_has_moving_average_three_and_patience_five() -> None:
    values = [0.0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 0]
    # The mean over three is highest at epochs 7 (5.33) and 8 (5.33): the first counts.
    assert run_rule("gain-db-maximum", gain_db=[*values[:6], 6.0, *values[7:]]) == (13, 8)
    assert run_rule("gain-db-minimum", gain_db=values) == (8, 3)


def test_variability_onset_selects_the_epoch_at_which_jumps_begin() -> None:
    jumps = np.random.default_rng(1).normal(size=40)
    values = np.where(np.arange(40) >= 20, 8 * jumps, 0.1 * jumps)
    halt, selected = run_rule("gain-db-variability", gain_db=values.tolist())
    assert abs(selected - 21) <= 2
    assert 22 <= halt <= 35


def test_plateau_of_a_rise_and_of_a_fall() -> None:
    values = np.minimum(np.arange(40.0), 12)
    halt, selected = run_rule("gain-db-plateau-rising", gain_db=values.tolist())
    assert abs(selected - 13) <= 1
    assert 15 <= halt <= 20
    assert run_rule("gain-db-plateau-falling", gain_db=(-values).tolist()) == (halt, selected)
    assert run_rule("gain-db-plateau-rising", gain_db=(-values).tolist()) is None
    assert run_rule("sensitivity-plateau", sensitivity_mean_db=values.tolist()) == (halt, selected)


def test_diagnosis_stops_when_the_gain_converges() -> None:
    smooth = (10 * (1 - np.exp(-np.arange(40) / 3))).tolist()
    halt, selected = run_rule("gain-diagnosis", gain_db=smooth)
    assert 10 <= halt <= 30
    assert selected <= halt


def test_limits_of_flat_and_of_smooth_can_be_chosen() -> None:
    # After the tenth epoch a rise of 1 dB an epoch goes on at a third of that.
    rise = np.r_[np.arange(10.0), 9 + np.arange(1.0, 11) / 3]
    bent = pd.DataFrame({"epoch": np.arange(1, 21), "sensitivity_mean_db": rise})
    assert sensitivity_plateau(bent, flat_share=0.25) is None
    assert sensitivity_plateau(bent, flat_share=0.5) is not None
    # A rise that flattens, with a ripple of 2 dB.
    epochs = np.arange(40)
    rippled = 20 * (1 - np.exp(-epochs / 4)) + np.where(epochs % 2, 1.0, -1.0)
    table = pd.DataFrame({"epoch": epochs + 1, "gain_db": rippled})
    assert diagnosis(table) is None
    assert diagnosis(table, smooth_db=4.0) is not None


def test_saturation_fall_begins_three_db_below_the_highest_mean() -> None:
    values = [-1.0, -1, -1, -1, -1, -2, -5, -9, -12, -20, -30]
    means = [np.mean(values[max(0, t - 3) : t]) for t in range(1, len(values) + 1)]
    first = 1 + next(t for t, mean in enumerate(means) if mean < -4)
    assert run_rule("saturation-fall", saturation_mean_db=values) == (first + 2, first)
    assert run_rule("saturation-fall", saturation_mean_db=[-1.0] * 5 + [-math.inf] * 5) == (8, 6)


def test_both_own_rules_together_wait_for_the_later() -> None:
    rise = np.minimum(np.arange(40.0), 12).tolist()
    late = [-1.0] * 25 + [-20.0] * 15
    assert run_rule("plateau-and-fall", sensitivity_mean_db=rise, saturation_mean_db=late) == (
        28,
        26,
    )
    flat = [-1.0] * 40
    assert run_rule("plateau-and-fall", sensitivity_mean_db=rise, saturation_mean_db=flat) is None


def test_patience_on_the_held_out_loss() -> None:
    loss = [5.0, 4, 4.5, 3, 3.1, 3.2, 3.3, *[3.4] * 10]
    assert run_rule("validation-keras", held_out_loss=loss) == (3, 3)
    assert run_rule("validation-lightning", held_out_loss=loss) == (7, 7)
    assert run_rule("validation-10", held_out_loss=loss) == (14, 4)
    assert run_rule("validation-10-retrain", held_out_loss=loss) == (14, 4)
    assert run_rule("validation-10-retrain-0.9", held_out_loss=loss) == (14, 4)
    assert run_rule("validation-10-clean", clean_held_out_loss=loss) == (14, 4)
    later = [*np.linspace(9, 6, 16), *loss]
    assert run_rule("validation-10-retrain-0.9", held_out_loss=later) == (30, 18)


def test_prechelts_rules_by_hand() -> None:
    loss = [4.0, 3, 2, 2.02, 2.05, 2.1, 2.2, 2.3, 2.4, 2.5, *np.linspace(2.6, 4, 15)]
    assert run_rule("validation-GL2", held_out_loss=loss) == (5, 3)
    # Successive strips end at 2.05, 2.5, 3.0, 3.5: three rises.
    assert run_rule("validation-UP3", held_out_loss=loss) == (20, 3)
    # Progress of the second strip: 1000 (mean 0.98 / 0.96 - 1) = 20.8; GL is then 25.
    training = [2.0, 1.5, 1.3, 1.2, 1.0, *np.linspace(1, 0.96, 5), *[0.9] * 15]
    assert run_rule("validation-PQ1", held_out_loss=loss, twin_training_loss=training) == (10, 3)
    # Progress of 120 in the first strips keeps it going.
    falling = np.geomspace(2, 0.1, 25).tolist()
    found = run_rule("validation-PQ1", held_out_loss=loss, twin_training_loss=falling)
    assert found is None


def test_rules_that_see_nothing() -> None:
    assert run_rule("last", planned_epochs=6, epoch=[1, 2, 3, 4, 5, 6]) == (6, 6)
    assert run_rule("constant", constant_epoch=3.5, epoch=[1, 2, 3, 4, 5, 6]) == (4, 4)
    table = pd.DataFrame({"epoch": range(1, 11), "planned_epochs": 10})
    halts = [replay(rule, table).halt for rule in bound_rules(RULES.find("random"), 10)]
    assert halts == [*range(1, 11)]


def test_a_stop_says_why() -> None:
    table = pd.DataFrame({"epoch": [1, 2], "training_loss": [1.0, 0.05]})
    found = replay(bound_rules(RULES.find("training-loss-0.1"))[0], table)
    assert found == Stop(2, 2, "training_loss is 0.05")
