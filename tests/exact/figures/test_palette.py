"""Colours that everybody can tell apart."""

import itertools

import numpy as np
from matplotlib.colors import to_rgb
from numpy import ndarray

from maxgain.figures.curves import label_factor
from maxgain.figures.palette import RATE_STYLES, choose_styles


def test_rate_styles_differ_in_color_marker_and_for_the_color_blind() -> None:
    styles = list(RATE_STYLES.values())
    assert len({style.marker for style in styles}) == len(styles)
    # Machado, Oliveira & Fernandes 2009: full deuteranopia and protanopia, on linear RGB.
    deuteranopia = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    protanopia = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    for matrix in (np.eye(3), np.array(deuteranopia), np.array(protanopia)):
        for shown in (("×1", "×2", "×3", "×4"), ("×1", "×1/3", "×1/10")):
            seen = [measure_lab(to_rgb(RATE_STYLES[rate].color), matrix) for rate in shown]
            for first, second in itertools.combinations(seen, 2):
                assert np.linalg.norm(first - second) > 15


def measure_lab(rgb: tuple[float, float, float], matrix: ndarray) -> ndarray:
    """CIE L*a*b* of an sRGB colour after a linear change of it."""
    srgb = np.array(rgb)
    linear = np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)
    linear = (matrix @ linear).clip(0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ratio = np.array(to_xyz) @ linear / [0.9505, 1, 1.089]
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_other_factors_and_names_have_styles_of_their_own() -> None:
    labels = ["×1", "×5", "×1/7", "×2", "×0.15"]
    styles = choose_styles(labels, RATE_STYLES)
    assert list(styles) == labels
    assert styles["×1"] == RATE_STYLES["×1"]
    assert len({style.color.lower() for style in styles.values()}) == len(labels)
    assert len({style.marker for style in styles.values()}) == len(labels)
    many = [f"network {number}" for number in range(40)]
    assert len(set(choose_styles(many, {}).values())) == 40


def test_factors_are_named_as_people_write_them() -> None:
    for value in (1 / 3, 0.333333, 0.3333333333333333):
        assert label_factor(value) == "×1/3"
    assert [label_factor(x) for x in (1, 2.0, 0.25, 0.1, 0.15, 2.5, 40)] == [
        "×1",
        "×2",
        "×1/4",
        "×1/10",
        "×0.15",
        "×2.5",
        "×40",
    ]
