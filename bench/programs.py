"""Running programs: epnet, and whatever else is compared with it; what is compared runs on one core."""
import csv
import json
import os
import subprocess
import time

# The CPU alone, for epnet and for what is compared with it, also where there is a GPU (`make gpu-check` is for that).
os.environ["CUDA_VISIBLE_DEVICES"] = ""

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORES = sorted(os.sched_getaffinity(0))


class Failed(Exception):
    """A program failed, or gave something else than it should."""


def on_one_core():
    os.sched_setaffinity(0, {CORES[-1]})


def output_of(command, **settings):
    """What a command prints; None if it is not there or fails."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, **settings).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


class Epnet:
    def __init__(self, program):
        self.program = program

    def call(self, *arguments, one_core=False):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True,
                              preexec_fn=on_one_core if one_core else None)
        if done.returncode != 0:
            raise Failed(f"epnet {' '.join(map(str, arguments))}: exit code {done.returncode}: "
                         f"{done.stderr.strip() or done.stdout.strip()[-300:]}")
        return done.stdout

    def events(self, *arguments, one_core=False):
        """What a command with --json prints, line by line."""
        return [json.loads(line) for line in self.call(*arguments, "--json", one_core=one_core).splitlines()]

    def run(self, spec, output, threads, settings=()):
        """A whole run, from reading the spec to the synced grid file: seconds, and the most memory in bytes."""
        if os.path.exists(output):
            os.remove(output)
        command = [self.program, "run", spec, "-o", output, "--quiet", "--threads", str(threads)]
        command += [word for setting in settings for word in ("--set", setting)]
        start = time.perf_counter()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        message = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failed(f"{' '.join(command)}: exit code {process.returncode}: {message.strip()}")
        return time.perf_counter() - start, usage.ru_maxrss * 1024

    def table(self, grid, name="points"):
        return list(csv.DictReader(self.call("export", grid, "--table", name).splitlines()))
