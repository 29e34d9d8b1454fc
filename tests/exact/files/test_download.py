"""Downloads from a server on this machine that misbehaves in every known way."""

import gzip
import hashlib
import random
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from maxgain.errors import InputError
from maxgain.files import download as module
from maxgain.files.download import download

CONTENT = bytes(range(256)) * 400
OTHER = bytes(reversed(range(256))) * 400
NOISE = random.Random(0).randbytes(50_000)
PACKED = gzip.compress(NOISE)


def deflate(content: bytes, bits: int) -> bytes:
    compressor = zlib.compressobj(wbits=bits)
    return compressor.compress(content) + compressor.flush()


BODIES = {
    # A file that is compressed, and said to be encoded: what comes is the file.
    "marked.gz": ("gzip", PACKED),
    "marked-x.gz": ("x-gzip", PACKED),
    "marked-upper.tgz": ("GZIP", PACKED),
    "marked-wrongly.gz": ("deflate", PACKED),
    "marked-unknown.gz": ("br", PACKED),
    "marked-identity.gz": ("identity", PACKED),
    # Compressed once more on the way.
    "twice.gz": ("gzip", gzip.compress(PACKED)),
    "thrice.gz": ("gzip, gzip", gzip.compress(gzip.compress(PACKED))),
    "members.gz": ("gzip", gzip.compress(PACKED[:9]) + gzip.compress(PACKED[9:])),
    "zlib.gz": ("deflate", zlib.compress(PACKED)),
    "bare.gz": ("deflate", deflate(PACKED, -15)),
    # The same of a file with another ending.
    "plain.bin": ("gzip", gzip.compress(PACKED)),
    "plain-x.bin": ("x-gzip", gzip.compress(PACKED)),
    "plain-zlib.bin": ("deflate", zlib.compress(PACKED)),
    "plain-bare.bin": ("deflate", deflate(PACKED, -15)),
    "plain-marked.bin": ("gzip", PACKED),
    # Of no use.
    "broken.gz": ("gzip", gzip.compress(PACKED)[:-9]),
    "bomb.gz": ("gzip", gzip.compress(bytes(10**7))),
    "unknown.bin": ("br", b"x" * 1000),
}
"""Content-Encoding and body of what is served under a name."""


@dataclass
class Site:
    """A server's address, and what it was asked: path and Range header."""

    address: str
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def urls(self, *names: str) -> list[str]:
        return [f"{self.address}/{name}" for name in names]


class _Handler(BaseHTTPRequestHandler):
    """Answers as the path's name says."""

    protocol_version = "HTTP/1.0"
    site: Site
    release: threading.Event

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self.site.asked.append((self.path, self.headers.get("Range")))
        kind, _, name = self.path.strip("/").partition("/")
        if name:
            self._encoded(*BODIES[name])
        else:
            getattr(self, "_" + kind.replace("-", "_"))()

    def _start(self) -> int:
        header = self.headers.get("Range")
        return int(header.removeprefix("bytes=").removesuffix("-")) if header else 0

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _ranged(self, content: bytes, send: int | None = None) -> None:
        """Serve from the Range on, but at most `send` bytes of what is declared."""
        start = self._start()
        body = content[start:]
        if start >= len(content):
            self._answer(416, b"", Content_Range=f"bytes */{len(content)}")
            return
        headers = {"Content_Length": str(len(body))}
        if start:
            headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._answer(206 if start else 200, body[:send], **headers)

    def _good(self) -> None:
        self._ranged(CONTENT)

    def _other(self) -> None:
        self._ranged(OTHER)

    def _longer(self) -> None:
        self._ranged(CONTENT + b"more")

    def _breaks_off(self) -> None:
        self._ranged(CONTENT, send=40_000)

    def _breaks_off_at_once(self) -> None:
        self._ranged(CONTENT, send=0)

    def _no_range(self) -> None:
        self._answer(200, CONTENT, Content_Length=str(len(CONTENT)))

    def _wrong_range(self) -> None:
        if self._start():
            headers = {"Content_Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"}
            self._answer(206, CONTENT, **headers)
        else:
            self._no_range()

    def _no_length(self) -> None:
        self._answer(200, CONTENT)

    def _empty(self) -> None:
        self._answer(200, b"", Content_Length="0")

    def _huge(self) -> None:
        self._answer(200, b"x" * 100, Content_Length=str(2**60))

    def _nonsense_length(self) -> None:
        self._answer(200, b"x", Content_Length="many")

    def _redirect(self) -> None:
        self._answer(302, b"", Location="/good", Content_Length="0")

    def _loop(self) -> None:
        self._answer(302, b"", Location="/loop", Content_Length="0")

    def _to_file(self) -> None:
        self._answer(302, b"", Location="file:///etc/passwd", Content_Length="0")

    def _encoded(self, encoding: str, body: bytes) -> None:
        """Serve from the Range on, marked as encoded whatever was asked for."""
        start = self._start()
        headers = {"Content_Encoding": encoding, "Content_Length": str(len(body) - start)}
        if start:
            headers["Content_Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        send = 20_000 if self.path.startswith("/cut") else None
        self._answer(206 if start else 200, body[start:][:send], **headers)

    def _missing(self) -> None:
        self._answer(404, b"nothing here")

    def _broken(self) -> None:
        self._answer(500, b"")

    def _silent(self) -> None:
        self.release.wait(20)

    def _no_http(self) -> None:
        self.wfile.write(b"\x00\x01\x02 hello\r\n\r\n")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    handler = type("Handler", (_Handler,), {"release": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.site = Site(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield handler.site  # type: ignore[attr-defined]
    handler.release.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


def verify(path: Path) -> None:
    """Accept CONTENT only."""
    if hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(CONTENT).digest():
        raise InputError("the content is wrong.")


def fetch(site: Site, folder: Path, *names: str, **options: float) -> str:
    """Download to ``folder/file``."""
    return download(site.urls(*names), folder / "file", verify, progress=False, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["good", "redirect", "no_length", "no_range"])
def test_a_file_arrives_whole(site: Site, tmp_path: Path, name: str) -> None:
    assert fetch(site, tmp_path / "new", name) == f"{site.address}/{name}"
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "404 Not Found"),
        ("broken", "500 Internal Server Error"),
        ("other", "not the right content: the content is wrong."),
        ("breaks_off_at_once", "the connection broke off"),
        ("empty", "it ended after 0 of 0 bytes"),
        ("huge", "it declares 1152921504606846976 bytes, at most"),
        ("nonsense_length", ""),
        ("loop", "the server redirects without end"),
        ("to_file", "No connection adapters"),
        ("silent", "the server did not answer in time"),
        ("no_http", "no connection"),
    ],
)
def test_the_next_mirror_is_tried_and_failures_are_told(
    site: Site, tmp_path: Path, name: str, reason: str
) -> None:
    assert fetch(site, tmp_path, name, "good", timeout=0.3) == f"{site.address}/good"
    assert (tmp_path / "file").read_bytes() == CONTENT
    (tmp_path / "file").unlink()
    with pytest.raises(InputError) as caught:
        fetch(site, tmp_path, name, "missing", timeout=0.3)
    assert str(caught.value).startswith(
        f"file could not be downloaded from {site.address}/{name} ({reason}"
    )
    assert f"{site.address}/missing (404 Not Found)" in str(caught.value)
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/passwd", "x", "http://", ""])
def test_only_web_addresses_are_tried(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError, match="file could not be downloaded from"):
        download([url], tmp_path / "file", verify, progress=False)
    assert not (tmp_path / "file").exists()


def test_a_broken_transfer_goes_on_where_it_stopped(site: Site, tmp_path: Path) -> None:
    fetch(site, tmp_path, "breaks_off")
    assert (tmp_path / "file").read_bytes() == CONTENT
    # Whole chunks are kept of the 40,000 bytes that come each time.
    kept = 40_000 // module._CHUNK * module._CHUNK
    assert site.asked == [
        ("/breaks_off", None),
        ("/breaks_off", f"bytes={kept}-"),
        ("/breaks_off", f"bytes={2 * kept}-"),
    ]


def test_a_later_call_and_another_mirror_go_on_with_the_part(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    assert fetch(site, tmp_path, "missing", "good") == f"{site.address}/good"
    assert site.asked == [("/missing", "bytes=1000-"), ("/good", "bytes=1000-")]
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (OTHER[:1000], "good"),  # A part of another file: wrong after resuming.
        (OTHER, "good"),  # As long as the file, but another: 416.
        (OTHER + OTHER, "good"),  # Longer than the file: 416.
        (OTHER[:1000], "no_range"),  # The server starts anew by itself.
        (CONTENT[:1000], "no_range"),
        (CONTENT, "good"),  # Whole already.
    ],
)
def test_a_bad_part_leads_to_a_clean_restart(
    site: Site, tmp_path: Path, part: bytes, name: str
) -> None:
    (tmp_path / "file.part").write_bytes(part)
    fetch(site, tmp_path, name)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert not (tmp_path / "file.part").exists()


def test_another_part_than_asked_for_is_not_appended(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    with pytest.raises(InputError, match="another part of the file than asked for"):
        fetch(site, tmp_path, "wrong_range")
    assert (tmp_path / "file.part").read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize("name", ["good", "no_length"])
def test_a_file_over_the_limit_is_refused_and_not_stored(
    site: Site, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InputError, match=r"50000 (bytes )?(are )?allowed|most 50000"):
        fetch(site, tmp_path, name, maximum_bytes=50_000)
    assert list(tmp_path.iterdir()) == []
    assert len(site.asked) == 1
    (tmp_path / "file.part").write_bytes(CONTENT[:40_000])
    fetch(site, tmp_path, name, maximum_bytes=len(CONTENT))
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_nothing_is_left_where_nothing_came(site: Site, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="404"):
        fetch(site, tmp_path, "missing")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_file_stays_when_the_new_one_fails(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"earlier")
    with pytest.raises(InputError):
        fetch(site, tmp_path, "other")
    assert (tmp_path / "file").read_bytes() == b"earlier"


def test_a_place_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "folder").write_bytes(b"a file where a folder should be")
    with pytest.raises(InputError, match=r"cannot be written"):
        fetch(site, tmp_path / "folder", "good")
    (tmp_path / "taken" / "file").mkdir(parents=True)
    with pytest.raises(InputError, match=r"cannot be written"):
        fetch(site, tmp_path / "taken", "good")


def test_progress_is_shown_and_ends_full(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    download(site.urls("good"), tmp_path / "file", verify)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "102.4/102.4 kB" in shown.err


def test_other_errors_of_the_verifier_are_not_swallowed(site: Site, tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise ZeroDivisionError

    verifier: Callable[[Path], None] = fail
    with pytest.raises(ZeroDivisionError):
        download(site.urls("good"), tmp_path / "file", verifier, progress=False)
    assert not (tmp_path / "file").exists()


def verify_packed(path: Path) -> None:
    if path.read_bytes() != PACKED:
        raise InputError("the content is wrong.")


@pytest.mark.parametrize("kind", ["whole", "cut"])
@pytest.mark.parametrize("name", [name for name in BODIES if name[:2] not in ("br", "bo", "un")])
def test_what_a_server_says_of_the_encoding_does_not_matter(
    site: Site, tmp_path: Path, name: str, kind: str
) -> None:
    url = f"{site.address}/{kind}/{name}"
    assert download([url], tmp_path / "file", verify_packed, progress=False) == url
    assert (tmp_path / "file").read_bytes() == PACKED
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert len(site.asked) == 1 if kind == "whole" else len(site.asked) > 2


def test_a_verifier_of_the_form_alone_gets_the_file_that_the_address_names(
    site: Site, tmp_path: Path
) -> None:
    for name in ("marked.gz", "plain.bin"):
        url = f"{site.address}/whole/{name}"
        download([url], tmp_path / name, lambda path: None, progress=False)
        assert (tmp_path / name).read_bytes() == PACKED


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("broken.gz", "its Content-Encoding is gzip but it is cut off"),
        ("bomb.gz", "it has more than the 60000 bytes allowed"),
        ("unknown.bin", "its Content-Encoding 'br' is not gzip, x-gzip or deflate"),
        ("plain-wrong.bin", "the content is wrong"),
    ],
)
def test_bodies_of_wrong_encoding_are_refused_and_the_next_mirror_is_tried(
    site: Site, tmp_path: Path, name: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BODIES, "plain-wrong.bin", ("gzip", gzip.compress(b"else")))
    urls = [f"{site.address}/whole/{name}", f"{site.address}/whole/marked.gz"]
    with pytest.raises(InputError, match=reason):
        download(urls[:1], tmp_path / "file", verify_packed, progress=False, maximum_bytes=60_000)
    assert list(tmp_path.iterdir()) == []
    assert download(urls, tmp_path / "file", verify_packed, progress=False) == urls[1]
