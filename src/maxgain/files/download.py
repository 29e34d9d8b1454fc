"""Download a file from the first of several mirrors that has it, resuming and verifying.

`pooch.retrieve` was weighed: it starts anew where a transfer breaks off, knows one address, sets no
limit to a file's size, compares a hash of the file alone (not of what is compressed in it), and
unpacks a ``.gz`` file that its server marks with Content-Encoding. Its `HTTPDownloader` is used.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import requests
import urllib3
from pooch import HTTPDownloader

from maxgain.errors import InputError
from maxgain.files.content_encoding import EncodingError, encodings_of, keep_right_form
from maxgain.files.progress import ProgressBar

MAXIMUM_BYTES = 4 * 2**30
"""Most bytes of a file, unless the caller says otherwise."""


TIMEOUT = 30.0
"""Seconds that a server may stay silent."""


_ATTEMPTS = 4


_PAUSE = 0.5


_CHUNK = 2**14


class _TransferError(Exception):
    """A transfer ended before the file was complete; the message says why."""


class _TooLargeError(_TransferError):
    """The file is larger than allowed; what came of it is of no use."""


class _AlreadyWhole(Exception):  # noqa: N818 - no error
    """The server has nothing beyond the bytes that are there."""


def download(
    urls: Sequence[str],
    destination: Path,
    verify: Callable[[Path], None],
    *,
    progress: bool = True,
    maximum_bytes: int = MAXIMUM_BYTES,
    timeout: float = TIMEOUT,
) -> str:
    """Download a file from the first mirror that has it whole and right.

    Servers that mark a ``.gz`` file as Content-Encoding: gzip, and those that compress a file
    although asked not to, are both understood: the one form of the body that `verify` accepts is
    kept, a compressed file's own form first.

    Bytes gather in `destination` with ``.part`` appended, which a later call goes on from where
    the server allows; `destination` appears when `verify` has passed, never before.

    Parameters
    ----------
    urls
        Addresses of one file, http or https, in the order to be tried.
    destination
        Path of the file.
    verify
        Raises InputError when the file at the path it is given is not right; that path ends in
        ``.part``.
    progress
        Whether to show a progress bar on the terminal.
    maximum_bytes
        Most bytes that are accepted.
    timeout
        Seconds that a server may stay silent.

    Returns
    -------
    The address that the file came from.

    Raises
    ------
    InputError
        No mirror has the file: the message names every address and why it failed. Or the file
        cannot be written.
    """
    part = destination.with_name(destination.name + ".part")
    failures = []
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        for url in urls:
            reason = _try_mirror(url, part, verify, progress, maximum_bytes, timeout)
            if reason is None:
                _flush(part)
                os.replace(part, destination)
                return url
            failures.append(f"{url} ({reason})")
        if part.exists() and part.stat().st_size == 0:
            part.unlink()
    except OSError as error:
        raise InputError(
            f"{error.filename or part} cannot be written: {error.strerror or error}."
        ) from error
    raise InputError(f"{destination.name} could not be downloaded from {'; '.join(failures)}.")


def _try_mirror(
    url: str,
    part: Path,
    verify: Callable[[Path], None],
    progress: bool,
    maximum_bytes: int,
    timeout: float,
) -> str | None:
    """None when `part` holds the verified file, else why it does not."""
    reason = "not tried"
    for attempt in range(_ATTEMPTS):
        start = part.stat().st_size if part.exists() else 0
        try:
            encodings = _transfer(url, part, progress, maximum_bytes, timeout)
        except _TooLargeError as error:
            part.unlink()
            return str(error)
        except _TransferError as error:
            reason = str(error)
            if not part.exists() or part.stat().st_size <= start:
                return reason  # A server that sent nothing will hardly do better at once.
            time.sleep(_PAUSE * attempt)
            continue
        try:
            keep_right_form(part, url, encodings, verify, maximum_bytes)
        except (InputError, EncodingError) as error:
            part.unlink()
            reason = f"not the right content: {error}"
            if start == 0:
                return reason
            continue  # What was there before may be at fault: once more from the beginning.
        return None
    return reason


def _transfer(
    url: str, part: Path, progress: bool, maximum_bytes: int, timeout: float
) -> tuple[str, ...]:
    """Append to `part` what it lacks of the body at `url`, or write it anew.

    Returns
    -------
    The body's encodings.

    Raises
    ------
    _TransferError
        The file did not arrive whole; what did arrive stays in `part`.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise _TransferError("the address is not http or https")
    try:
        with part.open("ab") as file, ProgressBar(part.stem, shown=progress) as bar:
            target = _PartFile(file, bar, maximum_bytes)
            headers = {"Accept-Encoding": "identity"}
            if target.start:
                headers["Range"] = f"bytes={target.start}-"
            # Pooch knows no resuming: the hook sees whether the server goes on or starts anew.
            hooks = {"response": target.check_response}
            HTTPDownloader(bar, _CHUNK, timeout=timeout, headers=headers, hooks=hooks)(
                url, target, None
            )
            target.check_complete()
            return target.encodings
    except _AlreadyWhole:
        return ()
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise _TransferError(_describe(error)) from error


class _PartFile:
    """The file that a transfer appends to; it refuses what should not be appended."""

    def __init__(self, file: IO[bytes], bar: "ProgressBar", maximum_bytes: int) -> None:
        self.start = file.tell()
        self._file = file
        self._bar = bar
        self._maximum = maximum_bytes
        self._expected: int | None = None
        self.encodings: tuple[str, ...] = ()

    def check_response(self, response: requests.Response, **_: Any) -> None:
        """Look at the answer before its body is read."""
        if response.is_redirect or (response.status_code >= 400 and response.status_code != 416):
            return  # requests follows the one, pooch raises on the other.
        if response.status_code == 416 and self.start:
            raise _AlreadyWhole
        offset = self._offset(response)
        self.encodings = encodings_of(response.headers.get("Content-Encoding"))
        # The body is kept as it comes: urllib3 decodes what this header names.
        response.raw.headers.discard("Content-Encoding")
        length = response.headers.get("Content-Length")
        if length is not None:
            self._expected = offset + int(length)
            if self._expected > self._maximum:
                raise _TooLargeError(
                    f"it declares {self._expected} bytes, at most {self._maximum} are allowed"
                )
        self._bar.start_at(offset)

    def _offset(self, response: requests.Response) -> int:
        """Where in the file the body goes; drop what is there if the server starts anew."""
        if response.status_code == 206:
            if response.headers.get("Content-Range", "").startswith(f"bytes {self.start}-"):
                return self.start
            raise _TransferError("the server sent another part of the file than asked for")
        self._file.truncate(0)
        self._file.seek(0)
        return 0

    def write(self, chunk: bytes) -> None:
        """Append `chunk`, as long as the file stays within its limit."""
        if self._file.tell() + len(chunk) > self._maximum:
            raise _TooLargeError(f"it has more than the {self._maximum} bytes allowed")
        self._file.write(chunk)

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._file.flush()

    def check_complete(self) -> None:
        """Compare the bytes that came with those that were declared."""
        size = self._file.tell()
        if size == 0 or (self._expected is not None and size != self._expected):
            raise _TransferError(f"it ended after {size} of {self._expected} bytes")


def _describe(error: Exception) -> str:
    """Why a request failed, in few words."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return "the server did not answer in time"
    if isinstance(error, requests.TooManyRedirects):
        return "the server redirects without end"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error) or type(error).__name__


def _flush(part: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
