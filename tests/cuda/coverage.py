#!/usr/bin/env python3
"""Lines of the kernels that ran: coverage.py OBJECT_FOLDER SOURCE_FOLDER [FLOOR]

Reads what gcov knows of the emulated kernels (*.gcno, *.gcda below OBJECT_FOLDER), counts a line as run if any
instance of any template ran it, prints a table and every line that did not, and fails if less than FLOOR per cent
(100) of the lines of kernels/*.cu and *.cuh ran. Nothing is left out. gcov is taken from $GCOV."""

import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def line_counts(file, kernels):
    """{file name: {line: times run}} of one object."""
    with tempfile.TemporaryDirectory() as folder:
        command = [os.environ.get("GCOV", "gcov"), "--json-format", str(file)]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        counts = {}
        for report in pathlib.Path(folder).glob("*.gcov.json.gz"):
            with gzip.open(report) as stream:
                data = json.load(stream)
                for entry in data["files"]: # names may be relative, as a compiler cache makes them
                    path = (pathlib.Path(data["current_working_directory"]) / entry["file"]).resolve()
                    if path.parent != kernels:
                        continue
                    lines = counts.setdefault(path.name, {})
                    for line in entry["lines"]:
                        number = line["line_number"]
                        lines[number] = lines.get(number, 0) + line["count"]
        return counts


def main():
    objects, source = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    floor = float(sys.argv[3]) if len(sys.argv) > 3 else 100.0
    kernels = source / "kernels"
    notes = sorted(objects.rglob("*.cu.gcno"))
    data = [note.with_suffix(".gcda") for note in notes]
    if not notes or not any(file.exists() for file in data):
        sys.exit("coverage: nothing has run yet; run the cuda_ tests before")
    total = {}
    for note, file in zip(notes, data):
        for name, lines in line_counts(file if file.exists() else note, kernels).items():
            merged = total.setdefault(name, {})
            for number, count in lines.items():
                merged[number] = merged.get(number, 0) + count

    run_all = count_all = 0
    missed = []
    print(f"{'file':28} {'lines':>6} {'run':>6} {'%':>7}")
    for name in sorted(total):
        lines = total[name]
        run = sum(count > 0 for count in lines.values())
        run_all, count_all = run_all + run, count_all + len(lines)
        print(f"{name:28} {len(lines):6} {run:6} {100 * run / len(lines):7.2f}")
        text = (kernels / name).read_text().splitlines()
        missed += [(name, n, text[n - 1].strip()) for n in sorted(lines) if lines[n] == 0]
    share = 100 * run_all / count_all
    print(f"{'all':28} {count_all:6} {run_all:6} {share:7.2f}")
    for name, number, text in missed:
        print(f"kernels/{name}:{number}: never run: {text}")
    absent = sorted(p.name for p in kernels.glob("*.cu") if p.name not in total)
    if absent:
        sys.exit("coverage: no line is known of " + ", ".join(absent))
    if share < floor:
        sys.exit(f"coverage: {share:.2f} % of the kernels' lines ran, {floor:g} % must")


if __name__ == "__main__":
    main()
