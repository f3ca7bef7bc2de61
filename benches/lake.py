"""A lake of ours on disk, driven through the command line as a user would."""

import shutil
from pathlib import Path

import measure

SELLER = "A1BENCHMARK"


class Lake:
    """A fresh lake in a directory of its own."""

    def __init__(self, binary, directory):
        self._at(binary, directory)
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.settings.write_text(f'lake = "lake"\nstate = "state.db"\nthreads = {measure.THREADS}\n')

    @classmethod
    def opened(cls, binary, directory):
        """The lake an earlier step left there."""
        lake = cls.__new__(cls)
        lake._at(binary, directory)
        return lake

    def _at(self, binary, directory):
        self.binary, self.directory = binary, Path(directory)
        self.settings = self.directory / "sellerlake.toml"

    def run(self, *arguments):
        return measure.run([self.binary, "--config", self.settings, *arguments])

    def ingest(self, *files, rollup=True):
        only = [] if rollup else ["--no-rollup"]
        return self.run("ingest", "--source", "all_orders", "--seller", SELLER, *only, *files)

    def rollup(self, *tables):
        return self.run("rollup", "--seller", SELLER, *[part for name in tables for part in ("--table", name)])

    def sql(self, statement):
        return self.run("sql", "--format", "csv", statement)

    def files(self, area, name):
        """Glob of a dataset's files."""
        return str(self.directory / "lake" / area / name / "*" / "*" / "data.parquet")

    def objects(self):
        """Size and identity of every published object; an object is replaced, never changed."""
        found = {}
        for path in (self.directory / "lake").rglob("*"):
            name = path.relative_to(self.directory / "lake").as_posix()
            if path.is_file() and name.split("/")[0] in ("raw", "sources", "tables", "rollups", "rejects"):
                status = path.stat()
                found[name] = (status.st_size, status.st_ino, status.st_mtime_ns)
        return found


def written(before, after):
    """Objects of `after` that weren't in `before`, with their sizes."""
    return {name: facts[0] for name, facts in after.items() if before.get(name) != facts}
