"""Runs one command and watches it: wall time, CPU time, peak anonymous memory."""

import os
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

THREADS = 2
SAMPLE_SECONDS = 0.02


@dataclass
class Sample:
    """Seconds and bytes of one run."""

    wall: float
    cpu: float
    peak_anon: int
    output: str

    def __add__(self, other):
        peak = max(self.peak_anon, other.peak_anon)
        return Sample(self.wall + other.wall, self.cpu + other.cpu, peak, self.output + other.output)


def _two_cores():
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:THREADS])


def _watch(pid, done, peak):
    while not done.is_set():
        try:
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
                for line in status:
                    if line.startswith("RssAnon:"):
                        peak[0] = max(peak[0], int(line.split()[1]) * 1024)
                        break
        except OSError:
            return
        done.wait(SAMPLE_SECONDS)


def run(command, exit_codes=(0,)):
    """Runs a command on two cores. Any other exit code is an error that shows what it said."""
    with tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], stdout=said, stderr=said, preexec_fn=_two_cores)
        done, peak = threading.Event(), [0]
        watcher = threading.Thread(target=_watch, args=(process.pid, done, peak))
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        done.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read()
    if process.returncode not in exit_codes:
        raise SystemExit(f"{' '.join(map(str, command))}\nended with {process.returncode}:\n{output[-4000:]}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, peak[0], output)


def median(samples):
    """The median of each measure by itself."""
    middle = lambda name: statistics.median(getattr(sample, name) for sample in samples)
    return Sample(middle("wall"), middle("cpu"), middle("peak_anon"), samples[-1].output)


def load():
    """Runnable processes over the last minute: what else the machine was doing."""
    return os.getloadavg()[0]
