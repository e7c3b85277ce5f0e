"""Whole runs, from reading the spec to the synced grid file, on all cores: what a user waits for. Every configuration is
checked against numpy (networks.py) on some of its points before it is timed."""
import json
import os
import re
import statistics
import tempfile


from networks import Point
from programs import CORES, ROOT, Failed

LIMIT = 1e-8

ENVELOPE = """[network]
nodes = 5
[observe]
cut = [0, 1]
[solve]
kind = "stationary"
{leak}
[sweep]
{axis} = {{ from = 0.1, to = 10.0, points = {points}, scale = "log" }}
copy_total = {{ from = 0.1, to = 1000.0, points = {points}, scale = "log" }}
"""


def complete_point(nodes, copy_total, drive):
    edges = [(i, j) for i in range(nodes) for j in range(nodes) if i != j]
    return Point(nodes, [1.0] * nodes, [1.0] * nodes, edges, [copy_total / len(edges)] * len(edges),
                 [drive] * len(edges))


def compare(rows, make_point, names=None):
    """The largest deviation of all columns that numpy has of these rows' stationary laws."""
    worst = 0.0
    for row in rows:
        point = make_point(row)
        for name, value in point.columns(point.stationary()).items():
            if name in row and (names is None or name in names):
                worst = max(worst, abs(float(row[name]) - value) / (1 + abs(value)))
    if not worst <= LIMIT:
        raise Failed(f"columns differ from numpy's by {worst:.1e}")
    return worst


def timed(epnet, spec, name, points, repeats, threads, report, settings=()):
    with tempfile.TemporaryDirectory() as folder:
        runs = [epnet.run(spec, os.path.join(folder, "bench.nc"), threads, settings) for _ in range(repeats)]
    seconds = [s for s, _ in runs]
    report(section="run", name=name, points=points, threads=threads, value=statistics.median(seconds),
           low=min(seconds), high=max(seconds), unit="s", memory_mb=max(m for _, m in runs) / 1e6)


def some(rows):
    return [rows[k * (len(rows) - 1) // 4] for k in range(5)]


def envelope(epnet, repeats, threads, report):
    """Stationary laws on 64 x 64 (drive or sigma, copy_total), stage by stage: what each adds to the one before; and
    the laws on 1,000 x 1,000."""
    stages = (("envelope.toml's grid, stationary laws", "", "drive"), ("and the drive for sigma", "", "sigma"),
              ("and the leak's quench", "[leak]\nbootstrap = 10", "sigma"),
              ("and 1,000 bootstraps", "[leak]\nbootstrap = 1000", "sigma"))
    with tempfile.TemporaryDirectory() as folder:
        spec, grid = os.path.join(folder, "envelope.toml"), os.path.join(folder, "check.nc")
        for name, leak, axis in stages:
            with open(spec, "w") as file:
                file.write(ENVELOPE.format(leak=leak, axis=axis, points=64))
            epnet.run(spec, grid, threads)
            rows = epnet.table(grid)
            worst = compare(some(rows), lambda row: complete_point(5, float(row["copy_total"]), float(row["drive"])))
            for row in rows if axis == "sigma" else []:  # the drive gives the production that was asked for
                worst = max(worst, abs(float(row["cut_entropy_production"]) / float(row["sigma"]) - 1))
            if leak:  # a quench decays at 4 x (flip_up + flip_down)/2 at last, a little slower before
                leaks = [float(row["leak"]) for row in rows]
                if not 6 < min(leaks) <= max(leaks) < 8.5:
                    raise Failed(f"leaks between {min(leaks)} and {max(leaks)} /s")
            if not worst <= LIMIT:
                raise Failed(f"{name}: differs from numpy by {worst:.1e}")
            report(section="check", name=name, nodes=5, points=5, value=worst, unit="relative to 1 + value")
            timed(epnet, spec, name, 4096, repeats, threads, report)
        with open(spec, "w") as file:
            file.write(ENVELOPE.format(leak="", axis="drive", points=1000))
        coarse = [f"sweep.{axis}.points=8" for axis in ("drive", "copy_total")]
        epnet.run(spec, grid, threads, coarse)
        worst = compare(some(epnet.table(grid)),
                        lambda row: complete_point(5, float(row["copy_total"]), float(row["drive"])))
        report(section="check", name="the grid of 1,000 x 1,000, coarsely", nodes=5, points=5, value=worst,
               unit="relative to 1 + value")
        timed(epnet, spec, "stationary grid, 1,000 x 1,000", 1000000, 1, threads, report)


def florentine(epnet, repeats, threads, report):
    path = os.path.join(ROOT, "docs", "examples", "florentine.toml")
    text = open(path).read()
    with open(os.path.join(ROOT, "docs", "examples", "florentine.csv")) as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    links = [line.split(",")[:2] for line in lines[1:]]  # after the header
    names, edges = [], []
    for source, target in links:
        names += [name for name in (source, target) if name not in names]
        edges += [(names.index(source), names.index(target)), (names.index(target), names.index(source))]
    flips = [float(m[1]) if (m := re.search(rf"^{key} = (\S+)", text, re.M)) else 1.0
             for key in ("flip_up", "flip_down")]

    def make_point(row):
        total, n = float(row["copy_total"]), len(names)
        drive = float(row["drive"]) if "drive" in row else float(re.search(r"^drive = (\S+)", text, re.M)[1])
        return Point(n, [flips[0]] * n, [flips[1]] * n, edges, [total / len(edges)] * len(edges), [drive] * len(edges))

    with tempfile.TemporaryDirectory() as folder:
        grid = os.path.join(folder, "check.nc")
        epnet.run(path, grid, threads)
        rows = epnet.table(grid)
        whole = ["entropy", "multiinformation", "entropy_production", "environment_entropy_flow", "activity"]
        worst = compare([rows[len(rows) // 2]], make_point, whole)
    report(section="check", name="florentine.toml", nodes=len(names), points=1, value=worst,
           unit="relative to 1 + value")
    timed(epnet, path, "florentine.toml, 32,768 states a point", len(rows), repeats, threads, report)


def falsify(epnet, threads, report):
    """100,000 starts of the worst-case search at N = 2; the worst case, run as a spec, must show the ratio again."""
    for bound in ("network", "cut_energy", "cut_bandwidth"):
        with tempfile.TemporaryDirectory() as folder:
            spec, grid = os.path.join(folder, "worst.toml"), os.path.join(folder, "check.nc")
            line = epnet.call("falsify", bound, "--nodes", 2, "--starts", 100000, "--threads", threads, "-o", spec,
                              "--json").splitlines()[-1]
            done = json.loads(line)
            epnet.run(spec, grid, 1)
            row = epnet.table(grid)[-1]
            if done["left"] in row and abs(float(row[done["left"]]) / done["left_value"] - 1) > 1e-6:
                raise Failed(f"falsify {bound}: its worst case gives {row[done['left']]}, not {done['left_value']}")
        report(section="run", name=f"falsify {bound}, N = 2", points=100000, threads=threads, value=done["elapsed"],
               unit="s")


def all_runs(epnet, repeats, report, quick):
    threads = len(CORES)
    if quick:
        return
    envelope(epnet, repeats, threads, report)
    florentine(epnet, repeats, threads, report)
    falsify(epnet, threads, report)


