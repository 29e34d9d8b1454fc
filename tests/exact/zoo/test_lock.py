"""The lock file of weights."""

import threading
from pathlib import Path

import pandas as pd

from maxgain.zoo.lock import check_or_trust


def test_many_jobs_may_enter_the_lock_file_at_once(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.mat" for number in range(12)]
    for file in files:
        file.write_bytes(file.name.encode())
    lock = tmp_path / "weights.lock"
    jobs = [threading.Thread(target=check_or_trust, args=(f, f.name, lock)) for f in files]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert set(pd.read_csv(lock)["name"]) == {file.name for file in files}
