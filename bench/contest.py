"""Trajectories of the same points by epnet and by whatever else is installed, in one run, on one core.

Everything is checked against one reference (uniformization in numpy, networks.py) before it is timed, and is given the
loosest of its settings that agrees with it to LIMIT. Then all run in turn, round after round; a ratio is that of the
times of one round. Seconds are processor time of computing: neither start-up nor files nor compilation.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

import numpy

from networks import TIMES, Network, entropies
from programs import ROOT, Failed, on_one_core, output_of

LIMIT = 1e-8  # nat: H and I at every sampled time
SIZES = {5: 64, 6: 64, 8: 32, 10: 8, 12: 4}  # points
PEERS = os.path.join(ROOT, "bench", "peers")
SUNDIALS = ["-lsundials_cvode", "-lsundials_nvecserial", "-lsundials_sunlinsolspgmr",
            "-lsundials_sunnonlinsolfixedpoint"]


def spread(values):
    return {"value": statistics.median(values), "low": min(values), "high": max(values)}


# ---- contestants: name, setting, error, points; once() gives microseconds a point ------------------------------------

class Ours:
    def __init__(self, epnet, spec, name, points, error):
        self.epnet, self.spec, self.name, self.points, self.error = epnet, spec, name, points, error
        self.setting, self.applications = "tolerance 1e-09", None

    def once(self):
        rows = self.epnet.events("bench", self.spec, "--threads", 1, "--repeats", 1, one_core=True)
        row = next(row for row in rows if row.get("section") == "sweep")
        self.applications = row["applications"]
        return row["value"]

    def close(self):
        pass


class Compiled:
    """A program in C (peers/*.c): PROGRAM CASE ROWS METHOD SETTING RUNS."""

    def __init__(self, program, name, method, settings, case, points, reference, folder):
        self.command = [program, case, os.path.join(folder, "rows"), method]
        self.name, self.points, best = name, points, numpy.inf
        for text, value in settings:
            seconds = self.call(value, 1)
            rows = numpy.fromfile(self.command[2]).reshape(points, len(TIMES), 4)
            self.error = float(numpy.abs(rows[:, 1:, :2] - reference[:, 1:]).max())
            best = min(best, self.error)
            if self.error <= LIMIT:
                self.setting, self.value = f"{method}, {text}", value
                self.runs = max(1, int(0.1 / max(seconds, 1e-5)))
                self.seconds = seconds
                return
        raise Failed(f"differs from the reference by {best:.1e} nat at its tightest setting")

    def call(self, value, runs):
        done = subprocess.run(self.command + [repr(value), str(runs)], capture_output=True, text=True,
                              preexec_fn=on_one_core)
        if done.returncode != 0:
            raise Failed(done.stderr.strip())
        return float(done.stdout)

    def once(self):
        return 1e6 * self.call(self.value, self.runs) / self.points

    def close(self):
        pass


class Remote:
    """One peer of a worker (peers/worker.py)."""

    def __init__(self, process, about):
        self.process, self.index = process, about["index"]
        self.name, self.setting, self.points, self.error = (about[k] for k in ("peer", "setting", "points", "error"))

    def once(self):
        self.process.stdin.write(f"{self.index}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{self.name}: its process ended")
        return 1e6 * json.loads(line)["seconds"] / self.points

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def build_compiled(folder):
    """Path of each program in C that can be built, and why the others cannot."""
    paths, absent = {}, {}
    for name, libraries in (("plain", []), ("cvode", SUNDIALS)):
        path = os.path.join(folder, name)
        sources = [os.path.join(PEERS, f"{name}.c"), os.path.join(PEERS, "case.c")]
        if output_of(["cc", "-O2", *sources, "-o", path, *libraries, "-lm"]) is None:
            absent[name] = "does not compile" + (": apt install libsundials-dev" if libraries else "")
        else:
            paths[name] = path
    return paths, absent


def write_case(network, path):
    points = network.points()
    with open(path, "w") as file:
        print(network.nodes, len(network.edges), len(points), len(TIMES), file=file)
        for values in ([i for i, _ in network.edges], [j for _, j in network.edges], network.up, network.down,
                       network.drive, [rate for p in points for rate in p.rate], TIMES):
            print(*(repr(float(v)) if not isinstance(v, int) else v for v in values), file=file)


def compiled_peers(network, reference, folder, report):
    paths, absent = build_compiled(folder)
    for name, reason in absent.items():
        report(name={"plain": "plain C", "cvode": "SUNDIALS CVODE"}[name], nodes=network.nodes, absent=reason)
    case, points = os.path.join(folder, "case"), len(network.copy_totals)
    write_case(network, case)
    least = max(1, int(max(p.exit.max() for p in network.points()) * 0.1 * 2 / 2.7) + 1)
    tolerances = [(f"tolerance {t:g}", t) for t in (1e-8, 1e-9, 1e-10, 1e-11, 1e-12)]
    wanted = [("plain", "plain C, RK4", "rk4", [(f"{least << k} steps an interval", least << k) for k in range(7)]),
              ("plain", "plain C, Chebyshev", "chebyshev", tolerances[1:]),
              ("cvode", "SUNDIALS CVODE", "adams", tolerances), ("cvode", "SUNDIALS CVODE", "bdf", tolerances)]
    made = {}
    for program, name, method, settings in wanted:
        if program not in paths or (method == "rk4" and network.nodes > 10):
            continue
        try:
            peer = Compiled(paths[program], name, method, settings, case, points, reference, folder)
        except Failed as reason:
            print(f"{name}, {method}: {reason}", file=sys.stderr)
            continue
        if name not in made or peer.seconds < made[name].seconds:
            made[name] = peer
    return list(made.values())


def worker_peers(python, network, reference_path, budget, report):
    made = []
    for family in ("scipy", "jax", "qutip"):
        command = [python, "-W", "ignore", os.path.join(PEERS, "worker.py"), family, str(network.nodes),
                   str(len(network.copy_totals)), reference_path, str(budget)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   preexec_fn=on_one_core)
        for line in process.stdout:
            about = json.loads(line)
            if "ready" in about:
                break
            if "absent" in about:
                report(name=about["peer"], nodes=network.nodes, absent=about["absent"])
            else:
                made.append(Remote(process, about))
        else:
            report(name=family, nodes=network.nodes, absent="its process ended")
    return made


# ---- validation of our own -------------------------------------------------------------------------------------------

def check_trajectories(epnet, network, spec, folder, reference):
    """H and I of all points at all times, and every column of some points at some times, from the definitions. Returns
    the largest error of H and I, and of all columns (relative to 1 + the value)."""
    grid = os.path.join(folder, "check.nc")
    epnet.run(spec, grid, 1, ["output.trajectories=true"])
    rows = epnet.table(grid, "trajectory")
    ours = numpy.array([[float(row["entropy"]), float(row["multiinformation"])] for row in rows])
    error = float(numpy.abs(ours.reshape(reference.shape) - reference)[:, 1:].max())
    worst, points = 0.0, network.points()
    for k in {0, len(points) // 2, len(points) - 1} if network.nodes <= 8 else {len(points) // 2}:
        laws = points[k].trajectory()
        for t in (1, 4, 10, 50, 100):
            row = rows[k * len(TIMES) + t]
            for name, value in points[k].columns(laws[t]).items():
                if name in row:
                    worst = max(worst, abs(float(row[name]) - value) / (1 + abs(value)))
    if not (error <= LIMIT and worst <= LIMIT):
        raise Failed(f"N = {network.nodes}: H and I differ from the reference by {error:.1e}, columns by {worst:.1e}")
    return error, worst


# ---- the contest -----------------------------------------------------------------------------------------------------

def contest(epnet, python, nodes, rounds, budget, report):
    network = Network(nodes, SIZES[nodes])
    points = len(network.copy_totals)
    reference = numpy.array([entropies(p.trajectory(), p.bits) for p in network.points()])
    with tempfile.TemporaryDirectory() as folder:
        specs = {}
        for name, cut in (("without a cut", False), ("with a cut", True)):
            specs[name] = os.path.join(folder, f"cut{cut:d}.toml")
            with open(specs[name], "w") as file:
                file.write(network.spec(cut))
        reference_path = os.path.join(folder, "reference.npy")
        numpy.save(reference_path, reference)
        error, worst = check_trajectories(epnet, network, specs["with a cut"], folder, reference)
        report(section="check", name="trajectories, every column", nodes=nodes, points=points, value=worst,
               unit="relative to 1 + value")
        ours = [Ours(epnet, specs[name], f"epnet, {name}", points, error) for name in specs]
        peers = compiled_peers(network, reference, folder, report)
        peers += worker_peers(python, network, reference_path, budget, report)
        times = {c.name: [] for c in ours + peers}
        try:
            for _ in range(rounds):
                for contestant in ours + peers:
                    times[contestant.name].append(contestant.once())
        finally:
            for contestant in peers:
                contestant.close()
        base = times[ours[0].name]
        for contestant in ours + peers:
            mine, ratio = times[contestant.name], {}
            if contestant is not ours[0]:
                ratios = [a / b for a, b in zip(mine, base)]
                ratio = {"ratio": statistics.median(mine) / statistics.median(base), "ratio_low": min(ratios),
                         "ratio_high": max(ratios)}
            report(section="contest", name=contestant.name, nodes=nodes, points=contestant.points, threads=1,
                   unit="us a point", error=contestant.error, setting=contestant.setting,
                   applications=getattr(contestant, "applications", None), **spread(mine), **ratio)
