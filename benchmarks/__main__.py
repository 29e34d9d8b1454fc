"""`python -m benchmarks` measures training speed."""

from benchmarks.training import main

main()
