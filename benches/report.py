"""From results to the tables in docs/benchmarks.md; what a person wrote there stays."""

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

BEGIN, END = "<!-- measured -->\n", "<!-- end of measured -->\n"
MIB = 1 << 20


def machine():
    """What it was measured on."""
    facts = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", facts)
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) / (1 << 20)
    processor = model.group(1) if model else platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}"


def versions():
    """What was measured."""
    import duckdb
    import polars

    described = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(described, capture_output=True, text=True, check=False).stdout.strip()
    peers = f"DuckDB {duckdb.__version__}, polars {polars.__version__}, Python {platform.python_version()}"
    return f"sellerlake {commit}, {peers}"


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def _measured(result):
    load = f"load average before {result['load_before']:.1f}, after {result['load_after']:.1f}"
    return f"{result['date']}; {load}.\n"


def ingest(result):
    taken = result["taken"]
    ours = taken["ours"]["wall"]
    names = {
        "ours": "sellerlake: land, decode, sources, `orders`, `order_items`",
        "ours: ingest --no-rollup": "– of it `ingest --no-rollup`",
        "ours: rollup": "– of it `rollup --table orders --table order_items`",
        "duckdb-everything": "DuckDB, copy and sync, typed dataset, both tables",
        "duckdb-tables": "DuckDB, both tables",
        "polars-items": "polars, `order_items` alone",
        "ours, every rollup": "sellerlake, every table and rollup",
    }
    rows = [
        (
            label, f"{taken[key]['wall']:.2f}", f"{taken[key]['cpu']:.2f}", f"{taken[key]['peak_anon'] / MIB:.0f}",
            "" if key.startswith("ours:") else f"{ours / taken[key]['wall']:.2f}",
            "" if key.startswith("ours") else ", ".join(
                f"{mine / its:.2f}" for mine, its in zip(taken["ours"]["walls"], taken[key]["walls"])
            ),
            ", ".join(f"{wall:.2f}" for wall in taken[key]["walls"]),
        )
        for key, label in names.items()
    ]
    sizes = ", ".join(f"{name} {size / MIB:.0f}" for name, size in result["sizes"].items())
    return (
        f"## Ingest\n\n{result['rows']:,} rows, {result['bytes'] / 1e6:.0f} MB, in one All Orders report: "
        f"{result['orders']:,} orders, of which {result['table_rows']:,} item rows stand. Medians of "
        f"{result['runs']} runs, interleaved. {_measured(result)}\n"
        + _table(["", "wall s", "CPU s", "peak anonymous MiB", "ours ÷ it", "in each turn", "walls"], rows)
        + f"\nBefore anything is compared, each row and column of both tables is hashed and summed and found equal to "
        f"DuckDB's; sums per currency equal polars'. Files, MiB: {sizes}.\n"
    )


def increments(result):
    one, many = result["lakes"]["1"], result["lakes"]["24"]
    rows = [
        (f"{months} of history", f"{lake['wall']:.3f}", f"{lake['cpu']:.3f}", f"{lake['peak_anon'] / MIB:.0f}",
         len(lake["objects"]), f"{lake['bytes'] / 1e6:.2f}")
        for months, lake in (("1 month", one), ("24 months", many))
    ]
    ratio = many["wall"] / one["wall"]
    touched = [name.replace("seller_id=A1BENCHMARK/", "") for name in many["objects"] if not name.startswith("raw")]
    return (
        f"## An hour of 1,000 rows\n\n`ingest` with every rollup; {result['rows_a_month']:,} rows a month; half new "
        f"orders, half updates; {result['arrived'] / 1e3:.0f} kB arrive. Medians of {result['runs']} hours, the "
        f"lakes taking turns. {_measured(result)}\n"
        + _table(["", "wall s", "CPU s", "peak anonymous MiB", "objects written", "MB written"], rows)
        + f"\nRatio of the walls: **{ratio:.2f}**. Written after 24 months: "
        + ", ".join(f"`{name}`" for name in touched)
        + ".\n"
    )


def amplification(results):
    rows = []
    for result in results["sellers"]:
        areas = result["written"]
        total = sum(areas.values())
        rows.append((
            f"{result['orders_an_hour']:,} orders an hour", result["hours"], f"{result['arrived'] / 1e3:.0f}",
            *(f"{areas.get(area, 0) / 1e3:,.0f}" for area in ("raw", "sources", "tables", "rollups")),
            f"**{total / result['arrived']:.1f}**", f"{result['wall']:.2f}", f"{result['cpu']:.2f}",
        ))
    head = ["", "hours", "kB arrived", "raw", "sources", "tables", "rollups", "written ÷ arrived", "wall s", "CPU s"]
    return (
        "## Write amplification\n\nHourly reports, each with new orders and as many updated ones from 30 hours "
        "earlier, in mid-month: objects grow evenly until it ends, so this is the month's average. Kilobytes "
        f"an hour, by area written to. {_measured(results)}\n" + _table(head, rows)
    )


def queries(result):
    start = result["start"]
    rows = [
        (name, f"{1e3 * taken['ours']:.0f}", f"{1e3 * (taken['ours'] - start):.0f}", f"{1e3 * taken['duckdb']:.0f}",
         f"{(taken['ours'] - start) / taken['duckdb']:.2f}")
        for name, taken in result["taken"].items()
    ]
    return (
        f"## Queries\n\nOn the lake of the ingest above. Ours is a process each time, `sellerlake sql`; `SELECT 1` "
        f"takes {1e3 * start:.0f} ms, subtracted for the ratio; DuckDB runs inside one Python process. Medians "
        f"of {result['runs']}. {_measured(result)}\n"
        + _table(["", "raw ms", "ours ms", "DuckDB ms", "ours ÷ DuckDB"], rows)
    )


SECTIONS = {"ingest": ingest, "queries": queries, "increments": increments, "amplification": amplification}


def write(path, results):
    """Replaces the measured part of the page."""
    setup = "release build, 2 threads, 256 MiB of operator memory, the lake on a local disk"
    parts = [f"Measured on {machine()}; {versions()}; {setup}.\n"]
    parts += [SECTIONS[name](results[name]) for name in SECTIONS if name in results]
    measured = BEGIN + "\n" + "\n".join(parts) + "\n" + END
    text = path.read_text() if path.exists() else "# Benchmarks\n\n" + BEGIN + END
    head, rest = text.split(BEGIN)
    path.write_text(head + measured + rest.split(END)[1])


def stamp(result, before, after):
    """Adds when and under what load it was measured."""
    return result | {"date": datetime.date.today().isoformat(), "load_before": before, "load_after": after}
