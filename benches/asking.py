#!/usr/bin/env python3
"""Measures what a statement costs in a lake of one seller and in one of a thousand: does it pay for what nobody asks?

    python3 benches/asking.py BINARY [BINARY] [--sellers N] [--objects N] [--runs N] [--scratch DIR]

Each build makes its own lakes from the same report. The other sellers are entries of the catalogue only: what a statement
reads of them it reads from there. Prints medians and least wall and CPU milliseconds of a process, and the ratios of the
medians, many sellers ÷ one. With two builds the older one stands first.
"""

import argparse
import sqlite3
from pathlib import Path

import generate
import measure
from lake import SELLER, Lake

STATEMENTS = {
    "SELECT 1": ["SELECT 1"],
    "a table of one seller": ["--seller", SELLER, "SELECT count(*) FROM orders"],
    "meta.objects of one seller": ["--seller", SELLER, "SELECT count(*) FROM meta.objects"],
}

FILL = """
INSERT INTO objects (path, area, name, seller, month, etag, size_bytes, row_count, visible_rows, row_hash, input_hash,
                     schema_version, updated_at)
WITH RECURSIVE sellers(seller) AS (SELECT 1 UNION ALL SELECT seller + 1 FROM sellers WHERE seller < :sellers - 1),
     objects(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM objects WHERE number < :objects - 1)
SELECT printf('tables/orders/seller_id=B%06d/month=%04d-%02d/data.parquet', seller, 1990 + number / 12, 1 + number % 12),
       'tables', 'orders', printf('B%06d', seller), printf('%04d-%02d', 1990 + number / 12, 1 + number % 12),
       '1-2-3', 1000, 10, 10, '0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef', 1, 0
FROM sellers, objects
"""


def lake(binary, directory, report, sellers, objects):
    """A lake with one seller's data, and entries of so many others."""
    made = Lake(binary, directory)
    made.ingest(report)
    state = sqlite3.connect(made.directory / "state.db")
    if sellers > 1:
        state.execute(FILL, {"sellers": sellers, "objects": objects})
        state.commit()
    state.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    state.close()
    return made


def in_turns(lakes, arguments, runs):
    taken = {place: [] for place in lakes}
    for _ in range(runs):
        for place, one in lakes.items():
            taken[place].append(one.run("sql", "--format", "csv", *arguments))
    answers = {samples[0].output.split()[-1] for samples in taken.values()}
    if len(answers) != 1:
        raise SystemExit(f"{arguments}: the answers differ: {answers}")
    return taken


def told(name, builds, taken):
    for build in builds:
        one, many = (measure.median(taken[build, sellers]) for sellers in (False, True))
        least = [min(sample.wall for sample in taken[build, sellers]) for sellers in (False, True)]
        print(
            f"{name:28} {build:8} one seller {one.wall * 1e3:6.0f} ms (least {least[0] * 1e3:.0f}, CPU {one.cpu * 1e3:.0f})   "
            f"many {many.wall * 1e3:6.0f} ms (least {least[1] * 1e3:.0f}, CPU {many.cpu * 1e3:.0f})   "
            f"ratio {many.wall / one.wall:5.2f}, CPU {many.cpu / one.cpu:5.2f}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", nargs="+", type=Path, metavar="BINARY", help="a build, or the older one and the newer")
    parser.add_argument("--sellers", type=int, default=1000)
    parser.add_argument("--objects", type=int, default=100, help="objects of each seller")
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--scratch", type=Path, help="where the lakes are made; else where the other benchmarks have theirs")
    given = parser.parse_args()
    scratch = given.scratch
    if scratch is None:
        from run import CACHE

        scratch = CACHE / "asking"
    scratch.mkdir(parents=True, exist_ok=True)
    report = scratch / "report.txt"
    generate.big_report(report, 2_000)
    names = ["old", "new"] if len(given.binaries) == 2 else ["this"]
    lakes = {}
    for name, binary in zip(names, given.binaries):
        for many in (False, True):
            sellers = given.sellers if many else 1
            lakes[name, many] = lake(binary, scratch / f"{name}-{sellers}", report, sellers, given.objects)
    print(f"load average {measure.load():.1f}; {given.sellers:,} sellers of {given.objects} objects; {given.runs} turns")
    for name, arguments in STATEMENTS.items():
        told(name, names, in_turns(lakes, arguments, given.runs))
    print(f"load average {measure.load():.1f}")


if __name__ == "__main__":
    main()
