"""What the program is to reach on one AVX-512 core (two where it says so), beside what was measured in this run."""

TRAJECTORY = {5: 25, 6: 50, 8: 170, 10: 2000, 12: 12000}  # us, without a cut
APPLICATION = {20: 1.3, 24: 35, 26: 180}  # ms, two threads


def find(records, **wanted):
    return next((r for r in records if all(r.get(k) == v for k, v in wanted.items()) and r.get("value") is not None),
                None)


def ratios(records, nodes, *names):
    """The least ratio among peers whose name begins so: the one that is hardest to beat."""
    found = [r for r in records if r["section"] == "contest" and r["nodes"] == nodes and "ratio" in r and
             any(r["name"].startswith(name) for name in names)]
    return min(found, key=lambda r: r["ratio"], default=None)


def rows(records):
    """(target, what is wanted, what was measured, met or None: not measured)."""
    def line(name, wanted, record, value, met):
        return (name, wanted, "not measured" if record is None else value(record),
                None if record is None else met(record))

    for n, limit in TRAJECTORY.items():
        yield line(f"trajectory, N = {n}", f"{limit} us", find(records, section="contest", nodes=n,
                                                               name="epnet, without a cut"),
                   lambda r: f"{r['value']:.4g} us ({r['low']:.4g} .. {r['high']:.4g})",
                   lambda r, limit=limit: r["value"] <= limit)
    for n, least, *names in ((5, 10, "plain C"), (10, 5, "plain C"), (5, 1500, "scipy expm_multiply"),
                             (8, 250, "scipy expm_multiply"), (10, 40, "scipy expm_multiply"), (5, 20, "diffrax"),
                             (6, 20, "diffrax"), (8, 20, "diffrax"), (10, 20, "diffrax")):
        yield line(f"{names[0]} beaten, N = {n}", f"{least} times", ratios(records, n, *names),
                   lambda r: f"{r['ratio']:.3g} times ({r['ratio_low']:.3g} .. {r['ratio_high']:.3g}), {r['name']}",
                   lambda r, least=least: r["ratio"] >= least)
    for n, limit in APPLICATION.items():
        record = find(records, section="application", nodes=n, threads=2)
        yield line(f"one application, N = {n}, 2 threads", f"{limit} ms", record,
                   lambda r: f"{r['value'] / 1e3:.4g} ms ({r['low'] / 1e3:.4g} .. {r['high'] / 1e3:.4g})",
                   lambda r, limit=limit: r["value"] <= 1e3 * limit)
    yield line("one application, N = 22, over copying its vectors", "4 times",
               find(records, section="application", nodes=22, threads=2), lambda r: f"{1 / r['of_copy']:.3g} times",
               lambda r: 1 / r["of_copy"] <= 4)
    grid = find(records, section="run", name="stationary grid, 1,000 x 1,000")
    yield line("grid of 1,000 x 1,000 stationary laws", "20 s", grid, lambda r: f"{r['value']:.3g} s",
               lambda r: r["value"] <= 20)
    yield line("its memory", "500 MB", grid, lambda r: f"{r['memory_mb']:.0f} MB", lambda r: r["memory_mb"] <= 500)
    for n in (5, 8, 10, 12):
        record = find(records, section="threads", name="trajectories", nodes=n, threads=2)
        yield line(f"two threads, trajectories, N = {n}", "1.9 times", record,
                   lambda r: f"{r['value']:.3g} times ({r['low']:.3g} .. {r['high']:.3g})",
                   lambda r: r["value"] >= 1.9)
