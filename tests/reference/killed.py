"""Kills a run at random moments and compares what comes out with a run that was left alone.

    python tests/reference/killed.py target/release/ichflow recipes/quickstart.toml [--kills 10] [--seed 1]
        [--after STAGE] [--set KEY=VALUE]...

The run is started ten times in the same directory and each time ended with SIGKILL after a random time, spread over
what the whole run took; once more it is left to its end. With --after the stages up to that one are left alone, so
that what follows gets all the kills. Then metrics, weights, predictions and the history without its clocks are
compared byte by byte. Exits with 1 if any differs.
"""

import argparse
import csv
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Everything a run computes; reports, events and provenance hold times and names of directories.
COMPARED = ["metrics.json", "history.csv", "submission.csv", "folds.csv", "predictions/*", "model/*.safetensors"]


CLOCKS = {"slices_per_second", "data_loading_wait", "seconds", "memory_mib"}


def content(path: Path) -> bytes:
    if path.name != "history.csv":
        return path.read_bytes()
    with path.open() as file:
        rows = [{key: cell for key, cell in row.items() if key not in CLOCKS} for row in csv.DictReader(file)]
    return repr(rows).encode()


def digests(run: Path) -> dict[str, str]:
    files = [path for pattern in COMPARED for path in sorted(run.glob(pattern)) if path.is_file()]
    return {str(path.relative_to(run)): hashlib.sha256(content(path)).hexdigest() for path in files}


def latest(out: Path) -> Path:
    (found,) = out.glob("*/latest")
    return found.resolve()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ichflow", type=Path)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--after")
    parser.add_argument("--set", action="append", default=[])
    args = parser.parse_args()
    chance = random.Random(args.seed)
    settings = [word for value in args.set for word in ("--set", value)]
    with tempfile.TemporaryDirectory() as scratch:
        command = lambda out: [
            str(args.ichflow.resolve()), "run", str(args.recipe), "--device", "cpu", "--out", str(out), *settings,
        ]
        whole, killed = Path(scratch, "whole"), Path(scratch, "killed")
        quiet = dict(check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if args.after:
            for out in (whole, killed):
                subprocess.run([*command(out), "--until", args.after], **quiet)
        begin = time.monotonic()
        subprocess.run(command(whole), **quiet)
        took = time.monotonic() - begin
        print(f"left alone: {took:.1f} s")
        for kill in range(args.kills):
            wait = chance.uniform(0.02, 2.0) * took / args.kills
            process = subprocess.Popen(command(killed), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                process.communicate(timeout=wait)
                print(f"{kill + 1}: had come to its end before {wait:.1f} s")
            except subprocess.TimeoutExpired:
                process.kill()
                last = process.communicate()[0].strip().splitlines()
                print(f"{kill + 1}: killed after {wait:.1f} s, at: {last[-1].strip() if last else 'the start'}")
        begin = time.monotonic()
        subprocess.run(command(killed), **quiet)
        print(f"the rest: {time.monotonic() - begin:.1f} s")
        one, other = digests(latest(whole)), digests(latest(killed))
        differ = [name for name in sorted(one | other) if one.get(name) != other.get(name)]
        print(f"{len(one)} files compared, {len(differ)} differ" + "".join(f"\n  {name}" for name in differ))
        return 1 if differ or not one else 0


if __name__ == "__main__":
    sys.exit(main())
