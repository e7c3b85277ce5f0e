#!/usr/bin/env python3
"""Registers, stack and spills of every kernel: registers.py [--write] LOG_FOLDER OBJECTS NVCC

Reads what ptxas said when the kernels were compiled (LOG_FOLDER/*.log, kept by cmake/keep_ptxas_log.sh) and what the
device linker says of OBJECTS (one argument, separated by semicolons), and compares both with registers.txt beside this
file: a kernel or function that is not in the table, one that is gone, one that spills more than the table says, or a
kernel that as linked takes more registers is an error. Compared are the architectures of the build. --write makes the
table anew. Another release of nvcc allocates otherwise, and another architecture has no rows: then nothing is compared
(exit 77)."""

import pathlib
import re
import subprocess
import sys
import tempfile

TABLE = pathlib.Path(__file__).with_name("registers.txt")
HEADER = """# Registers per thread, bytes of stack, bytes spilled (stores + loads) of every kernel, and of every device function
# that is called and not inlined ("-": the caller's registers), per architecture; from ptxas. "linked": registers of
# the kernel in the program, which are those of the greediest function that it calls, and set how many blocks a
# multiprocessor holds; from nvlink.
# Made by: tests/cuda/registers.py --write build/release/ptxas "$(echo OBJECTS | tr ' ' ';')" nvcc
"""


def nvcc_release(nvcc):
    text = subprocess.run([nvcc, "--version"], check=True, capture_output=True, text=True).stdout
    return re.search(r"release ([\d.]+)", text).group(1)


def readable(names):
    """Mangled names as a reader knows them: without parameters, and without the file's own hash."""
    plain = [re.sub(r"^__nv_static_.*?__Z", "_Z", name) for name in names]
    text = subprocess.run(["c++filt"], input="\n".join(plain), check=True, capture_output=True, text=True).stdout
    result = {}
    for mangled, name in zip(names, text.splitlines()):
        name = re.sub(r"_INTERNAL_\w+::|\(anonymous namespace\)::", "", name)
        name = name.replace("(int)", "").replace("(bool)", "")
        name = re.sub(r"^(?:void|bool|double|EpnetPointStatus|EpnetStateSums|EpnetNodeSums) ", "", name)
        depth = 0
        for at, letter in enumerate(name):
            depth += (letter == "<") - (letter == ">")
            if letter == "(" and depth == 0:
                name = name[:at]
                break
        result[mangled] = name.replace(" ", "")
    return result


def measured(folder):
    """{(source, mangled name, architecture): [registers or None, stack, spilled]}"""
    found = {}
    kernels = TABLE.parents[2] / "kernels"
    for log in sorted(pathlib.Path(folder).glob("*.log")):
        if not (kernels / f"{log.stem}.cu").exists():
            continue # of a source that is gone
        order = []
        for line in log.read_text().splitlines():
            if match := re.search(r"Compiling entry function '(\w+)' for 'sm_(\d+)'", line):
                order.append(("kernel", match.group(1), match.group(2)))
            elif match := re.search(r"Function properties for (\w+)", line):
                order.append(("function", match.group(1), None))
            elif match := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
                order.append(("stack", int(match.group(1)), int(match.group(2)) + int(match.group(3))))
            elif match := re.search(r"Used (\d+) registers", line):
                order.append(("registers", int(match.group(1)), None))
            elif "bytes gmem" in line:
                order.append(("module", None, None))
        found.update(modules(log.stem, order))
    known = sorted({a for _, _, a in found if not a.startswith("#")}, key=int)
    return {(source, name, known[int(a[1:])] if a.startswith("#") else a): row
            for (source, name, a), row in found.items()}


def linked(objects, architectures, nvcc):
    """{(mangled name, architecture): registers of the kernel as linked}"""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for architecture in architectures:
            command = [nvcc, "-dlink", f"-gencode=arch=compute_{architecture},code=sm_{architecture}", "-Xnvlink", "-v",
                       *objects, "-o", f"{folder}/linked.o"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            name = None
            for line in (done.stdout + done.stderr).splitlines():
                if match := re.search(r"Function properties for '(.*)'", line):
                    name = match.group(1)
                elif match := re.search(r"used (\d+) registers", line):
                    found[name, architecture] = int(match.group(1))
    return found


def modules(source, order):
    """One compilation is reported as: functions in any order, kernels with their architecture; a new one begins with
    its global memory. Functions take the architecture of the kernels they stand with, or "#" and their turn: nvcc goes
    through the architectures in order."""
    groups, found = [], {}
    for item in order:
        if item[0] == "module":
            groups.append([])
        elif groups:
            groups[-1].append(item)
    for place, group in enumerate(groups):
        names = {architecture for kind, _, architecture in group if kind == "kernel"}
        architecture = names.pop() if names else f"#{place}"
        kernels = {name for kind, name, _ in group if kind == "kernel"}
        current = None
        for kind, value, extra in group:
            if kind == "function":
                current = value
                found[source, current, architecture] = [None, 0, 0]
            elif kind == "stack" and current:
                found[source, current, architecture][1:] = [value, extra]
            elif kind == "registers" and current in kernels:
                found[source, current, architecture][0] = value
    return found


def read_table():
    """The release of nvcc that the table is of, and its rows."""
    lines = TABLE.read_text().splitlines()
    release = next(line.split()[2] for line in lines if line.startswith("# nvcc "))
    table = {}
    for line in lines:
        if not line.startswith("#"):
            source, name, architecture, _, of_link, _, spilled = line.split()
            table[source, name, architecture] = (None if of_link == "-" else int(of_link), int(spilled))
    return release, table


def write_table(rows, release):
    shown = lambda number: "-" if number is None else number
    with TABLE.open("w") as table:
        table.write(f"{HEADER}# nvcc {release}\n")
        table.write(f"{'# source':20} {'function':58} {'sm':>4} {'registers':>9} {'linked':>6} {'stack':>6} {'spilled':>7}\n")
        for (source, name, architecture), (registers, of_link, stack, spilled) in sorted(rows.items()):
            table.write(f"{source:20} {name:58} {architecture:>4} {shown(registers):>9} {shown(of_link):>6} {stack:6} "
                        f"{spilled:7}\n")


def compare(rows, table):
    for key in sorted(set(rows) | set(table)):
        place = "{}.cu: {}, sm_{}".format(*key)
        if key not in table:
            yield f"{place}: not in the table"
        elif key not in rows:
            yield f"{place}: in the table, but not in the build"
        else:
            _, of_link, _, spilled = rows[key]
            if spilled > table[key][1]:
                yield f"{place}: spills {spilled} bytes, the table says {table[key][1]}"
            if of_link is not None and of_link > (table[key][0] or 0):
                yield f"{place}: takes {of_link} registers as linked, the table says {table[key][0]}"


def architectures(rows):
    return {architecture for _, _, architecture in rows}


def of_architectures(rows, wanted):
    return {key: row for key, row in rows.items() if key[2] in wanted}


def skip(reason):
    print(f"registers: {reason}: not compared")
    sys.exit(77)


def main():
    folder, objects, nvcc = [a for a in sys.argv[1:] if a != "--write"]
    release = nvcc_release(nvcc)
    found = measured(folder)
    if not found:
        sys.exit(f"registers: nothing from ptxas in {folder}")
    if "--write" not in sys.argv:
        written_by, table = read_table()
        if written_by != release:
            skip(f"the table is of nvcc {written_by}, this is {release}")
        common = architectures(found) & architectures(table)
        if not common:
            skip(f"the table has sm_{', sm_'.join(sorted(architectures(table), key=int))}, "
                 f"the build sm_{', sm_'.join(sorted(architectures(found), key=int))}")
        found, table = of_architectures(found, common), of_architectures(table, common)
    of_link = linked(objects.split(";"), sorted(architectures(found)), nvcc)
    names = readable(sorted({name for _, name, _ in found}))
    link_names = readable(sorted({name for name, _ in of_link}))
    by_name = {(link_names[name], architecture): registers for (name, architecture), registers in of_link.items()}
    rows = {(source, names[name], architecture):
                (registers, by_name.get((names[name], architecture)) if registers is not None else None, stack, spilled)
            for (source, name, architecture), (registers, stack, spilled) in found.items()}
    missing = [key for key, row in rows.items() if row[0] is not None and row[1] is None]
    if missing:
        sys.exit(f"registers: nvlink says nothing of {missing[0]}")
    if "--write" in sys.argv:
        write_table(rows, release)
        return
    errors = list(compare(rows, table))
    print(f"{len(rows)} functions, {sum(r[3] > 0 for r in rows.values())} of them spill")
    if errors:
        print("\n".join(errors))
        sys.exit(f"registers: if this is meant, make the table anew: tests/cuda/registers.py --write {folder} "
                 f"'{objects}' {nvcc}")


if __name__ == "__main__":
    main()
