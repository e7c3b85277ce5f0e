#!/usr/bin/env python3
"""make gpu-check: build the core for this machine's GPU, check it, look at it with compute-sanitizer, measure it, and
measure what else is installed. docs/gpu.md, "Measuring on your card", says how to read the results.

It takes nvcc, a C++ compiler, CMake and Python 3, downloads nothing, and ends within nine minutes: each stage has its
time, and what a stage has found so far is on disk. Results: DATE-gpu.csv and DATE-gpu.md in bench/results, or in
EPNET_RESULTS, where the stages' logs then lie too. The first stage that fails ends it, but for a tool's own failure; the
page is written all the same.
"""
import argparse
import csv
import datetime
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import gpu_page

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOTAL = 520  # s


def output_of(command):
    """What a command prints, "" if it cannot be run."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def find_tool(name):
    """A program of the CUDA toolkit, whose folder is often not on the PATH."""
    folders = [os.path.join(os.environ[key], "bin") for key in ("CUDA_PATH", "CUDA_HOME") if key in os.environ]
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders + ["/usr/local/cuda/bin"]))


def cmake_version():
    found = re.search(r"version (\d+)\.(\d+)", output_of(["cmake", "--version"]))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def run_until(command, file, seconds):
    """The exit code of a command that writes into a file; None if its time was over: then nothing of it is left, the
    programs that it started included."""
    process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=ROOT, start_new_session=True)
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def ask_driver(device):
    """gpu_device.py in a process of its own: what it does to this one, and how long it takes, is not known."""
    script = os.path.join(ROOT, "bench", "gpu_device.py")
    try:
        return json.loads(output_of([sys.executable, script, str(device)]))
    except ValueError:
        return {"unknown": "asking the driver failed"}


def ask_nvidia_smi():
    """Cards as nvidia-smi lists them, which need not be in CUDA's order; or why it lists none, in its words."""
    command = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total,clocks.max.sm", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except OSError:
        return "not there"
    except subprocess.TimeoutExpired:
        return "it does not answer"
    said = "; ".join(line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip())
    return said if done.returncode == 0 else f"it fails: {said or done.returncode}"


class Machine:
    """What is here, and what is missing."""

    def __init__(self, device):
        self.driver = ask_driver(device)
        self.nvidia_smi = ask_nvidia_smi()
        self.nvcc = find_tool("nvcc")
        self.missing = []
        if not self.nvcc:
            self.missing.append("nvcc, the CUDA compiler (looked on PATH, in CUDA_PATH, CUDA_HOME, /usr/local/cuda)")
        if not shutil.which("cmake"):
            self.missing.append("cmake")
        elif cmake_version() < (3, 25):
            self.missing.append("CMake 3.25 or later: this one is %d.%d" % cmake_version())
        if not any(shutil.which(name) for name in (os.environ.get("CXX", ""), "c++", "g++", "clang++") if name):
            self.missing.append("a C++ compiler")
        if "refusal" in self.driver:
            self.missing.append(f"a GPU that CUDA can use: {self.driver['refusal']} (nvidia-smi: {self.nvidia_smi})")

    def architecture(self):
        """As CMake wants it: "90-real". None where the build's own list has to serve: the device is not known, or is
        one that this nvcc does not know; the driver compiles the newest of the list for that."""
        digits = self.driver.get("capability", "").replace(".", "")
        known = output_of([self.nvcc, "--list-gpu-arch"]).split() if self.nvcc else []
        return f"{digits}-real" if f"compute_{digits}" in known else None

    def facts(self):
        compiler = output_of([os.environ.get("CXX", "c++"), "--version"]).splitlines()
        toolkit = re.search(r"release ([\d.]+)", output_of([self.nvcc, "--version"]) if self.nvcc else "")
        model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
        commit = output_of(["git", "-C", ROOT, "describe", "--always", "--dirty"])
        known = {"name": "{}", "capability": "compute capability {}", "clock": "at most {}", "driver": "driver {}",
                 "refusal": "{}", "unknown": "not known: {}"}
        said = ", ".join(form.format(self.driver[key]) for key, form in known.items() if key in self.driver)
        return {"CUDA's driver": said, "nvidia-smi": self.nvidia_smi, "CUDA toolkit": toolkit.group(1) if toolkit else "",
                "C++ compiler": compiler[0] if compiler else "",
                "host": f"{model.group(1) if model else 'unknown processor'}, {os.cpu_count()} cores",
                "source": commit or "not a clone"}


def results_stem(folder):
    """A name that no earlier results have."""
    stem = os.path.join(folder, datetime.date.today().isoformat() + "-gpu")
    numbered = (stem if k == 1 else f"{stem}-{k}" for k in itertools.count(1))
    return next(s for s in numbered if not any(os.path.exists(s + end) for end in (".csv", ".md")))


# What compute-sanitizer prints of a finding; all else that begins with its mark is about itself.
FINDING = re.compile(r"^=+ .*(Invalid __\w+__|Invalid (read|write|atomic)|Misaligned|[Oo]ut[- ]of[- ]bounds"
                     r"|\b(RAW|WAR|WAW) hazard|Race reported|Barrier error|Divergent thread|Stack overflow|Illegal ).*",
                     re.M)
ERRORS_FOUND = 9  # its exit code then
CHECKED = re.compile(r"^check .*  (ok|FAILED)(  |$)", re.M)


class Run:
    """The stages: each is a command with a time and a log."""

    def __init__(self, arguments, machine):
        self.arguments, self.machine = arguments, machine
        self.start = time.monotonic()
        stem = results_stem(arguments.results)
        self.csv, self.page = stem + ".csv", stem + ".md"
        self.logs = arguments.results if arguments.logs else os.path.join(arguments.build, "logs")
        self.stages = []  # name, verdict, seconds
        self.failed = False  # something that does not end the run, but fails it
        for folder in (arguments.results, arguments.build, self.logs):
            os.makedirs(folder, exist_ok=True)

    def left(self, share):
        """Seconds for a stage: its share, less where the whole has run long."""
        return max(5.0, min(share, TOTAL - (time.monotonic() - self.start)))

    def note(self, name, verdict, seconds=0.0):
        self.stages.append((name, verdict, seconds))
        print(f"gpu-check: {name}: {verdict} ({seconds:.0f} s)", flush=True)
        self.write_page()

    def write_page(self):
        gpu_page.write(self.page, self.csv, self.machine.facts(), self.stages,
                       os.path.join(self.arguments.build, "ptxas"))

    def stage(self, name, commands, share, may_be_cut=False):
        """Run the commands one after the other; whether all ended well."""
        begun = time.monotonic()
        limit = begun + self.left(share)
        verdict = "ok"
        with open(os.path.join(self.logs, name.replace(" ", "-") + ".log"), "w") as log:
            for command in commands:
                log.write("$ " + " ".join(command) + "\n")
                log.flush()
                try:
                    code = run_until(command, log, max(1.0, limit - time.monotonic()))
                    if code is None:
                        verdict = "cut short: its time was over"
                        break
                except OSError as reason:
                    log.write(f"{reason}\n")
                    code = reason.strerror
                if code != 0:
                    verdict = f"FAILED ({code})"
                    break
        self.note(name, verdict, time.monotonic() - begun)
        if verdict.startswith("FAILED"):
            show_end(log.name)
        return verdict == "ok" or (may_be_cut and not verdict.startswith("FAILED"))

    # ---- the stages, in their order ----

    def build(self):
        build = self.arguments.build
        configure = ["cmake", "--preset", "gpu", "-B", build, "-DEPNET_CUDA=ON", f"-DEPNET_NVCC={self.machine.nvcc}"]
        if self.machine.architecture():
            configure.append(f"-DCMAKE_CUDA_ARCHITECTURES={self.machine.architecture()}")
        return self.stage("build", [configure, ["cmake", "--build", build, "-j", str(os.cpu_count())]], 180)

    def epnet_gpu(self, verb, share, *more):
        return [self.arguments.program, verb, "--device", str(self.arguments.device), "--size", self.arguments.size,
                "--seconds", f"{self.left(share):.0f}", *more]

    def check(self):
        return self.stage("check", [self.epnet_gpu("check", 80, "--csv", self.csv)], 110)

    def sanitize(self):
        tool = self.arguments.sanitizer or find_tool("compute-sanitizer")
        names = ("memcheck", "racecheck")
        if not self.arguments.build_it and not self.arguments.sanitizer:
            tool, why = None, "the program was built elsewhere"
        else:
            why = "there is no compute-sanitizer"
        if not tool:
            for name in names:
                self.note_sanitizer(name, "not done", 0, why, 0.0)
            return True
        # What the backend asks of the runtime may be refused, and is then dealt with: only accesses are looked at.
        options = {"memcheck": ["--report-api-errors", "no"], "racecheck": []}
        return all(self.sanitize_with(name, [tool, "--tool", name, *options[name], "--error-exitcode", str(ERRORS_FOUND),
                                             self.arguments.program, "check", "--device", str(self.arguments.device),
                                             "--size", "small", "--seconds", "20"]) for name in names)

    def sanitize_with(self, name, command):
        """False where the tool found something. That it fails, or has no time, is no reason to go no further."""
        begun = time.monotonic()
        log = os.path.join(self.logs, name + ".log")
        with open(log, "w") as file:
            try:
                code = run_until(command, file, self.left(40))
            except OSError as reason:
                file.write(f"========= {reason}\n")
                code = reason.strerror
        seconds = time.monotonic() - begun
        text = open(log, errors="replace").read()
        verdicts = [found[1] for found in CHECKED.finditer(text)]
        finding = FINDING.search(text)
        if finding or "FAILED" in verdicts:
            self.failed = True
            reason = finding[0].strip("= ") if finding else f"{verdicts.count('FAILED')} of them fail"
            self.note_sanitizer(name, "FAILED", len(verdicts), reason, seconds)
            show_end(log)
            return not finding  # else what fails passes without the tool: the rest is worth having
        marked = re.findall(r"^=+ +(?!COMPUTE-SANITIZER|(?:ERROR|RACECHECK) SUMMARY: 0)(\S.*)$", text, re.M)
        ended = "its time was over" if code is None else f"exit code {code}"
        reason = "" if code == 0 else f"{'; '.join(marked[:2])} ({ended})" if marked else ended
        if not verdicts:
            self.note_sanitizer(name, "not done", 0, reason or "no check was begun", seconds)
        elif code == ERRORS_FOUND:  # in words that are not known here
            self.failed = True
            self.note_sanitizer(name, "FAILED", len(verdicts), reason, seconds)
        elif code == 0:
            self.note_sanitizer(name, "ok", len(verdicts), "", seconds)
        else:
            self.note_sanitizer(name, "cut short", len(verdicts), f"nothing found until then; {reason}", seconds)
        return True

    def note_sanitizer(self, name, verdict, checks, reason, seconds):
        """A line of the CSV file, and the stage's."""
        new = not os.path.exists(self.csv)
        with open(self.csv, "a", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if new:
                writer.writerow(gpu_page.HEADER)
            writer.writerow(["sanitizer", name, 0, 0, "checks under it", checks, "", "", "", "", verdict, reason])
        number = f"{checks} check{'' if checks == 1 else 's'} under it"
        self.note(name, f"{verdict}: {number}{', ' + reason if reason else ''}", seconds)

    def bench(self):
        points = os.path.join(self.logs if not self.arguments.logs else self.arguments.build, "peers.json")
        if os.path.exists(points):  # of an earlier run
            os.remove(points)
        commands = [self.epnet_gpu("bench", 110, "--csv", self.csv, "--peers", points)]
        good = self.stage("bench", commands, 150, may_be_cut=True)
        if good and os.path.exists(points):
            seconds = self.left(80)
            self.stage("peers", [[sys.executable, os.path.join(ROOT, "bench", "gpu_peers.py"), points, "--csv", self.csv,
                                  "--seconds", f"{seconds:.0f}"]], 110, may_be_cut=True)
        return good

    def all(self):
        stages = [self.check, self.sanitize, self.bench]
        if self.arguments.build_it:
            stages.insert(0, self.build)
        good = all(stage() for stage in stages) and not self.failed  # ends at the first that fails
        print(f"gpu-check: {'all is well' if good else 'FAILED'}: {self.page}")
        return 0 if good else 1


def show_end(path, lines=15):
    with open(path, errors="replace") as file:
        sys.stdout.write("".join(file.readlines()[-lines:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default=os.environ.get("EPNET_RESULTS"), help="folder of the results")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "gpu"), help="build folder")
    parser.add_argument("--device", type=int, default=0, help="which GPU")
    parser.add_argument("--size", default="full", choices=("tiny", "small", "full"))
    parser.add_argument("--program", help="an epnet_gpu that is built already; the machine is not looked at")
    parser.add_argument("--sanitizer", help="compute-sanitizer, where it is not the one that is found")
    arguments = parser.parse_args()
    arguments.logs = arguments.results is not None
    arguments.results = os.path.abspath(arguments.results or os.path.join(ROOT, "bench", "results"))
    arguments.build = os.path.abspath(arguments.build)
    arguments.build_it = arguments.program is None
    machine = Machine(arguments.device)
    if arguments.build_it and machine.missing:
        print("gpu-check: this machine lacks\n  " + "\n  ".join(machine.missing), file=sys.stderr)
        return 1
    arguments.program = os.path.abspath(arguments.program or os.path.join(arguments.build, "epnet_gpu"))
    return Run(arguments, machine).all()


if __name__ == "__main__":
    sys.exit(main())
