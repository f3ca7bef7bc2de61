#!/usr/bin/env python3
"""Measures sellerlake against DuckDB and polars and writes docs/benchmarks.md.

Makes its own Python environment on first use. Everything it writes besides the page lies in the cache directory.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sellerlake" / "bench"
REPOSITORY = Path(__file__).resolve().parent.parent
PEERS = ["duckdb==2.0.0", "polars==2.1.0"]
SECTIONS = ["ingest", "queries", "increments", "amplification"]


def into_environment():
    """Continues in a Python that has the peers."""
    python = CACHE / "bin" / "python"
    if Path(sys.prefix).resolve() == CACHE.resolve():
        return
    if not python.exists():
        venv.create(CACHE, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS], check=True)
    os.execv(python, [str(python), *sys.argv])


def arguments():
    target = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, default=target / "release" / "sellerlake")
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of the big report")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--section", action="append", choices=SECTIONS, help="only this; may be given several times")
    parser.add_argument("--page", type=Path, default=REPOSITORY / "docs" / "benchmarks.md")
    return parser.parse_args()


def main():
    into_environment()
    import comparisons
    import measure
    import report

    given = arguments()
    scratch = CACHE / "work"
    scratch.mkdir(parents=True, exist_ok=True)
    share = given.rows / 2_000_000
    sellers = [(50, 24), (max(int(1389 * share), 50), 6)]
    sections = {
        "ingest": lambda: comparisons.ingest(given.binary, scratch, given.rows, given.runs),
        "queries": lambda: comparisons.queries(given.binary, scratch, 2 * given.runs + 1),
        "increments": lambda: comparisons.increments(given.binary, scratch, int(100_000 * share), 4 * given.runs),
        "amplification": lambda: {"sellers": [
            comparisons.amplification(given.binary, scratch, orders, hours) for orders, hours in sellers
        ]},
    }
    kept = CACHE / f"results-{given.rows}.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    for name in given.section or SECTIONS:
        before = measure.load()
        measured = report.stamp(sections[name](), before, measure.load())
        results[name] = json.loads(json.dumps(measured))
        kept.write_text(json.dumps(results, indent=1))
        print(report.SECTIONS[name](results[name]))
    report.write(given.page, results)


if __name__ == "__main__":
    main()
