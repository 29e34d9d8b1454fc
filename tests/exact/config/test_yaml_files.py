"""YAML that means something else than it looks like is refused; files lie on top of each other."""

from pathlib import Path

import pytest

from maxgain.config.parsing import parse_protocol
from maxgain.config.yaml_files import check_command_line, merge, read_configuration, read_yaml
from maxgain.errors import InputError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a: 1\nb: 2\na: 3", ["line 3", "'a' stands twice", "line 1"]),
        ("a: {x: 1, y: {z: 1, z: 2}}", ["'z' stands twice"]),
        ("a:\n  b: {}\nc:\n  - {d: 1, d: 2}", ["line 4", "'d' stands twice"]),
        ("epochs: 010", ["line 1", "010", "octal"]),
        ("seeds: [007, 1]", ["007", "octal"]),
        ("seeds: [08]", ["08", "octal"]),
        ("epochs: -010", ["octal"]),
        ("epochs: 1:30", ["1:30", "base 60"]),
        ("rate: 1:30.5", ["base 60"]),
        ("label: no", ["no", "true or false"]),
        ("label: On", ["On", "true or false"]),
        ("label: 2018-10-08", ["date", "quotes"]),
        ("a: [1", ["not YAML"]),
        ("a: !!python/object/apply:os.system ['true']", ["not YAML"]),
        ("[" * 5000, ["nested too deeply"]),
    ],
)
def test_what_nobody_means_is_refused(text: str, parts: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read_yaml(text, "my.yaml")
    said = str(caught.value)
    assert said.startswith("my.yaml")
    assert "\n" not in said
    assert [part for part in parts if part not in said] == [], said


def test_what_is_meant_is_read() -> None:
    text = "a: 10\nb: '010'\nc: 0\nd: 0.5\ne: \"1:30\"\nf: true\ng: 1/3\nh: 0x10\n"
    assert read_yaml(text, "x") == {
        **{"a": 10, "b": "010", "c": 0, "d": 0.5},
        **{"e": "1:30", "f": True, "g": "1/3", "h": 16},
    }
    anchors = "base: &b {x: 1}\nmore: {<<: *b, y: 2}"
    assert read_yaml(anchors, "x")["more"] == {"x": 1, "y": 2}


def test_files_lie_on_top_of_each_other_and_the_command_line_on_top_of_all(tmp_path: Path) -> None:
    below, above = tmp_path / "below.yaml", tmp_path / "above.yaml"
    below.write_text("a: {x: 1, y: [1, 2]}\nb: 1")
    above.write_text("a: {y: [3]}")
    assert read_configuration([below, above]) == {"a": {"x": 1, "y": [3]}, "b": 1}
    # As Snakemake hands over `--config 'a={x: 5, z: [1/3, 2]}' b=7`: nested values are text.
    changes = {"a": {"x": "5", "z": ["1/3", "2"]}, "b": 7}
    found = read_configuration([below, above], changes)
    assert found == {"a": {"x": 5, "y": [3], "z": ["1/3", 2]}, "b": 7}


@pytest.mark.parametrize("key", ["seeds", "rate_factors"])
def test_a_file_above_that_sets_seeds_or_rates_replaces_more_seeds_below(key: str) -> None:
    more = [{"rate_factor": 1, "seeds": [5]}]
    below = {"x": {"more_seeds": more, "embedded": {"more_seeds": more, "batch_size": 50}}}
    assert merge(below, {"x": {key: [1]}}) == {"x": {key: [1], "embedded": {"batch_size": 50}}}
    assert merge(below, {"x": {"epochs": 3}})["x"]["more_seeds"] == more
    assert merge(below, {"x": {key: [1], "more_seeds": more}})["x"]["more_seeds"] == more


def test_a_file_above_replaces_what_the_one_below_says_for_embedded_data() -> None:
    below = {"x": {"epochs": 100, "seeds": [0], "embedded": {"epochs": 45, "batch_size": 50}}}
    assert merge(below, {"x": {"epochs": 3}}) == {
        "x": {"epochs": 3, "seeds": [0], "embedded": {"batch_size": 50}}
    }
    both = merge(below, {"x": {"epochs": 3, "embedded": {"epochs": 2}}})
    assert both["x"]["embedded"] == {"epochs": 2, "batch_size": 50}
    assert merge(below, {"x": None}) == {"x": None}
    assert below["x"]["embedded"] == {"epochs": 45, "batch_size": 50}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--config", "a={x: 1}", "a={y: 2}"], "--config has 'a' twice"),
        (["--config", "a=1", "--cores", "2", "-C", "a=2"], "--config has 'a' twice"),
        (["--config=a=1", "a=2"], "--config has 'a' twice"),
        (["--config", "a={x: 1, x: 2}"], "--config a, line 1: 'x' stands twice"),
        (["--config", "a={x: 010}"], "octal"),
        (["--config", "a=1:30"], "base 60"),
    ],
)
def test_what_snakemake_takes_in_silence_from_a_command_line_is_refused(
    words: list[str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        check_command_line(["snakemake", "all", *words, "-n"])


def test_command_lines_that_mean_what_they_say_pass() -> None:
    check_command_line(
        ["snakemake", "--config", "a={x: 1/3}", "b=7", "--set-threads", "a=1", "a=2"]
    )
    check_command_line(["snakemake", "results/a=1", "results/a=1"])


def test_an_empty_overlay_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1")
    (tmp_path / "b.yaml").write_text("# nothing yet\n")
    assert read_configuration([tmp_path / "a.yaml", tmp_path / "b.yaml"]) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"- 1", "is not a mapping"), (b"\xff\xfe\x00", "cannot be read")],
)
def test_a_file_that_is_no_configuration_is_named(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"config.yaml.*{said}"):
        read_configuration([path])


def test_a_home_folder_is_expanded_and_a_leading_dash_is_no_option(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    raw = {"protocol": "x", "data_folder": "~/data", "pretrained": {"weights_folder": "-w"}}
    protocol = parse_protocol(raw)
    assert protocol.data_folder == tmp_path / "data"
    assert str(protocol.pretrained.weights_folder) == str(Path.cwd() / "-w")
    with pytest.raises(InputError, match=r"data_folder.*home folder that is not known"):
        parse_protocol({"protocol": "x", "data_folder": "~nobody-of-this-name/data"})
