"""Lines and branches of mscmeta that the tests reach: each must be 95 % or more."""

import json
import sys
from pathlib import Path

LEAST = 95.0


def main(report: Path) -> None:
    """Print both shares; exit with an error if one is too low or nothing was measured."""
    totals = json.loads(report.read_text(encoding="utf-8"))["totals"]
    low = False
    for what, reached, of in (
        ("lines", totals["covered_lines"], totals["num_statements"]),
        ("branches", totals["covered_branches"], totals["num_branches"]),
    ):
        share = 100 * reached / of if of else 0.0
        print(f"{what}: {reached} of {of}, {share:.1f} %")
        low |= share < LEAST
    if low:
        sys.exit(f"coverage of mscmeta is below {LEAST:.0f} %")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
