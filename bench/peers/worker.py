#!/usr/bin/env python3
"""One family of peers written in Python, in a process of its own: worker.py FAMILY NODES POINTS REFERENCE SECONDS.

First every peer of the family is set: of its settings, from the loosest to the tightest, the first whose entropy and
multiinformation agree with the reference to LIMIT at every sampled time; where a peer has several variants, the
fastest. It solves as many of the points as fit into SECONDS, evenly spread (those that solve all points at once always
do all). A line of JSON for each; then, for each number that comes on standard input, that peer runs once and its
processor time is printed. What is timed is p at 101 times, and nothing after it: what is observed is not timed. Peers
that are far behind another of their kind are left out beyond the size where that is plain.
"""
import importlib
import json
import math
import os
import sys
import time

for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import paper  # noqa: E402
from networks import TIMES, Network, entropies  # noqa: E402

LIMIT = 1e-8  # nat
DT = TIMES[1] - TIMES[0]


class Case:
    def __init__(self, nodes, points, reference):
        self.network = Network(nodes, points)
        self.nodes, self.states = nodes, 1 << nodes
        self.points = self.network.points()
        self.reference = numpy.load(reference)  # [point][time][H, I]
        self.start = numpy.zeros(self.states)
        self.start[0] = 1

    def some(self, count):
        """`count` of the points, evenly spread."""
        return [int((i + 0.5) / count * len(self.points)) for i in range(count)]

    def error(self, laws, which):
        """The largest error of H and I at the sampled times after the first; infinite for what is not a number."""
        off = numpy.abs(entropies(numpy.asarray(laws), self.points[0].bits) - self.reference[which])[:, 1:]
        return float(off.max()) if numpy.isfinite(off).all() else math.inf


# ---- peers: name, settings from loose to tight, function (points, setting) -> laws[point, time, state] ---------------

def one_by_one(solve):
    return lambda points, setting: numpy.array([solve(point, setting) for point in points])


def scipy_peers(case):
    sparse_linalg, linalg = (importlib.import_module(f"scipy.{m}") for m in ("sparse.linalg", "linalg"))
    special = importlib.import_module("scipy.special")

    def expm_multiply(point, _):
        return sparse_linalg.expm_multiply(point.sparse_transposed(), case.start, start=0, stop=10, num=101)

    def propagator(point, _):
        step, laws = linalg.expm(DT * point.dense()), [case.start]
        for _ in TIMES[1:]:
            laws.append(laws[-1] @ step)
        return laws

    def rk4(point, steps):
        matrix, h, p, laws = point.sparse_transposed(), DT / steps, case.start, [case.start]
        for _ in TIMES[1:]:
            for _ in range(steps):
                a = matrix @ p
                b = matrix @ (p + h / 2 * a)
                c = matrix @ (p + h / 2 * b)
                d = matrix @ (p + h * c)
                p = p + h / 6 * (a + 2 * b + 2 * c + d)
            laws.append(p)
        return laws

    def chebyshev(point, tolerance):
        import scipy.sparse
        rate = point.exit.max()
        matrix = scipy.sparse.identity(case.states, format="csr") + point.sparse_transposed() / rate
        c = 2 * special.ive(numpy.arange(int(rate * DT + 60)), rate * DT)
        c[0] /= 2
        degree = max(1, int(numpy.argmax(numpy.cumsum(c[::-1]) > tolerance * DT / TIMES[-1])))
        c = c[:len(c) - degree + 1]
        c /= c.sum()
        p, laws = case.start, [case.start]
        for _ in TIMES[1:]:
            before, now = p, matrix @ p
            total = c[0] * before + c[1] * now
            for factor in c[2:]:
                before, now = now, 2 * (matrix @ now) - before
                total = total + factor * now
            p = total
            laws.append(p)
        return laws

    least = max(1, math.ceil(DT * max(p.exit.max() for p in case.points) * 2 / 2.7))
    yield "scipy expm_multiply", [("as it is", None)], one_by_one(expm_multiply)
    if case.nodes <= 10:
        yield "scipy dense expm", [("of an interval", None)], one_by_one(propagator)
    if case.nodes <= 8:
        yield "scipy CSR, RK4", [(f"{least << k} steps an interval", least << k) for k in range(7)], one_by_one(rk4)
    yield ("scipy CSR, Chebyshev", [(f"tolerance {t:g}", t) for t in (1e-9, 1e-10, 1e-11, 1e-12)],
           one_by_one(chebyshev))


def qutip_peers(case):
    qutip = importlib.import_module("qutip")

    def solver(method):
        def solve(point, tolerance):
            generator = qutip.Qobj(1j * point.sparse_transposed().astype(complex))  # -i H = L^T
            options = {"method": method, "atol": tolerance / case.states, "rtol": tolerance, "nsteps": 1000000,
                       "normalize_output": False, "progress_bar": "", "store_states": True}
            states = qutip.sesolve(generator, qutip.basis(case.states, 0), TIMES, options=options).states
            return numpy.array([state.full().ravel().real for state in states])
        return one_by_one(solve)

    tolerances = [(f"tolerance {t:g}", t) for t in (1e-8, 1e-9, 1e-10, 1e-11, 1e-12)]
    yield "QuTiP sesolve | vern9", tolerances, solver("vern9")


def jax_peers(case):
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, linalg = jax.numpy, importlib.import_module("jax.scipy.linalg")
    inflow, exit_rates = (jnp.asarray(numpy.array([getattr(p, name) for p in case.points]))
                          for name in ("inflow", "exit"))
    dense = jnp.asarray(numpy.array([p.dense() for p in case.points])) if case.nodes <= 6 else None
    first, times, n = jnp.asarray(case.start), jnp.asarray(TIMES), case.nodes

    def change(p, args):
        rates_in, rates_out = args
        total = -rates_out * p
        for j in range(n):  # an exchange of halves, not a gather
            total = total + rates_in[j] * jnp.flip(p.reshape(-1, 2, 1 << j), axis=1).ravel()
        return total

    def change_dense(p, matrix):
        return p @ matrix

    def batched(solve, args):
        function = jax.jit(jax.vmap(solve, in_axes=(0, None)))
        return lambda _, setting: numpy.asarray(function(args, setting))

    shapes = [("", change, (inflow, exit_rates))]
    if case.nodes <= 6:
        shapes.append((", dense", change_dense, dense))
    tolerances = [(f"tolerance {t:g}", t) for t in (1e-8, 1e-9, 1e-10, 1e-11, 1e-12)]
    try:
        diffrax = importlib.import_module("diffrax")
    except ImportError as reason:
        yield "diffrax, vmap", [], reason
        diffrax = None
    for solver in ("Tsit5", "Dopri8") if diffrax else ():
        for shape, function, args in shapes:
            def solve(args, tolerance, solver=solver, function=function):
                term = diffrax.ODETerm(lambda t, p, args: function(p, args))
                return diffrax.diffeqsolve(
                    term, getattr(diffrax, solver)(), t0=0.0, t1=10.0, dt0=None, y0=first, args=args,
                    saveat=diffrax.SaveAt(ts=times), max_steps=1 << 20,
                    stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance / case.states)).ys
            yield f"diffrax, vmap | {solver}{shape}", tolerances, batched(solve, args)

    least = max(1, math.ceil(DT * float(exit_rates.max()) * 2 / 2.7))
    for shape, function, args in shapes if case.nodes <= 6 else []:
        def solve(args, h, function=function):
            steps = jnp.round(DT / h).astype(int)

            def rk4(_, p):
                a = function(p, args)
                b = function(p + h / 2 * a, args)
                c = function(p + h / 2 * b, args)
                d = function(p + h * c, args)
                return p + h / 6 * (a + 2 * b + 2 * c + d)

            def interval(p, _):
                after = jax.lax.fori_loop(0, steps, rk4, p)
                return after, after
            return jnp.concatenate([first[None], jax.lax.scan(interval, first, None, length=len(TIMES) - 1)[1]])
        yield (f"jax.lax.scan RK4, vmap |{shape}", [(f"{least << k} steps an interval", DT / (least << k))
                                                    for k in range(7)], batched(solve, args))
    if case.nodes <= 6:
        def propagator(matrix, _):
            step = linalg.expm(DT * matrix)
            return jnp.concatenate([first[None], jax.lax.scan(lambda p, _: (p @ step,) * 2, first, None,
                                                              length=len(TIMES) - 1)[1]])
        yield "jax dense expm, vmap", [("of an interval", 0.0)], batched(propagator, dense)


class PaperRunner:
    """The recipe of the paper (paper.py), which has one accuracy. A few of its steps stand for all."""

    name = "the paper's recipe"

    def __init__(self, case):
        self.case, self.which = case, case.some(1)
        self.point = case.points[self.which[0]]
        self.steps = {5: 50, 6: 20, 8: 2}.get(case.nodes, 1)
        self.setting = f"forward Euler, dt = 5e-3 s, timed on {self.steps} of 2,000 steps"
        self.error = case.error(paper.laws(self.point)[None], self.which)

    def once(self):
        return paper.seconds(self.point, self.steps), None


FAMILIES = {"scipy": scipy_peers, "qutip": qutip_peers, "jax": jax_peers}
INSTALL = {"scipy": "pip install scipy, or apt install python3-scipy", "qutip": "pip install qutip",
           "jax": "pip install jax diffrax"}


# ---- settings -------------------------------------------------------------------------------------------------------

class Runner:
    def __init__(self, case, name, setting, value, run, which, error, seconds):
        self.case, self.name, self.setting, self.value, self.run = case, name, setting, value, run
        self.which, self.error, self.seconds = which, error, seconds

    def once(self):
        points = [self.case.points[k] for k in self.which]
        start = time.process_time()
        laws = self.run(points, self.value)
        return time.process_time() - start, laws


def choose(case, name, settings, run, batched, budget):
    """The loosest setting that agrees with the reference; with as many points as the budget allows."""
    every, best = list(range(len(case.points))), math.inf
    for setting, value in settings:
        runner = Runner(case, name, setting, value, run, every if batched else case.some(1), math.inf, 0)
        runner.once()  # compiles, imports
        runner.seconds, laws = runner.once()
        runner.error = case.error(laws, runner.which)
        best = min(best, runner.error)
        if runner.error <= LIMIT:
            if not batched:
                count = max(1, min(len(every), int(budget / max(runner.seconds, 1e-6))))
                runner.which = case.some(count)
                runner.seconds, laws = runner.once()
                runner.error = case.error(laws, runner.which)
            return runner
        if runner.seconds > 60:
            break
    raise ValueError(f"differs from the reference by {best:.1e} nat at its tightest setting")


def say(**fields):
    print(json.dumps(fields), flush=True)


def main():
    family, nodes, points, reference, budget = sys.argv[1:]
    case, runners = Case(int(nodes), int(points), reference), {}
    try:
        for title, settings, run in FAMILIES[family](case):
            name, _, variant = (part.strip() for part in title.partition("|"))
            if isinstance(run, ImportError):
                say(peer=name, absent=f"{run}: {INSTALL[family]}")
                continue
            try:
                runner = choose(case, name, settings, run, family == "jax", float(budget))
            except Exception as reason:  # a peer's own failure is a finding about the peer
                print(f"{title}: {type(reason).__name__}: {reason}", file=sys.stderr)
                continue
            runner.setting = ", ".join(part for part in (variant.strip(", "), runner.setting) if part)
            kept = runners.get(name)
            if kept is None or runner.seconds / len(runner.which) < kept.seconds / len(kept.which):
                runners[name] = runner
    except ImportError as reason:
        say(peer=family, absent=f"{reason}: {INSTALL[family]}")
    order = list(runners.values())
    if family == "scipy" and case.nodes <= 8:
        order.append(PaperRunner(case))
    for index, runner in enumerate(order):
        say(peer=runner.name, index=index, setting=runner.setting, points=len(runner.which), error=runner.error)
    say(ready=True)
    for line in sys.stdin:
        say(seconds=order[int(line)].once()[0])


if __name__ == "__main__":
    main()
