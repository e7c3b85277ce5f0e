#!/usr/bin/env python3
"""Instructions of the resident time loops: instructions.py [--write] OBJECTS CUOBJDUMP NVCC

Disassembles the trajectory kernels (compute capability 9.0; OBJECTS: one argument, separated by semicolons) and counts
what one application of L takes per thread, of the innermost loop that applies it; compares with instructions.txt beside this file: more exchange or more accesses by
an address that may be of any memory is an error. --write makes the table anew. Without the disassembler, with another
release of nvcc, or in a build for other architectures, nothing is compared (exit 77)."""

import collections
import pathlib
import re
import shutil
import subprocess
import sys

from registers import nvcc_release

TABLE = pathlib.Path(__file__).with_name("instructions.txt")
HEADER = """# Instructions per thread of one application of L in the time loops (sm_90): nodes N, states of a thread, FP64
# arithmetic, exchange by shuffles and shared memory (SHFL, LDS, STS), the wavefronts of shared memory and shuffles that
# these are per state (a shuffle moves 4 bytes a lane, a wavefront 128 bytes; broadcasts take one), accesses of device
# memory, local memory (spills), all. From the disassembly. From 14 nodes on both ways to an exit rate are counted: the
# 32 accesses of memory of a device without room for the tables, and the tables, whose 64 reads take one wavefront each,
# not two, so that 2 of the wavefronts per state are too many.
# Made by: tests/cuda/instructions.py --write OBJECTS cuobjdump nvcc
"""
FUNCTION = re.compile(r"epnet_(polynomial_(?:in_registers|stored)|tiles_apply)I10EpnetShapeILi(\d+)ELi(\d+)ELi(\d+)EE(?:Lb([01])E)?")
INSTRUCTION = re.compile(r"\s*/\*([0-9a-f]{4,6})\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)(.*?);")


def loops_of(text):
    """[(counts by opcode)] of every loop, a backward branch, of a function."""
    code = [(int(m[1], 16), m[2], m[3]) for m in map(INSTRUCTION.match, text.splitlines()) if m]
    for at, name, rest in code:
        target = re.search(r"0x([0-9a-f]+)", rest) if name.startswith("BRA") else None
        if target and int(target[1], 16) < at:
            yield collections.Counter(kind_of(n) for a, n, _ in code if int(target[1], 16) <= a <= at)


def kind_of(name):
    parts = name.split(".")
    return parts[0] + (".128" if "128" in parts and parts[0] == "LDS" else "")


def measured(objects, tool):
    text = "".join(subprocess.run([tool, "-sass", "-arch", "sm_90", file], check=True, capture_output=True, text=True).stdout
                   for file in objects.split(";"))
    if "Function : " not in text:
        print("instructions: nothing in the build is for sm_90: not compared")
        sys.exit(77)
    rows, tiled = {}, collections.defaultdict(collections.Counter)
    for part in re.split(r"\n\s*Function : ", text)[1:]:
        found = FUNCTION.search(part.split("\n")[0])
        if not found:
            continue
        r, t, b = (int(x) for x in found.groups()[1:4])
        states, nodes, applications = 1 << r, r + t + b, 2 if b == 0 else 1
        # With stored rates there is a loop of Chebyshev's recurrence, which takes three more of a state, and one without.
        each_takes = states * (nodes + 3 if found[1] == "polynomial_stored" else nodes)
        candidates = [c for c in loops_of(part) if c["DFMA"] >= applications * each_takes]
        if not candidates:
            continue
        c = min(candidates, key=lambda c: sum(c.values()))
        if found[1] == "polynomial_stored":
            applications = c["DFMA"] // each_takes # short loops are unrolled
        each = {name: count / applications for name, count in c.items()}
        if found[5]: # in tiles, one application in three of a Chebyshev series adds to the sum
            for name, count in each.items():
                tiled[nodes][name] += count * (1 if found[5] == "1" else 2) / 3
            each = tiled[nodes]
        get = lambda *names: sum(each.get(name, 0) for name in names)
        # With exchange through shared memory, 8-byte reads are of partners, but for two rows of tables.
        wavefronts = get("SHFL") + 2 * get("LDS", "STS") + get("LDS.128")
        rows[nodes] = [states, round(get("DFMA", "DADD", "DMUL")), round(get("SHFL", "LDS", "LDS.128", "STS")),
                       round(wavefronts / states, 1), round(get("LD", "ST", "LDG", "STG")), round(get("LDL", "STL")),
                       round(sum(each.values()))]
    return rows


def main():
    objects, tool, nvcc = [a for a in sys.argv[1:] if a != "--write"]
    if not shutil.which(tool):
        print("instructions: no cuobjdump: not compared")
        sys.exit(77)
    release, rows = nvcc_release(nvcc), measured(objects, tool)
    if not rows:
        sys.exit(f"instructions: no time loop found in {objects}")
    if "--write" in sys.argv:
        with TABLE.open("w") as table:
            table.write(f"{HEADER}# nvcc {release}\n")
            table.write(f"{'# N':>5} {'states':>7} {'fp64':>6} {'exchange':>9} {'wavefronts':>11} {'memory':>7} {'local':>6} {'all':>6}\n")
            for nodes, row in sorted(rows.items()):
                table.write("{:5} {:7} {:6} {:9} {:11} {:7} {:6} {:6}\n".format(nodes, *row))
        return
    lines = TABLE.read_text().splitlines()
    if next(line.split()[2] for line in lines if line.startswith("# nvcc ")) != release:
        print(f"instructions: the table is of another nvcc than {release}: not compared")
        sys.exit(77)
    table = {int(line.split()[0]): line.split()[1:] for line in lines if not line.lstrip().startswith("#")}
    errors = []
    for nodes in sorted(set(rows) | set(table)):
        if nodes not in table or nodes not in rows:
            errors.append(f"N = {nodes}: only in the {'build' if nodes in rows else 'table'}")
            continue
        for what, at in (("exchange", 2), ("memory", 4), ("local memory", 5)):
            if rows[nodes][at] > float(table[nodes][at]):
                errors.append(f"N = {nodes}: {rows[nodes][at]} instructions of {what}, the table says {table[nodes][at]}")
    print(f"{len(rows)} time loops")
    if errors:
        print("\n".join(errors))
        sys.exit("instructions: if this is meant, make the table anew with --write")


if __name__ == "__main__":
    main()
