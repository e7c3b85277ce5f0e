#!/usr/bin/env python3
"""Draw time against N from a CSV of the bench: figure.py RESULTS.csv FIGURE.png (with gnuplot, figure.gp)."""
import csv
import os
import subprocess
import sys
import tempfile


def series(rows):
    """(name, [(N, us)]): what the multiply-adds alone would take at the measured peak, epnet, then the others."""
    peak = next(float(r["value"]) for r in rows if r["section"] == "limit" and r["unit"] == "GFLOP/s")
    contest = [r for r in rows if r["section"] == "contest"]
    ours = [r for r in contest if r["name"] == "epnet, without a cut"]
    yield ("limit: L alone at peak flop/s",
           [(int(r["nodes"]), float(r["applications"]) * 2 * (int(r["nodes"]) + 1) * 2 ** int(r["nodes"]) / peak / 1e3)
            for r in ours])
    names = []
    for r in contest:
        if r["name"] not in names and r["name"] != "epnet, with a cut":
            names.append(r["name"])
    for name in names:
        title = "epnet, all observables" if name == "epnet, without a cut" else name
        yield title, [(int(r["nodes"]), float(r["value"])) for r in contest if r["name"] == name]


def main():
    results, figure = sys.argv[1:]
    with open(results) as file:
        lines = file.read().splitlines()
    about = [line[2:] for line in lines if line.startswith("# ")]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    blocks = list(series(rows))
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        with open(data, "w") as file:
            file.write("\n\n\n".join("\n".join(f"{n} {us!r}" for n, us in points) for _, points in blocks) + "\n")
        titles = "|".join(title.replace("'", "’") for title, _ in blocks)
        machine = about[0].split(";")[0].replace('"', "") + ", one core"
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "figure.gp")
        return subprocess.run(["gnuplot", "-e", f'data="{data}"; titles="{titles}"; output="{figure}"; '
                                                f'machine="{machine}"', script]).returncode


if __name__ == "__main__":
    sys.exit(main())
