#!/usr/bin/env python3
"""Other tools on the same trajectories: what a user of JAX, PyTorch or CuPy would write today.

`epnet_gpu bench --peers FILE` leaves points, times, our columns of the first points and our own times. Every peer first
has to give our multiinformation, entropy and activity at every time of those points to 1e-8 (its tolerance or step is
tightened until it does), then it is timed on all points, on its device, after a warm-up, median of repeats, wall clock
until the numbers are on the host, in two ways, each beside our own time for as much and more:

table  p and those three columns at every time; the columns come to the host. Ours: all columns at every time.
last   the same, but what comes to the host is the columns at the last time and the largest multiinformation. Ours: all
       columns at the last time and all extremes.

A peer that cannot be imported is listed as absent. Lines are appended to the CSV as they come.
"""
import argparse
import csv
import importlib
import json
import os
import statistics
import sys
import time

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

try:
    import numpy  # noqa: E402
except ImportError:
    numpy = None  # no tool can be tried without it

ERROR_LIMIT = 1e-8
REPEATS = 3
HEADER = "section,name,nodes,points,quantity,value,low,high,unit,limit,verdict,note".split(",")
RETURNS = ("table", "last")


class Case:
    """Points of one size: rates of every flip from the definition of the channels, and what they should give."""

    def __init__(self, data, parameters):
        self.nodes, self.points = data["nodes"], data["points"]
        self.checked, self.start = data["checked_points"], data["start_state"]
        self.seconds = {way: data["seconds_" + way] for way in RETURNS}
        self.times = numpy.array(data["times"])
        self.states = 1 << self.nodes
        source, target = data["source"], data["target"]
        edges = len(source)
        with open(parameters, "rb") as file:
            file.seek(8 * data["parameters_from"])
            numbers = numpy.fromfile(file, numpy.float64, self.points * 2 * (self.nodes + edges)).reshape(self.points, -1)
        up, down = numbers[:, :self.nodes], numbers[:, self.nodes:2 * self.nodes]
        rate, drive = numbers[:, 2 * self.nodes:2 * self.nodes + edges], numbers[:, 2 * self.nodes + edges:]
        states = numpy.arange(self.states)
        bits = states[:, None] >> numpy.arange(self.nodes) & 1
        # rates[point, state, node]: node flips in state
        self.rates = numpy.where(bits[None] == 0, up[:, None, :], down[:, None, :])
        for e in range(edges):
            differ = bits[:, source[e]] != bits[:, target[e]]
            self.rates[:, :, target[e]] += numpy.where(differ[None], rate[:, e, None],
                                                       (rate[:, e] * numpy.exp(-drive[:, e]))[:, None])
        self.exit = self.rates.sum(axis=2)
        self.neighbour = states[:, None] ^ (1 << numpy.arange(self.nodes))
        self.inflow = self.rates[:, self.neighbour, numpy.arange(self.nodes)]
        self.bits = bits.astype(float)
        self.expected = {name: numpy.array(data[name]).reshape(self.checked, len(self.times))
                         for name in ("multiinformation", "entropy", "activity")}
        self.first = numpy.zeros(self.states)
        self.first[self.start] = 1

    def generator(self):
        """Dense L of every point: L[point, s, t] is the rate from s to t."""
        dense = numpy.zeros((self.points, self.states, self.states))
        for j in range(self.nodes):
            dense[:, numpy.arange(self.states), self.neighbour[:, j]] = self.rates[:, :, j]
        dense[:, numpy.arange(self.states), numpy.arange(self.states)] = -self.exit
        return dense

    def error(self, columns):
        """The largest difference of the columns (point x time each) from ours."""
        worst = 0.0
        for name, expected in self.expected.items():
            found = numpy.asarray(columns[name])[:self.checked]
            worst = max(worst, float(numpy.max(numpy.abs(found - expected) / (1 + numpy.abs(expected)))))
        return worst if worst == worst else float("inf")

    def step_counts(self):
        """Fixed steps of an interval to try, from the least that is stable."""
        interval = self.times[1] - self.times[0]
        steps = max(1, int(numpy.ceil(interval * self.exit.max() * 2 / 2.7)))
        return [steps << k for k in range(8)]


def columns_of(xp, p, bits, exit_rates):
    """multiinformation, entropy, activity of p[..., state]; `xp` is numpy or what stands for it. An entry of 0 or a
    rounding below it has no entropy."""
    def entropy(q):
        return -xp.where(q > 0, q * xp.log(xp.where(q > 0, q, 1.0)), 0.0)

    one = p @ bits
    whole = entropy(p).sum(-1)
    return {"multiinformation": (entropy(one) + entropy(1 - one)).sum(-1) - whole, "entropy": whole,
            "activity": (p * exit_rates).sum(-1)}


def last_of(columns):
    """Of columns (point x time each) the last values, and the largest multiinformation."""
    return dict({name: values[:, -1] for name, values in columns.items()}, largest=columns["multiinformation"].max(1))


class Tools:
    """How a peer's columns come to the host."""

    def __init__(self, fetch, shorten=last_of):
        self.fetch, self.shorten = fetch, shorten

    def to_host(self, columns, way="table"):
        """Once this has returned, the device has done all of it."""
        chosen = columns if way == "table" else self.shorten(columns)
        return {name: self.fetch(values) for name, values in chosen.items()}


# ---- peers: each yields (name, setting, run, tools), for a name from the coarsest setting to the finest; run() gives the
# columns of all points, on their device --------------------------------------------------------------------------------

def jax_peers(case):
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    inflow, exit_rates, first = jnp.asarray(case.inflow), jnp.asarray(case.exit), jnp.asarray(case.first)
    neighbour, bits, times = jnp.asarray(case.neighbour), jnp.asarray(case.bits), jnp.asarray(case.times)
    where = jax.devices()[0].platform
    tools = Tools(numpy.asarray, jax.jit(last_of))

    def change(p, rates_in, rates_out):
        return (rates_in * p[neighbour]).sum(-1) - rates_out * p

    def batched(solve):
        def one(rates_in, rates_out, setting):
            return columns_of(jnp, solve(rates_in, rates_out, setting), bits, rates_out)
        return jax.jit(jax.vmap(one, in_axes=(0, 0, None)))

    def runner(function, setting):
        return lambda: function(inflow, exit_rates, setting)

    try:
        diffrax = importlib.import_module("diffrax")
    except ImportError as reason:
        yield "diffrax", None, reason, None
        diffrax = None
    for solver in ("Tsit5", "Dopri8") if diffrax else ():
        def solve(rates_in, rates_out, tolerance, solver=solver):
            term = diffrax.ODETerm(lambda t, p, args: change(p, *args))
            return diffrax.diffeqsolve(
                term, getattr(diffrax, solver)(), t0=0.0, t1=times[-1], dt0=None, y0=first,
                args=(rates_in, rates_out), saveat=diffrax.SaveAt(ts=times), max_steps=1 << 20,
                stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance)).ys
        function = batched(solve)
        for tolerance in (1e-8, 1e-9, 1e-10, 1e-11, 1e-12):
            yield f"diffrax {solver}, vmap ({where})", f"tolerance {tolerance:g}", runner(function, tolerance), tools

    for steps in case.step_counts():
        step = (case.times[1] - case.times[0]) / steps

        def solve(rates_in, rates_out, _, steps=steps, step=step):
            def rk4(_, p):
                a = change(p, rates_in, rates_out)
                b = change(p + step / 2 * a, rates_in, rates_out)
                c = change(p + step / 2 * b, rates_in, rates_out)
                d = change(p + step * c, rates_in, rates_out)
                return p + step / 6 * (a + 2 * b + 2 * c + d)

            def interval(p, _):
                after = jax.lax.fori_loop(0, steps, rk4, p)
                return after, after
            return jnp.concatenate([first[None], jax.lax.scan(interval, first, None, length=len(case.times) - 1)[1]])
        run = runner(batched(solve), 0.0)
        yield f"jax.lax.scan RK4, vmap ({where})", f"{steps} steps of an interval", run, tools


def torch_peers(case):
    torch = importlib.import_module("torch")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    interval = case.times[1] - case.times[0]
    generator = torch.as_tensor(case.generator() * interval, device=device)
    bits, exit_rates = torch.as_tensor(case.bits, device=device), torch.as_tensor(case.exit, device=device)
    first = torch.as_tensor(case.first, device=device).expand(case.points, 1, case.states)

    class Names:  # what columns_of() calls
        log = staticmethod(torch.log)

        @staticmethod
        def where(condition, a, b):
            return torch.where(condition, a, torch.as_tensor(b, device=device, dtype=torch.float64))

    def run():
        propagator = torch.linalg.matrix_exp(generator)
        states, p = [first], first
        for _ in range(len(case.times) - 1):
            p = torch.bmm(p, propagator)
            states.append(p)
        return columns_of(Names, torch.cat(states, dim=1), bits, exit_rates[:, None, :])

    def fetch(values):
        return (values if torch.is_tensor(values) else values.values).cpu().numpy()  # max() also says where
    yield f"torch dense matrix_exp and bmm ({device.type})", "one propagator of a point", run, Tools(fetch)


def cupy_peers(case):
    cupy = importlib.import_module("cupy")
    sparse = importlib.import_module("cupyx.scipy.sparse")
    cupy.cuda.runtime.getDeviceCount()
    size = case.points * case.states
    base = (numpy.arange(case.points) * case.states)[:, None, None]
    rows = numpy.broadcast_to(base + numpy.arange(case.states)[None, :, None], case.inflow.shape).ravel()
    columns = (base + case.neighbour[None]).ravel()
    diagonal = numpy.arange(size)
    matrix = sparse.coo_matrix(
        (cupy.asarray(numpy.concatenate([case.inflow.ravel(), -case.exit.ravel()])),
         (cupy.asarray(numpy.concatenate([rows, diagonal])), cupy.asarray(numpy.concatenate([columns, diagonal])))),
        shape=(size, size)).tocsr()
    bits, exit_rates = cupy.asarray(case.bits), cupy.asarray(case.exit)[:, None, :]
    first = cupy.tile(cupy.asarray(case.first), case.points)
    for steps in case.step_counts():
        step = (case.times[1] - case.times[0]) / steps

        def run(steps=steps, step=step):
            p, states = first, [first]
            for _ in range(len(case.times) - 1):
                for _ in range(steps):
                    a = matrix @ p
                    b = matrix @ (p + step / 2 * a)
                    c = matrix @ (p + step / 2 * b)
                    d = matrix @ (p + step * c)
                    p = p + step / 6 * (a + 2 * b + 2 * c + d)
                states.append(p)
            table = cupy.stack([p.reshape(case.points, case.states) for p in states], axis=1)
            return columns_of(cupy, table, bits, exit_rates)
        yield "cupy CSR of all points, RK4", f"{steps} steps of an interval", run, Tools(cupy.asnumpy)


PEERS = (("jax", jax_peers), ("torch", torch_peers), ("cupy", cupy_peers))


# ---- validate, then time ----------------------------------------------------------------------------------------

class Report:
    def __init__(self, path):
        self.file = open(path, "a", newline="", encoding="utf-8", errors="replace") if path else None
        self.failed = False

    def line(self, **fields):
        row = dict({name: "" for name in HEADER}, section="peer", **fields)
        said = "peer  " + "  ".join(str(row[k]) for k in HEADER[1:] if row[k] != "")
        encoding = sys.stdout.encoding or "ascii"  # a reason may hold what this one lacks
        print(said.encode(encoding, "replace").decode(encoding), flush=True)
        if self.file:
            csv.DictWriter(self.file, HEADER, lineterminator="\n").writerow(row)
            self.file.flush()


OURS = {"table": "epnet's table of all columns is", "last": "epnet's last rows and extremes are"}


def time_peer(report, case, name, setting, run, tools, error):
    """Lines of both ways; the seconds of the table."""
    medians = {}
    for way in RETURNS:
        seconds = []
        for repeat in range(REPEATS + 1):
            start = time.perf_counter()
            tools.to_host(run(), way)
            seconds.append(time.perf_counter() - start)
            if repeat == 1 and sum(seconds) > 6:
                break
        del seconds[0]  # the warm-up
        medians[way] = statistics.median(seconds)
        rates = [case.points / s for s in seconds]
        ratio = medians[way] / case.seconds[way]
        report.line(name=f"{name}, {way}", nodes=case.nodes, points=case.points, quantity="trajectories",
                    value=f"{statistics.median(rates):.6g}", low=f"{min(rates):.6g}", high=f"{max(rates):.6g}",
                    unit="1/s", note=f"{setting}, error {error:.1e}; {OURS[way]} {ratio:.3g} times as fast")
    return medians["table"]


class Settled:
    """What is known of the peers from fewer points of the same size: the setting that is fine enough, and its time."""

    def __init__(self):
        self.known = {}

    def keep(self, case, name, place, seconds):
        self.known[case.nodes, name] = place, seconds / case.points

    def first_place(self, case, name):
        """The setting of a peer to begin with."""
        return self.known.get((case.nodes, name), (0, 0))[0]

    def seconds(self, case, name):
        """What timing takes at least: three runs, in each of which a point costs a quarter of what it did among fewer
        (they may have left the device idle). 0: not known."""
        return self.known.get((case.nodes, name), (0, 0))[1] * case.points * 3 / 4


def run_peers(report, case, module, peers, deadline, settled):
    done, places, errors = set(), {}, {}
    try:
        for name, setting, run, tools in peers(case):
            if time.monotonic() > deadline:
                report.line(name=name, nodes=case.nodes, points=case.points, verdict="left out",
                            note="no time was left for it")
                return
            if setting is None:
                report.line(name=name, nodes=case.nodes, verdict="absent", note=str(run))
                continue
            place = places[name] = places.get(name, -1) + 1
            if name in done or place < settled.first_place(case, name):
                continue
            if time.monotonic() + settled.seconds(case, name) > deadline:
                report.line(name=name, nodes=case.nodes, points=case.points, verdict="left out",
                            note=f"it would take {settled.seconds(case, name):.0f} s at least")
                done.add(name)
                continue
            errors[name] = case.error(tools.to_host(run()))
            if errors[name] <= ERROR_LIMIT:
                done.add(name)
                seconds = time_peer(report, case, name, setting, run, tools, errors[name])
                settled.keep(case, name, place, seconds)
    except ImportError as reason:
        report.line(name=module, nodes=case.nodes, verdict="absent", note=str(reason).splitlines()[0])
    except Exception as reason:  # a peer's own failure is a finding about the peer, not about us
        report.line(name=module, nodes=case.nodes, points=case.points, verdict="failed",
                    note=f"{type(reason).__name__}: {reason}".splitlines()[0][:200])
    for name, error in errors.items():
        if name not in done:
            report.line(name=name, nodes=case.nodes, points=case.points, verdict="left out",
                        note=f"differs from ours by {error:.1e} at its tightest setting tried")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("points", help="what `epnet_gpu bench --peers` wrote")
    parser.add_argument("--csv", help="append lines to this file")
    parser.add_argument("--seconds", type=float, default=1e9, help="begin nothing after so long")
    arguments = parser.parse_args()
    deadline = time.monotonic() + arguments.seconds
    with open(arguments.points) as file:
        cases = json.load(file)["cases"]
    report = Report(arguments.csv)
    if numpy is None:
        for data in cases:
            for module, _ in PEERS:
                report.line(name=module, nodes=data["nodes"], verdict="absent", note="there is no numpy")
        return 0
    settled = Settled()
    for data in cases:
        if time.monotonic() > deadline:
            report.line(name="other tools", nodes=data["nodes"], points=data["points"], verdict="left out",
                        note="no time was left for them")
            continue
        case = Case(data, arguments.points + ".parameters")
        for module, peers in PEERS:
            run_peers(report, case, module, peers, deadline, settled)
    return 0


if __name__ == "__main__":
    sys.exit(main())
