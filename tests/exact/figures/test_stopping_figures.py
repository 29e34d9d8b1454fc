"""Figures of the stopping study, from small tables."""

import numpy as np
import pandas as pd
import pytest

from maxgain.figures.stopping import KINDS, draw_examples, draw_ranks, draw_work

DATA = pd.DataFrame({"dataset": ["mnist"], "label": ["MNIST"], "stand_in": [False]})
RULES = ["validation-10-retrain", "constant", "gain-diagnosis", "eb-criterion", "alignment-online"]
NAMES = [*RULES]
NAMES[1], NAMES[4] = "constant (informed)", "alignment-online (post-hoc)"
RANKS = pd.DataFrame(
    {
        "rule": RULES,
        "mean_rank": [1.5, 2.5, 3.0, 3.5, 4.5],
        "kind": ["reference", "blind", "signal", "published", "own"],
        "decides": ["online", "informed", "online", "online", "post-hoc"],
        "cells": 9,
        "p_value": 0.02,
        "critical_difference": 2.0,
    }
)


def regrets() -> pd.DataFrame:
    table = RANKS[["rule", "kind", "decides"]].assign(cells=9, work=np.geomspace(1e3, 1e5, 5))
    table = table.assign(mean_regret=[0.05, 0.3, 0.2, -0.01, 0.7])
    table = table.assign(low=table["mean_regret"] - 0.1, high=table["mean_regret"] + 0.2)
    # A rule that failed everywhere is not drawn.
    failed = {
        "rule": "mine",
        "kind": "own",
        "decides": "online",
        "cells": 0,
        "work": np.nan,
        "mean_regret": np.nan,
    }
    return pd.concat([table, pd.DataFrame([failed])], ignore_index=True)


def test_bars_of_ranks_are_as_long_as_the_critical_difference() -> None:
    figure = draw_ranks(RANKS, DATA)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == NAMES
    bars = [bar.get_segments()[0] for bar in axes.collections]  # type: ignore[attr-defined]
    assert [bar[1, 0] - bar[0, 0] for bar in bars] == pytest.approx([2.0] * 5)
    assert "Friedman p = 0.02" in figure.get_suptitle().replace("\n", " ")
    assert "STAND-IN" not in figure.get_suptitle()


def test_every_judged_rule_is_a_point_and_ranked_ones_are_named() -> None:
    figure = draw_work(regrets(), RANKS.iloc[:3], DATA.assign(stand_in=True))
    axes = figure.axes[0]
    points = np.concatenate([each.get_offsets() for each in axes.collections])
    assert len(points) == 5
    named = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    names = [name.split(maxsplit=1)[1] for name in named[len(KINDS) : -1]]
    assert names == [NAMES[0], NAMES[2], NAMES[1]]
    dots = next(line for line in axes.lines if line.get_label() == named[-1])
    assert named[-1] == "does not decide online"
    assert dots.get_ydata().tolist() == [0.3, 0.7]  # type: ignore[union-attr]
    low, high = axes.get_ylim()
    assert low <= -0.05
    assert high >= 0.7
    assert "STAND-IN" in figure.get_suptitle()


def test_rules_that_are_one_point_share_their_numbers() -> None:
    table = regrets()
    # Two rules that stop alike; a third has the same regret at another work.
    table.loc[table["rule"].isin(RULES[2:4]), ["work", "mean_regret"]] = [5e3, 0.2]
    table.loc[table["rule"] == RULES[4], "mean_regret"] = 0.2
    axes = draw_work(table, RANKS, DATA).axes[0]
    points = {label.get_text(): label.xy for label in axes.texts}  # type: ignore[attr-defined]
    assert list(points) == ["1", "2, 3", "4", "5"]
    assert points["2, 3"] == (5e3, 0.2)
    assert points["4"] == (pytest.approx(1e5), 0.2)


def test_selected_epochs_lie_on_the_test_loss() -> None:
    loss = np.array([2.0, 1.0, 0.5, 0.6, 0.9])
    parts = [
        pd.DataFrame(
            {
                "run": f"mnist-1000-noise0/lenet-x1-fp32/lr0.001-batch100/seed{seed}",
                "place": place,
                "regret": 0.4,
                "epoch": np.arange(1, 6),
                "test_loss": loss,
                "selected_by": [np.nan, np.nan, "best;validation-10-retrain", np.nan, "gain"],
            }
        )
        for seed, place in enumerate(("best", "worst"))
    ]
    figure = draw_examples(pd.concat(parts, ignore_index=True), DATA)
    assert len(figure.axes) == 2
    drawn = {line.get_label(): line.get_xydata().tolist() for line in figure.axes[1].lines}  # type: ignore[union-attr]
    assert drawn["best epoch"] == drawn["validation-10-retrain"] == [[3, 0.5]]
    assert drawn["gain"] == [[5, 0.9]]
    assert "worst: +0.400 nats" in figure.axes[1].get_title()
