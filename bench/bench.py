#!/usr/bin/env python3
"""make bench: epnet's own checks and times, whole runs, and other programs on the same points in the same run.

Everything is checked before it is timed: epnet's suite by itself (epnet bench), whole runs and trajectories against
numpy from the definitions, every peer against the same reference. Prints tables, among them the targets; writes a dated
CSV to bench/results and a figure. docs/bench.md says what the figures mean and with which settings peers run.
"""
import argparse
import csv
import datetime
import importlib.util
import os
import platform
import subprocess
import sys

import targets
from programs import CORES, ROOT, Epnet, Failed, output_of

FIELDS = ("section name nodes points threads value low high unit ratio ratio_low ratio_high error setting "
          "applications ns_per_state_bit of_peak of_copy memory_mb").split()
RESULTS = os.path.join(ROOT, "bench", "results")


class Report:
    """Rows as they come: printed, and kept for the CSV."""

    def __init__(self):
        self.records, self.absent, self.section = [], {}, None

    def __call__(self, **record):
        if "absent" in record:
            self.absent.setdefault(record["name"], record["absent"])
            return
        self.records.append(record)
        self.show(record)

    def heading(self, text):
        print(f"\n{text}", flush=True)

    def show(self, r):
        size = f"N = {r['nodes']:<3}" if r.get("nodes") else " " * 7
        spread = f"({r['low']:.4g} .. {r['high']:.4g})" if r.get("low") is not None else ""
        line = f"  {size} {r['name']:<44} {r['value']:>10.4g} {r.get('unit', ''):<12}{spread:<24}"
        if r.get("ratio") is not None:
            line += f" x {r['ratio']:<7.4g} ({r['ratio_low']:.3g} .. {r['ratio_high']:.3g})"
        if r.get("error") is not None:
            line += f"  error {r['error']:.0e}  {r.get('setting', '')}"
        if r.get("memory_mb") is not None:
            line += f" {r['memory_mb']:.0f} MB"
        print(line.rstrip(), flush=True)


def suite(epnet, report, arguments):
    """epnet bench: rows as the program prints them."""
    options = ["--threads", len(CORES)] + (["--quick"] if arguments.quick else [])
    for event in epnet.events("bench", *options):
        if event["event"] == "done":
            print(f"  {event['checks']} checks passed")
        elif event["section"] == "check":
            report.records.append(event | {"unit": f"allowed {event['limit']:g}"})
        else:
            report.records.append(event)
    print(epnet_table(report.records))


def epnet_table(records):
    lines = [f"  {'':28}{'thr':>4}{'N':>4}{'median':>12}  {'least .. largest':<24}{'ns/s/b':>8}{'peak':>8}{'copy':>8}"]
    for r in records:
        if r["section"] == "check" or r.get("value") is None:
            continue
        spread = f"{r['low']:.4g} .. {r['high']:.4g}" if r.get("low") is not None else ""
        figures = "".join(f"{r[k]:8.3g}" if r.get(k) is not None else " " * 8
                          for k in ("ns_per_state_bit", "of_peak", "of_copy"))
        lines.append(f"  {r['section'] + ', ' + r['name']:<32.32}{r['threads']:>2}{r['nodes'] or '':>4}"
                     f"{r['value']:>12.4g}  {spread:<24}{figures}  {r['unit']}")
    return "\n".join(lines)


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def versions(epnet, python):
    """What the figures depend on, a line each."""
    script = ("import importlib.metadata as m\nfor p in 'numpy scipy jax diffrax qutip'.split():\n try: "
              "print(p, m.version(p), end=', ')\n except m.PackageNotFoundError: print(p, 'absent', end=', ')")
    sundials = (output_of(["dpkg-query", "-W", "-f", "${Version}", "libsundials-dev"]) or "absent").strip()
    return [f"{processor()}, {len(CORES)} cores; {platform.system()} {platform.release()}",
            "epnet: " + epnet.events("info")[0]["build"],
            f"cc {(output_of(['cc', '-dumpfullversion']) or 'unknown').strip()} -O2 for plain C and CVODE",
            f"python {platform.python_version()}, {(output_of([python, '-c', script]) or '').rstrip(', ')}, "
            f"sundials {sundials}"]


def results_path():
    """A name that no earlier results have."""
    os.makedirs(RESULTS, exist_ok=True)
    for k in range(1, 1000):
        path = os.path.join(RESULTS, f"{datetime.date.today()}-cpu{'' if k == 1 else f'-{k}'}.csv")
        if not os.path.exists(path):
            return path


def write(path, records, about):
    with open(path, "w", newline="") as file:
        for line in about:
            file.write(f"# {line}\n")
        writer = csv.DictWriter(file, FIELDS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for record in records:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in record.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "release", "epnet"))
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the peers in Python")
    parser.add_argument("--rounds", type=int, default=5, help="of the contest with peers, and repeats of whole runs")
    parser.add_argument("--only", choices=("suite", "runs", "contest"), help="leave the other parts out")
    parser.add_argument("--nodes", type=int, nargs="*", help="sizes of the contest (default: 5 6 8 10 12)")
    parser.add_argument("--quick", action="store_true", help="a short look, without results: whether all of it works")
    parser.add_argument("--no-results", action="store_true", help="print only, write no file")
    arguments = parser.parse_args()
    epnet, report = Epnet(arguments.program), Report()
    about = versions(epnet, arguments.python)
    print("\n".join(about))

    if arguments.only in (None, "suite"):
        report.heading("epnet bench: checks, then times of computing")
        suite(epnet, report, arguments)
    if importlib.util.find_spec("numpy") is None:
        print("\nnumpy is not installed: no whole runs, no peers (bench/README.md says how to install them)")
    else:
        import contest
        import whole_runs
        if arguments.only in (None, "runs"):
            report.heading("Whole runs, from the spec to the synced grid file")
            whole_runs.all_runs(epnet, arguments.rounds, report, arguments.quick)
        sizes = arguments.nodes or ([5] if arguments.quick else list(contest.SIZES))
        for nodes in sizes if arguments.only in (None, "contest") else []:
            report.heading(f"Trajectories of {contest.SIZES[nodes]} points, N = {nodes}: 101 times, one core; ratios to "
                           f"epnet without a cut")
            contest.contest(epnet, arguments.python, nodes, 1 if arguments.quick else arguments.rounds,
                            0.1 if arguments.quick else 0.25, report)

    report.heading("Targets")
    for name, wanted, measured, met in targets.rows(report.records):
        verdict = {None: "", True: "met", False: "MISSED"}[met]
        print(f"  {name:<50} {wanted:<12} {measured:<52} {verdict}")
    if report.absent:
        report.heading("Not installed, and how to have it (bench/README.md)")
        for name, reason in report.absent.items():
            print(f"  {name}: {reason}")
    if not (arguments.no_results or arguments.quick):
        path = results_path()
        write(path, report.records, about)
        print(f"\nwritten: {os.path.relpath(path)}")
        if arguments.only is None:
            figure = os.path.splitext(path)[0] + ".png"
            script = os.path.join(ROOT, "bench", "figure.py")
            if subprocess.run([sys.executable, script, path, figure]).returncode == 0:
                print(f"drawn:   {os.path.relpath(figure)}")


if __name__ == "__main__":
    try:
        main()
    except Failed as reason:
        sys.exit(f"bench: {reason}")
    except KeyboardInterrupt:
        sys.exit(130)
