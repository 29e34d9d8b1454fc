"""The how-to's callback follows a real training by Keras 3 with torch as its backend."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.pages import blocks_on

os.environ["KERAS_BACKEND"] = "torch"
keras: Any = pytest.importorskip("keras", reason="Keras is not installed")

PAGE = Path(__file__).parents[3] / "docs/how-to/keras.md"


def recipe(rule: str | None = None) -> dict[str, Any]:
    """What the page's code defines, with a rule in place of its own."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert "should_stop()" in code
    names: dict[str, Any] = {}
    asked = code if rule is None else code.replace("should_stop()", f"should_stop('{rule}')")
    exec(asked, names)  # The page's own words are what is tested.
    return names


def compiled() -> tuple[Any, Any, Any]:
    """A model, and what it is trained on."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((28, 28, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 5, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss=loss)
    images = np.random.default_rng(0).uniform(0, 255, (64, 28, 28, 1)).astype("float32")
    return model, images, np.arange(64) % 10


def fit(callbacks: list[Any]) -> tuple[Any, Any]:
    model, images, labels = compiled()
    history = model.fit(images, labels, epochs=3, batch_size=32, verbose=0, callbacks=callbacks)
    return model, history.history


@pytest.fixture(scope="module", autouse=True)
def _after_the_first_training() -> None:
    # What Keras imports at the first training of a process may draw random numbers.
    fit([])


def test_the_page_follows_a_training_and_leaves_it_alone() -> None:
    callback = recipe()["Gain"]()
    model, history = fit([callback])
    assert history["gain_db"] == pytest.approx([float(v) for v in callback.monitor.curve()])
    plain, without = fit([])
    assert history["loss"] == without["loss"]
    for one, other in zip(model.get_weights(), plain.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_the_gain_is_that_of_the_same_network_in_torch() -> None:
    from maxgain import GainMonitor

    callback = recipe()["Gain"]()
    model, history = fit([callback])
    filters, bias, weights, last = (torch.tensor(values) for values in model.get_weights())

    class Same(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.filters = nn.Parameter(filters.permute(3, 2, 0, 1))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            features = torch.relu(torch.conv2d(images / 255, self.filters, bias))
            # Keras flattens with the channels last.
            return features.permute(0, 2, 3, 1).flatten(1) @ weights + last

    assert GainMonitor(Same(), (1, 28, 28)).record() == pytest.approx(
        history["gain_db"][-1], abs=1e-3
    )


def test_the_page_loads_the_weights_of_the_selected_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from maxgain import GainMonitor

    names = recipe("tests.exact.integrations.stop_rules:second_of_three")
    (code,) = (text for language, text in blocks_on(PAGE) if not language)
    monkeypatch.chdir(tmp_path)
    model, images, labels = compiled()
    exec(code, names | {"model": model, "images": images, "labels": labels}, names)
    assert names["gain"].stopped.selected == 2
    first, second, third = names["gain"].monitor.curve()
    assert len({round(float(gain), 4) for gain in (first, second, third)}) == 3
    now = GainMonitor(names["ChannelsFirst"](model), (1, 28, 28)).record()
    assert now == pytest.approx(second, abs=2e-5)
