"""`python -m benchmarks`: see bench.py."""

from benchmarks.bench import main

main()
