"""What a job took, as it says itself, in columns of Snakemake's benchmark files.

Snakemake's own benchmark adds up the memory pages of a job's processes twice a second: beside two
short trainings it took a tenth of a core.
"""

import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

from maxgain.errors import InputError
from maxgain.files.atomic import atomic_path

COLUMNS = ("s", "h:m:s", "max_rss", "cpu_time")


def write_usage(path: Path, started: float) -> None:
    """Write what this process took as a benchmark file of Snakemake, tab-separated.

    Parameters
    ----------
    started
        When the job began, by `time.monotonic`: "s" and "h:m:s" are the time since. "cpu_time", in
        seconds, is the whole process's, "max_rss" its largest resident memory in MiB. Where it
        cannot be written, a warning says so: what the job made is worth more than its times.
    """
    seconds = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    row = (
        f"{seconds:.2f}",
        str(timedelta(seconds=int(seconds))),
        f"{used.ru_maxrss * unit / 1024**2:.2f}",
        f"{used.ru_utime + used.ru_stime:.2f}",
    )
    try:
        with atomic_path(path) as temporary:
            text = "\t".join(COLUMNS) + "\n" + "\t".join(row) + "\n"
            temporary.write_text(text, encoding="utf-8")
    except InputError as error:
        print(f"warning: {error}", file=sys.stderr)
