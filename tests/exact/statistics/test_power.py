"""How large a sample a test needs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxgain.statistics.decisions import FEWEST_TRAININGS
from maxgain.statistics.power import LARGEST, find_needed_count


def test_sizes_are_the_known_ones() -> None:
    # Known of one sample, one side, 5 % and 80 %: of small, medium and large effects.
    assert [find_needed_count(d, 1.0) for d in (0.2, 0.5, 0.8)] == [156, 27, 12]


@given(st.floats(0.01, 10), st.floats(0.01, 10), st.floats(1.01, 3))
def test_a_nearer_mean_or_a_stricter_test_needs_more(d: float, s: float, factor: float) -> None:
    number, nearer = find_needed_count(d, s), find_needed_count(d / factor, s)
    stricter = find_needed_count(d, s, 0.01)
    order = [math.inf if each is None else each for each in (number, nearer, stricter)]
    assert FEWEST_TRAININGS <= order[0] <= min(order[1:])
    assert all(each is None or each <= LARGEST for each in (number, nearer, stricter))


@given(st.floats(0.01, 10), st.floats(0.01, 10), st.floats(0.01, 100))
def test_the_unit_does_not_matter(d: float, s: float, unit: float) -> None:
    number, scaled = find_needed_count(d, s), find_needed_count(d * unit, s * unit)
    assert number == scaled or abs((number or LARGEST) - (scaled or LARGEST)) <= 1


@pytest.mark.parametrize("distance", [0.0, -1.0])
def test_what_does_not_lie_beyond_the_bound_is_never_shown(distance: float) -> None:
    assert find_needed_count(distance, 1.0) is None


def test_without_any_spread_five_do() -> None:
    assert find_needed_count(1.0, 0.0) == FEWEST_TRAININGS
    assert find_needed_count(1e-9, 1e-12) == FEWEST_TRAININGS
