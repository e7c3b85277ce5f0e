#!/usr/bin/env python3
"""make gpu-check: build the core for this machine's GPU, check it, look at it with compute-sanitizer, measure it, and
measure what else is installed. docs/gpu.md, "Measuring on your card", says how to read the results.

It takes nvcc, a C++ compiler, CMake 3.25 and Python 3.6, downloads nothing, and ends within nine minutes: each stage has
its time, and what a stage has found so far is on disk. Results: DATE-gpu.csv and DATE-gpu.md in bench/results, or in
EPNET_RESULTS, where the stages' logs then lie too, eight files at most. The first stage that fails ends it, but for a
tool's own failure; so do SIGINT, SIGTERM and SIGHUP, which leave nothing running. The page is written all the same.
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
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8",
                              errors="replace", timeout=30).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def say(text, file=sys.stdout):
    """Print what may hold anything, in any locale."""
    encoding = file.encoding or "ascii"
    print(text.encode(encoding, "replace").decode(encoding), file=file, flush=True)


class Stopped(BaseException):
    """A signal ends the run. No Exception: nobody takes it for an error that can be dealt with."""

    def __init__(self, number):
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.code = 128 + number


class Signals:
    """SIGINT, SIGTERM and SIGHUP as one exception, the first that comes. While they are held it waits: a program that is
    being started or ended has to be known, else it would be left running."""

    def __init__(self):
        self.held, self.number, self.raised = False, None, False

    def listen(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup's, and a shell's for what is in the background
                signal.signal(number, self.take)

    def take(self, number, _):
        self.number = self.number or number
        self.let_through()

    def let_through(self):
        if self.number and not self.held and not self.raised:
            self.raised = True
            raise Stopped(self.number)

    def release(self):
        self.held = False
        self.let_through()


SIGNALS = Signals()


def find_tool(name):
    """A program of the CUDA toolkit, whose folder is often not on the PATH."""
    folders = [os.path.join(os.environ[key], "bin") for key in ("CUDA_PATH", "CUDA_HOME") if key in os.environ]
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders + ["/usr/local/cuda/bin"]))


def cmake_version():
    found = re.search(r"version (\d+)\.(\d+)", output_of(["cmake", "--version"]))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def run_until(command, file, seconds):
    """The exit code of a command that writes into a file; None if its time was over. Nothing of it is left then, nor if a
    signal comes: the programs that it started go with it."""
    SIGNALS.held = True
    try:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=ROOT, start_new_session=True)
    except OSError:
        SIGNALS.release()
        raise
    try:
        SIGNALS.release()
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        SIGNALS.held = True
        if process.poll() is None:  # else its number may be another's by now
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        SIGNALS.release()


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
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
                              timeout=30)
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
        elif self.driver_wanted():
            self.missing.append(self.driver_wanted())

    def toolkit(self):
        """(12, 8); None if nvcc does not say."""
        found = re.search(r"release (\d+)\.(\d+)", output_of([self.nvcc, "--version"]) if self.nvcc else "")
        return (int(found[1]), int(found[2])) if found else None

    def driver_wanted(self):
        """What the driver is too old for; "" if nothing. One of the toolkit's major release runs machine code made for
        the card; what it has to compile itself (PTX) must not be newer than it is."""
        toolkit, driver = self.toolkit(), tuple(self.driver.get("cuda", ()))
        if not toolkit or not driver or driver >= toolkit:
            return ""
        versions = "this one is for CUDA %d.%d, nvcc is of CUDA %d.%d" % (driver + toolkit)
        if driver[0] < toolkit[0]:
            return f"a driver for CUDA {toolkit[0]} or later: {versions}"
        if self.architecture():
            return ""
        return (f"a driver for CUDA {toolkit[0]}.{toolkit[1]} or later: {versions} and makes no machine code for compute "
                f"capability {self.driver['capability']}")

    def architecture(self):
        """As CMake wants it: "90-real". None where the build's own list has to serve: the device is not known, or is
        one that this nvcc does not know; the driver compiles the newest of the list for that."""
        digits = self.driver.get("capability", "").replace(".", "")
        known = output_of([self.nvcc, "--list-gpu-arch"]).split() if self.nvcc else []
        return f"{digits}-real" if f"compute_{digits}" in known else None

    def facts(self):
        compiler = output_of([os.environ.get("CXX", "c++"), "--version"]).splitlines()
        toolkit = self.toolkit()
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            model = re.search(r"model name\s*: (.*)", file.read())
        commit = output_of(["git", "-C", ROOT, "describe", "--always", "--dirty"])
        known = {"name": "{}", "capability": "compute capability {}", "clock": "at most {}", "driver": "driver {}",
                 "refusal": "{}", "unknown": "not known: {}"}
        said = ", ".join(form.format(self.driver[key]) for key, form in known.items() if key in self.driver)
        return {"CUDA's driver": said, "nvidia-smi": self.nvidia_smi, "CUDA toolkit": "%d.%d" % toolkit if toolkit else "",
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
        # Among the results a log has a name that no other run's has.
        self.log_prefix = os.path.basename(stem) + "-" if arguments.logs else ""
        self.stages = []  # name, verdict, seconds
        self.running = None  # name and begin of the stage at work
        self.failed = False  # something that does not end the run, but fails it
        for folder in (arguments.results, arguments.build, self.logs):
            os.makedirs(folder, exist_ok=True)

    def begin(self, name):
        self.running = name, time.monotonic()
        return self.running[1]

    def log_of(self, name):
        return os.path.join(self.logs, f"{self.log_prefix}{name}.log")

    def left(self, share):
        """Seconds for a stage: its share, less where the whole has run long."""
        return max(5.0, min(share, TOTAL - (time.monotonic() - self.start)))

    def note(self, name, verdict, seconds=0.0):
        self.running = None
        self.stages.append((name, verdict, seconds))
        say(f"gpu-check: {name}: {verdict} ({seconds:.0f} s)")
        self.write_page()

    def write_page(self):
        gpu_page.write(self.page, self.csv, self.machine.facts(), self.stages,
                       os.path.join(self.arguments.build, "ptxas"))

    def stage(self, name, commands, share, may_be_cut=False):
        """Run the commands one after the other; whether all ended well."""
        begun = self.begin(name)
        limit = begun + self.left(share)
        verdict = "ok"
        with open(self.log_of(name), "w", encoding="utf-8", errors="replace") as log:
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
        # What the folder's cache has of an earlier card goes first.
        configure = ["cmake", "--preset", "gpu", "-B", build, "-DEPNET_CUDA=ON", f"-DEPNET_NVCC={self.machine.nvcc}",
                     "-UCMAKE_CUDA_ARCHITECTURES"]
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
        begun, log = self.begin(name), self.log_of(name)
        with open(log, "w", encoding="utf-8", errors="replace") as file:
            try:
                code = run_until(command, file, self.left(40))
            except OSError as reason:
                file.write(f"========= {reason}\n")
                code = reason.strerror
        seconds = time.monotonic() - begun
        with open(log, encoding="utf-8", errors="replace") as file:
            text = file.read()
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
        with open(self.csv, "a", newline="", encoding="utf-8") as file:
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
        try:
            good = all(stage() for stage in stages) and not self.failed  # ends at the first that fails
        except Stopped as stopped:
            name, begun = self.running or ("between two stages", time.monotonic())
            self.note(name, str(stopped), time.monotonic() - begun)
            say(f"gpu-check: {stopped}: {self.page}", sys.stderr)
            return stopped.code
        say(f"gpu-check: {'all is well' if good else 'FAILED'}: {self.page}")
        return 0 if good else 1


def show_end(path, lines=15):
    with open(path, "rb") as file:
        sys.stdout.buffer.write(b"".join(file.readlines()[-lines:]))
    sys.stdout.flush()


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
    SIGNALS.listen()
    try:
        machine = Machine(arguments.device)
        if arguments.build_it and machine.missing:
            say("gpu-check: this machine lacks\n  " + "\n  ".join(machine.missing), sys.stderr)
            return 1
        arguments.program = os.path.abspath(arguments.program or os.path.join(arguments.build, "epnet_gpu"))
        return Run(arguments, machine).all()
    except Stopped as stopped:
        say(f"gpu-check: {stopped}", sys.stderr)
        return stopped.code


if __name__ == "__main__":
    sys.exit(main())
