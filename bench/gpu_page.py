"""The page of `make gpu-check`: a Markdown file from the lines of its CSV file, as far as they go."""
import collections
import csv
import glob
import os
import re
import shutil
import subprocess


HEADER = "section,name,nodes,points,quantity,value,low,high,unit,limit,verdict,note".split(",")


def number(text):
    """Four digits at most, as a person reads them."""
    return f"{float(text):.4g}" if text else ""


def table(head, rows):
    """Lines of a Markdown table; none without rows."""
    if not rows:
        return []
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + [
        "| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |" for row in rows] + [""]


def spread(row):
    return f"{number(row['low'])} .. {number(row['high'])}" if row["low"] else ""


def check_lines(rows):
    """How many checks there were, the worst of each kind, and every one that failed."""
    checks = [r for r in rows if r["section"] == "check"]
    failed = [r for r in checks if r["verdict"] == "FAILED"]
    left = [r for r in checks if r["verdict"] == "left out"]
    groups = collections.OrderedDict()
    for row in checks:
        if row["value"]:
            groups.setdefault(re.split(r"[,:]", row["name"])[0], []).append(row)
    lines = [f"{len(checks) - len(left)} checks, {len(failed)} failed, {len(left)} left out.", ""]
    lines += table(["check", "number", "N", "worst", "allowed there"], [
        [name, len(group), f"{min(int(r['nodes']) for r in group)} .. {max(int(r['nodes']) for r in group)}",
         *worst_of(group)] for name, group in groups.items()])
    lines += table(["failed", "N", "worst", "allowed", "note"],
                   [[r["name"], r["nodes"], number(r["value"]), number(r["limit"]), r["note"]] for r in failed])
    lines += table(["left out", "N", "why"], [[r["name"], r["nodes"], r["note"]] for r in left])
    return lines


def worst_of(group):
    """The row nearest to its limit: value and limit."""
    def nearness(row):
        value, limit = float(row["value"]), float(row["limit"])
        return value / limit if limit > 0 else value
    row = max(group, key=nearness)
    return number(row["value"]), number(row["limit"])


def size_of(row):
    """N, and the topology where it is not the usual one."""
    return row["nodes"] + (", complete graph" if row["name"].endswith("complete graph") else "")


def by_size(rows):
    return sorted(rows, key=lambda r: (int(r["nodes"]), r["name"]))


def steps_lines(rows):
    found = [r for r in rows if r["section"] == "steps"]
    return table(["N", "points", "applications of L x points, 1/s", "spread", "bound (computed)", "fraction of it"], [
        [size_of(r), r["points"], number(r["value"]), spread(r), number(r["limit"]),
         f"{float(r['value']) / float(r['limit']):.2f}" if r["limit"] else ""]
        for r in by_size(found) if r["value"]])


def trajectory_lines(rows):
    cpu = {(r["nodes"], r["name"]): r for r in rows if r["section"] == "cpu"}
    found = [r for r in rows if r["section"] == "trajectories" and r["value"]]
    cells = []
    for r in by_size(found):
        other = cpu.get((r["nodes"], r["name"]))
        cells.append([size_of(r), r["points"], number(r["value"]), spread(r), number(other["value"]) if other else "",
                      f"{float(r['value']) / float(other['value']):.3g}" if other else ""])
    return table(["N", "points", "trajectories/s", "spread", "our CPU backend, all cores", "ratio"], cells)


def plain_lines(rows, section):
    return table(["what", "N", "points", "quantity", "value", "spread", "unit", "note"], [
        [r["name"], r["nodes"], r["points"], r["quantity"], number(r["value"]), spread(r), r["unit"],
         " ".join(filter(None, (r["verdict"], r["note"])))] for r in rows if r["section"] == section])


def application_lines(rows):
    """Milliseconds and bytes per second of one application of each size, beside copies within the device."""
    found = [r for r in rows if r["section"] == "application" and r["value"]]
    times = {size_of(r): r for r in found if r["quantity"] == "time"}
    lines = [f"Copies within the device: {number(r['value'])} GB/s, read and written." for r in found
             if r["name"].startswith("copy")] + [""]
    return lines + table(["N", "ms", "spread", "GB/s", "of the copies'", "note"], [
        [size_of(r), number(times[size_of(r)]["value"]), spread(times[size_of(r)]), number(r["value"]),
         f"{float(r['value']) / float(r['limit']):.2f}" if r["limit"] else "", r["note"]]
        for r in by_size(found) if r["quantity"] == "bytes" and size_of(r) in times])


def demangled(names):
    """As in the source. What has a name of one file alone carries that file's before it."""
    names = [re.sub(r"^__nv_static_\w*?__(?=_?ZN?\d)", "", name) for name in names]
    names = [name if not name.startswith("ZN") else "_" + name for name in names]
    if not names or not shutil.which("c++filt"):
        return names
    text = subprocess.run(["c++filt", "-p"], input="\n".join(names), stdout=subprocess.PIPE, encoding="utf-8",
                          errors="replace").stdout
    return [line.replace("(anonymous namespace)::", "") for line in text.splitlines()] or names


def kernel_lines(rows):
    """Every kernel as it is linked, in the device's own words."""
    found = [r for r in rows if r["section"] == "kernel"]
    names = demangled([r["name"] for r in found])
    return table(["kernel", "laid out for N", "registers", "local memory, shared memory, block, blocks at once"], [
        [f"`{name}`", r["nodes"] if r["nodes"] != "0" else "", number(r["value"]),
         " ".join(filter(None, (r["verdict"], r["note"])))] for name, r in zip(names, found)])


def lines_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.readlines()


def register_lines(folder):
    """Registers and spills of every kernel from what ptxas said in the build."""
    kernels = []
    for path in sorted(glob.glob(os.path.join(folder, "*.log"))):
        name = architecture = spills = None
        for line in lines_of(path):
            entry = re.search(r"Compiling entry function '(\S+)' for '(\S+)'", line)
            if entry:
                name, architecture = entry.groups()
            stack = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line)
            if stack:
                spills = stack.groups()
            used = re.search(r"Used (\d+) registers", line)
            if used and name:
                kernels.append([name, architecture, used.group(1), *(spills or ("", "", ""))])
                name = None
    for kernel, plain in zip(kernels, demangled([k[0] for k in kernels])):
        kernel[0] = f"`{plain}`"
    return table(["kernel", "architecture", "registers", "stack", "spill stores", "spill loads"], kernels)


def write(path, csv_path, facts, stages, ptxas):
    """Write the page; `stages` are (name, verdict, seconds)."""
    rows = []
    if os.path.exists(csv_path):
        with open(csv_path, newline="", encoding="utf-8", errors="replace") as file:
            rows = list(csv.DictReader(file))
    sections = [
        ("Checks", "The device against the CPU backend; differences in the units that the note of each line in "
         f"{os.path.basename(csv_path)} names.", check_lines(rows)),
        ("Time loop", "Trajectories with one sample at the end: nothing but applications of L. The bound is computed from "
         "compiled code and the data sheet of an H200, for that card alone.", steps_lines(rows)),
        ("Trajectories", "All columns at 101 times, tolerance 1e-9, from parameters in host memory to the last rows and "
         "extremes in host memory. Wall clock, median of repeats after a warm-up.", trajectory_lines(rows)),
        ("Sweeps", "Through the worker pool of `epnet run`, without writing a file.", plain_lines(rows, "sweep")),
        ("Single applications", "A difference of two runs of RK4 steps; GB/s counts every probability read and written "
         "once.", application_lines(rows) + plain_lines(rows, "sparse")),
        ("Stationary laws", "Of up to 7 nodes, by cuBLAS's batched LU and by our elimination. Device events: laws alone, "
         "LU from matrices that lie ready, ours from rates. Wall clock: laws and rows of all columns, transfers included.",
         plain_lines(rows, "dense")),
        ("Other tools", "The same points in the same run, each validated against our rows first. A table: p and three "
         "columns at every time come to the host, of ours all columns. Last: the three columns at the end and the largest "
         "multiinformation, of ours all last columns and extremes. Ratios are between the two tables and between the two "
         "others.", plain_lines(rows, "peer")),
        ("Kernels as linked", "What the device says of the kernels of the program that was measured, in the layout that the "
         "backend gives them.", kernel_lines(rows)),
        ("Kernels as compiled", "What ptxas said of each file alone: a kernel that calls a function of another file gets, "
         "when they are linked, the most registers that either takes.", register_lines(ptxas)),
    ]
    lines = ["# GPU results, " + os.path.splitext(os.path.basename(path))[0].replace("-gpu", ""), "",
             f"Written by `make gpu-check`; every line is in {os.path.basename(csv_path)}.", ""]
    devices = [["device", r["note"]] for r in rows if r["section"] == "device"][:1]
    lines += table(["", ""], devices + [[name, value] for name, value in facts.items()])
    lines += table(["stage", "result", "s"], [[n, v, f"{s:.0f}"] for n, v, s in stages])
    for title, text, body in sections:
        if any(body):
            lines += [f"## {title}", "", text, "", *body]
    with open(path, "w", encoding="utf-8", errors="replace") as file:
        file.write("\n".join(lines).rstrip() + "\n")
