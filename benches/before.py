#!/usr/bin/env python3
"""Measures two builds of sellerlake against each other, in turns: is the newer one slower?

    python3 benches/before.py OLD NEW [--rows N] [--runs N]

Prints, for an ingest, eight queries and an hourly increment, the medians of wall and CPU seconds, their ratios (new ÷ old)
and the span of the ratios turn by turn. Each build keeps a lake of its own, made from the same reports.
"""

import argparse
from pathlib import Path

import generate
import measure
from comparisons import QUERIES, _settle
from lake import Lake
from run import CACHE


def told(name, taken):
    """One line: medians, ratios of medians, and the least and greatest ratio of one turn."""
    old, new = (measure.median(samples) for samples in taken)
    turns = [after.cpu / before.cpu for before, after in zip(*taken)]
    print(
        f"{name:28} wall {old.wall:7.3f} {new.wall:7.3f} s  ratio {new.wall / old.wall:5.3f}   "
        f"CPU {old.cpu:7.3f} {new.cpu:7.3f} s  ratio {new.cpu / old.cpu:5.3f} ({min(turns):.3f} to {max(turns):.3f})   "
        f"peak {int(old.peak_anon) >> 20} {int(new.peak_anon) >> 20} MiB",
        flush=True,
    )


def in_turns(runs, step):
    """`step(which, turn)` for both builds in every turn, the first one changing."""
    taken = ([], [])
    for turn in range(runs):
        for which in (0, 1) if turn % 2 else (1, 0):
            _settle()
            taken[which].append(step(which, turn))
    return taken


def ingests(binaries, scratch, rows, runs):
    """A big report into a fresh lake, with every rollup; leaves one lake a build."""
    report = scratch / f"all_orders_{rows}.txt"
    if not report.exists():
        generate.big_report(report, rows)
    report.read_bytes()
    told("ingest", in_turns(runs, lambda which, _: Lake(binaries[which], scratch / f"build-{which}").ingest(report)))


def questions(binaries, scratch, runs):
    """The eight queries, to each build's own lake; says where the answers differ."""
    lakes = [Lake.opened(binary, scratch / f"build-{which}") for which, binary in enumerate(binaries)]
    order = lakes[0].sql("SELECT max(amazon_order_id) FROM orders").output.split()[-1]
    for name, statement in QUERIES.items():
        statement = statement.format(order=order)
        taken = in_turns(runs, lambda which, _: lakes[which].sql(statement))
        if taken[0][0].output != taken[1][0].output:
            print(f"{name}: the builds answer differently")
        told(name, taken)


def hours(binaries, scratch, rows_a_month, runs):
    """An hour of about 1,000 rows after six months of history."""
    orders = int(rows_a_month / 1.325)
    shop = generate.Shop(seed=24, start="2025-01-01", orders_per_day=orders / 30.4375)
    bounds = [int(orders * (month + 0.5)) for month in range(7)]
    files = []
    for month in range(6):
        files.append(scratch / f"before_{rows_a_month}_{month}.txt")
        generate.write(files[-1], generate.history(shop, bounds[month], bounds[month + 1]))
    reports = []
    for turn in range(runs):
        reports.append(scratch / f"before_hour_{turn}.txt")
        first = bounds[6] + 377 * turn
        generate.write(reports[-1], generate.hour(shop, first, first + 377, behind=1200))
    lakes = [Lake(binary, scratch / f"hours-{which}") for which, binary in enumerate(binaries)]
    for lake in lakes:
        lake.ingest(*files)
    told("hourly increment", in_turns(runs, lambda which, turn: lakes[which].ingest(reports[turn])))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", nargs=2, type=Path, metavar="BINARY", help="the older build, then the newer one")
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of the big report")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    scratch = CACHE / "before"
    scratch.mkdir(parents=True, exist_ok=True)
    print(f"load average {measure.load():.1f}; {given.rows:,} rows; {given.runs} turns; old, then new")
    ingests(given.binaries, scratch, given.rows, given.runs)
    questions(given.binaries, scratch, 3 * given.runs)
    hours(given.binaries, scratch, given.rows // 20, 2 * given.runs)
    print(f"load average {measure.load():.1f}")


if __name__ == "__main__":
    main()
