"""The progress of a download on the terminal."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn


class ProgressBar:
    """The progress bar that pooch drives, drawn by rich on standard error."""

    def __init__(self, name: str, *, shown: bool) -> None:
        self.total = 0  # Bytes of the body: set by pooch.
        self._offset = 0
        self._done = 0
        self._progress = Progress(
            TextColumn(name),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not shown,
        )
        self._task = self._progress.add_task(name, total=None)

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress.live.is_started:  # Else it would print an empty line.
            self._progress.stop()

    def start_at(self, offset: int) -> None:
        """Appear, and count the body from `offset` on."""
        self._offset = offset
        self._progress.start()

    def update(self, count: int) -> None:
        """Move on by `count` bytes."""
        self._done += count
        total = self._offset + self.total if self.total else None
        done = self._offset + self._done
        self._progress.update(
            self._task, total=total, completed=done if total is None else min(done, total)
        )

    def reset(self) -> None:
        """Go back to the beginning of the body."""
        self._done = 0

    def close(self) -> None:
        """Do nothing: the bar ends with the transfer."""
