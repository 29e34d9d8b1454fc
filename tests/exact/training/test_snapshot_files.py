"""Files of snapshots."""


@pytest.mark.parametrize(
    "content", [None, b"", b"not safetensors", b"\x02\0\0\0\0\0\0\0{}", "truncated"]
)
def test_damaged_snapshots_are_refused(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "run/snapshots.safetensors"
    if content == "truncated":
        _train(replace(RUN, epochs=1), tmp_path)
        _truncate(path)
    elif isinstance(content, bytes):
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"snapshots.safetensors (does not exist|is not a file)"):
        read_snapshots(path)
