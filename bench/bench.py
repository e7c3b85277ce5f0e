#!/usr/bin/env python3
"""Validate, then time: epnet's sweeps, and scipy's expm_multiply on the same points where scipy is installed.

Every configuration is checked before it is timed: a few of its points are recomputed here with numpy and scipy from
the definitions (or, without scipy, against the reference number of the worked example). Times of epnet are those of
whole runs, from reading the spec to the synced grid file. Prints a table; writes a dated CSV to bench/results/.
"""
import argparse
import csv
import datetime
import json
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import numpy
    import scipy
    import scipy.sparse
    import scipy.sparse.linalg
except ImportError:
    numpy = scipy = None

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Network:
    """A random asymmetric network, as a spec and as a scipy generator."""

    def __init__(self, nodes, seed):
        draw = random.Random(seed)
        self.nodes = nodes
        self.edges = [(i, j, round(10 ** draw.uniform(-1, 1), 6)) for i in range(nodes) for j in range(nodes) if i != j]
        self.up = [round(draw.uniform(0.3, 3), 6) for _ in range(nodes)]
        self.down = [round(draw.uniform(0.3, 3), 6) for _ in range(nodes)]
        self.drive = 2.0

    def spec(self, points):
        """A trajectory sweep over copy_total: T = 10 s, 101 samples, tolerance 1e-9, every observable."""
        edges = ", ".join(f"[{i}, {j}, {w}]" for i, j, w in self.edges)
        return f"""[network]
nodes = {self.nodes}
edges = [{edges}]
drive = {self.drive}
flip_up = {self.up}
flip_down = {self.down}
[observe]
cut = [0, 1]
[output]
trajectories = true
[sweep]
copy_total = {{ from = 0.5, to = 5.0, points = {points} }}
"""

    def generator(self, copy_total):
        """L^T as CSR, from the definition of the channels."""
        states = 1 << self.nodes
        scale = copy_total / sum(w for _, _, w in self.edges)
        rows, columns, values = [], [], []
        for s in range(states):
            leaving = 0.0
            for j in range(self.nodes):
                x = s >> j & 1
                rate = self.down[j] if x else self.up[j]
                for i, k, w in self.edges:
                    if k == j:
                        rate += scale * w * (1.0 if (s >> i & 1) != x else math.exp(-self.drive))
                rows.append(s ^ 1 << j), columns.append(s), values.append(rate)
                leaving += rate
            rows.append(s), columns.append(s), values.append(-leaving)
        return scipy.sparse.csr_matrix((values, (rows, columns)), shape=(states, states))


def multiinformation(p, nodes):
    def entropy(q):
        q = q[q > 0]
        return -(q * numpy.log(q)).sum()

    cube = p.reshape((2,) * nodes)
    marginals = (cube.sum(axis=tuple(a for a in range(nodes) if a != i)) for i in range(nodes))
    return sum(entropy(m) for m in marginals) - entropy(p)


def run_epnet(program, spec_path, folder, repeats, threads, settings=()):
    """Whole runs of a spec: seconds of each, and the last grid file."""
    seconds = []
    output = os.path.join(folder, "bench.nc")
    for _ in range(repeats):
        if os.path.exists(output):
            os.remove(output)
        command = [program, "run", spec_path, "-o", output, "--json", "--threads", str(threads)]
        command += [word for setting in settings for word in ("--set", setting)]
        start = time.perf_counter()
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        seconds.append(time.perf_counter() - start)
        done = json.loads(lines[-1])
        if done["points_failed"] != 0:
            sys.exit(f"{spec_path}: {lines[-1]}")
    return seconds, output


def table(program, grid, name):
    text = subprocess.run([program, "export", grid, "--table", name], check=True, capture_output=True, text=True).stdout
    return list(csv.DictReader(text.splitlines()))


def spread(seconds):
    return statistics.median(seconds), min(seconds), max(seconds)


def against_scipy(args, nodes, points, peer_points, results):
    """Trajectories of a random network, timed as a sweep that keeps their last rows and extremes; a few of its points,
    in a run that keeps all rows, against scipy's expm_multiply, which is timed on them."""
    network = Network(nodes, seed=nodes)
    times = numpy.linspace(0, 10, 101) if scipy else None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.toml")
        with open(path, "w") as file:
            file.write(network.spec(points))
        seconds, _ = run_epnet(args.program, path, folder, args.repeats, 1, ["output.trajectories=false"])
        median, low, high = spread(seconds)
        row = {"case": f"trajectories N={nodes}", "points": points, "threads": 1, "seconds": median,
               "seconds_min": low, "seconds_max": high, "us_per_point": 1e6 * median / points}
        if scipy:
            kept = max(8, peer_points)
            _, grid = run_epnet(args.program, path, folder, 1, 1, [f"sweep.copy_total.points={kept}"])
            rows = table(args.program, grid, "trajectory")
            peers, worst = [], 0.0
            for k in range(peer_points):
                at = k * (kept - 1) // max(1, peer_points - 1)
                mine = rows[at * 101:(at + 1) * 101]
                generator = network.generator(float(mine[0]["copy_total"]))
                start_state = numpy.zeros(1 << nodes)
                start_state[0] = 1
                start = time.perf_counter()
                states = scipy.sparse.linalg.expm_multiply(generator, start_state, start=0, stop=10, num=101)
                peers.append(time.perf_counter() - start)
                worst = max(worst, max(abs(multiinformation(states[t], nodes) - float(mine[t]["multiinformation"]))
                                       for t in range(len(times))))
            if worst > 1e-8:
                sys.exit(f"N={nodes}: multiinformation differs from scipy's by {worst:.1e} nat")
            peer = statistics.median(peers)
            row.update({"worst_difference": worst, "scipy_us_per_point": 1e6 * peer,
                        "ratio_to_scipy": peer / (median / points), "scipy_min_us": 1e6 * min(peers),
                        "scipy_max_us": 1e6 * max(peers)})
        results.append(row)


def example(args, name, threads, results):
    path = os.path.join(ROOT, "docs", "examples", name)
    with tempfile.TemporaryDirectory() as folder:
        seconds, grid = run_epnet(args.program, path, folder, args.repeats, threads)
        points = len(table(args.program, grid, "points"))
    median, low, high = spread(seconds)
    results.append({"case": name, "points": points, "threads": threads, "seconds": median, "seconds_min": low,
                    "seconds_max": high, "us_per_point": 1e6 * median / points})


ENVELOPE = """[network]
nodes = 5
[observe]
cut = [0, 1]
[solve]
kind = "stationary"
{leak}
[sweep]
{axis} = {{ from = 0.1, to = 10.0, points = 64, scale = "log" }}
copy_total = {{ from = 0.1, to = 1000.0, points = 64, scale = "log" }}
"""


def envelope_stages(args, threads, results):
    """The 64 x 64 (sigma, copy_total) grid, stage by stage: what each adds to the one before."""
    stages = (
        ("stationary laws alone", ENVELOPE.format(leak="", axis="drive")),
        ("and the drive for sigma", ENVELOPE.format(leak="", axis="sigma")),
        ("and the leak's quench", ENVELOPE.format(leak="[leak]\nbootstrap = 10", axis="sigma")),
        ("and 1,000 bootstraps", ENVELOPE.format(leak="[leak]\nbootstrap = 1000", axis="sigma")),
    )
    for name, text in stages:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "envelope.toml")
            with open(path, "w") as file:
                file.write(text)
            seconds, _ = run_epnet(args.program, path, folder, args.repeats, threads)
        median, low, high = spread(seconds)
        results.append({"case": f"envelope: {name}", "points": 4096, "threads": threads, "seconds": median,
                        "seconds_min": low, "seconds_max": high, "us_per_point": 1e6 * median / 4096})


def falsify(args, threads, results):
    """100,000 starts of the worst-case search at N = 2."""
    for bound in ("network", "leak", "cut_energy", "cut_bandwidth", "envelope"):
        with tempfile.TemporaryDirectory() as folder:
            command = [args.program, "falsify", bound, "--nodes", "2", "--starts", "100000", "--threads", str(threads),
                       "-o", os.path.join(folder, "worst.toml"), "--quiet"]
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds = time.perf_counter() - start
        results.append({"case": f"falsify {bound}", "points": 100000, "threads": threads, "seconds": seconds,
                        "seconds_min": seconds, "seconds_max": seconds, "us_per_point": 10 * seconds})


def validate(args):
    """The worked example against its reference number."""
    with tempfile.TemporaryDirectory() as folder:
        _, grid = run_epnet(args.program, os.path.join(ROOT, "docs", "examples", "worked-example.toml"), folder, 1, 1)
        value = float(table(args.program, grid, "points")[0]["multiinformation"])
    if abs(value - 0.0354341117876) > 1e-11:
        sys.exit(f"worked example: I(10 s) = {value} nat, expected 0.0354341117876")


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "release", "epnet"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-results", action="store_true", help="print only, write no file")
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    validate(args)
    results = []
    example(args, "envelope.toml", cores, results)
    example(args, "florentine.toml", cores, results)
    envelope_stages(args, cores, results)
    falsify(args, cores, results)
    for nodes, points, peers in ((5, 20000, 5), (6, 10000, 5), (8, 1600, 5), (10, 80, 3), (12, 16, 1)):
        against_scipy(args, nodes, points, peers, results)

    print(f"{processor()}, {cores} cores; medians of {args.repeats} whole runs (minimum .. maximum)")
    if scipy is None:
        print("scipy is not installed: no comparison with expm_multiply")
    print(f"{'case':36}{'points':>8}{'threads':>9}{'seconds':>24}{'us/point':>12}{'scipy us/point':>16}{'ratio':>8}")
    for row in results:
        seconds = f"{row['seconds']:.3f} ({row['seconds_min']:.3f} .. {row['seconds_max']:.3f})"
        peer = f"{row['scipy_us_per_point']:16.0f}{row['ratio_to_scipy']:8.0f}" if "ratio_to_scipy" in row else ""
        print(f"{row['case']:36}{row['points']:>8}{row['threads']:>9}{seconds:>24}{row['us_per_point']:12.1f}{peer}")
    if not args.no_results:
        os.makedirs(os.path.join(ROOT, "bench", "results"), exist_ok=True)
        path = os.path.join(ROOT, "bench", "results", f"{datetime.date.today()}-cpu.csv")
        names = sorted({name for row in results for name in row}, key=lambda n: (n != "case", n))
        with open(path, "w", newline="") as file:
            file.write(f"# {processor()}, {cores} cores, python {platform.python_version()}, "
                       f"scipy {scipy.__version__ if scipy else 'absent'}\n")
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(results)
        print(f"written: {os.path.relpath(path, os.getcwd())}")


if __name__ == "__main__":
    main()
