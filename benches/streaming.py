#!/usr/bin/env python3
"""Memory while one large report streams through: from a server that makes it up as it sends it, through the connector
and the loader, into `sources/`. Peak anonymous memory must not depend on the report's size.

    python3 benches/streaming.py [--megabytes 500 --megabytes 5000]
"""

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import generate
import lake
import measure

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sellerlake" / "bench"
REPOSITORY = Path(__file__).resolve().parent.parent
ACCOUNT = f"{lake.SELLER}-na"
SECRETS = {"client_id": "client", "client_secret": "secret", "refresh_token": "token"}


class Report:
    """About so many bytes: the same six days again and again, each time under other order numbers."""

    def __init__(self, size):
        shop = generate.Shop(seed=5, start="2026-10-01", orders_per_day=3200)
        lines = list(generate.history(shop, 0, 20_000))
        self.piece = "".join(lines).encode()
        self.pieces = max(round(size / len(self.piece)), 1)
        if self.pieces > 1000:
            raise SystemExit("at most a thousand pieces: order numbers begin with three digits")
        self.rows = len(lines) * self.pieces
        self.size = len(self.piece) * self.pieces

    def compressed(self):
        """One gzip member after the other."""
        yield packed(("\t".join(generate.HEADER) + "\n").encode())
        begins = re.compile(rb"^\d{3}-", re.MULTILINE)
        for piece in range(self.pieces):
            yield packed(begins.sub(b"%03d-" % piece, self.piece))


def packed(plain):
    packer = zlib.compressobj(level=1, wbits=31)
    return packer.compress(plain) + packer.flush()


def amazon(report):
    """The few calls that one report needs, and its document."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def say(self, status, body):
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path.startswith("/auth/"):
                return self.say(200, {"access_token": "access", "token_type": "bearer", "expires_in": 3600})
            self.say(202, {"reportId": "50000000001"})

        def do_GET(self):
            if self.path == "/document":
                return self.send_document()
            host = self.headers["host"]
            if "/documents/" in self.path:
                address = f"http://{host}/document"
                return self.say(200, {"reportDocumentId": "1", "url": address, "compressionAlgorithm": "GZIP"})
            now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
            self.say(200, {
                "reportId": "50000000001", "reportDocumentId": "1", "processingStatus": "DONE",
                "processingEndTime": now,
            })

        def send_document(self):
            self.send_response(200)
            self.send_header("content-type", "text/plain; charset=UTF-8")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for part in report.compressed():
                self.wfile.write(b"%x\r\n" % len(part) + part + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def stream(binary, scratch, megabytes):
    """One report of this size, from the first call until its rows stand."""
    report = Report(megabytes * 1_000_000)
    server = amazon(report)
    site = lake.Lake(binary, scratch / "streaming")
    with open(site.settings, "a", encoding="utf-8") as settings:
        settings.write(f'[amazon]\nendpoint = "http://127.0.0.1:{server.server_port}"\n')
    add = [binary, "--config", site.settings, "account", "add", "--seller", lake.SELLER, "--region", "na"]
    add += ["--marketplaces", "ATVPDKIKX0DER", "--offline", "--stdin"]
    subprocess.run([str(part) for part in add], input=json.dumps(SECRETS), text=True, check=True, capture_output=True)
    today = datetime.date.today()
    first, last = today - datetime.timedelta(days=20), today - datetime.timedelta(days=1)
    window = ["--from", str(first), "--to", str(last)]
    sample = site.run("backfill", "--account", ACCOUNT, "--pipeline", "all_orders", *window, "--no-rollup")
    counted = site.sql("SELECT count(*) AS rows FROM sources.all_orders").output.split()[-1]
    if int(counted) != report.rows:
        raise SystemExit(f"{counted} rows stand, {report.rows} were sent\n{sample.output}")
    server.shutdown()
    sent = next((site.directory / "lake" / "raw").rglob("*.gz")).stat().st_size
    print(
        f"| {report.size / 1e9:.2f} GB, {report.rows:,} rows | {sent / 1e6:,.0f} | {sample.peak_anon / 2**20:.0f} | "
        f"{sample.cpu:.0f} | {sample.wall:.0f} |",
        flush=True,
    )


def main():
    target = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=target / "release" / "sellerlake")
    parser.add_argument("--megabytes", type=int, action="append", help="size of a report, not compressed")
    given = parser.parse_args()
    scratch = CACHE / "work"
    scratch.mkdir(parents=True, exist_ok=True)
    print(f"load average {measure.load():.1f}, {time.strftime('%Y-%m-%d')}")
    print("| report | sent as gzip, MB | peak anonymous MiB | CPU s | wall s |\n|---|---:|---:|---:|---:|")
    for megabytes in given.megabytes or [100, 500, 5000]:
        stream(given.binary, scratch, megabytes)
        shutil.rmtree(scratch / "streaming", ignore_errors=True)


if __name__ == "__main__":
    main()
