"""Random asymmetric networks as specs, and what follows for them from the definitions (docs/theory.md), in numpy: the
oracle of the bench. Nothing here is epnet's code.
"""
import math
import random

import numpy

TIMES = numpy.linspace(0, 10, 101)  # s


class Network:
    """A complete graph whose rates and drives are all different; a sweep scales its copy rates to copy_total."""

    def __init__(self, nodes, points):
        draw = random.Random(nodes)
        self.nodes, self.states = nodes, 1 << nodes
        self.edges = [(i, j) for i in range(nodes) for j in range(nodes) if i != j]
        self.weight = [round(10 ** draw.uniform(-1, 1), 6) for _ in self.edges]
        self.drive = [round(draw.uniform(0.5, 4), 6) for _ in self.edges]
        self.up = [round(draw.uniform(0.3, 3), 6) for _ in range(nodes)]
        self.down = [round(draw.uniform(0.3, 3), 6) for _ in range(nodes)]
        self.copy_totals = [0.5 + 4.5 * k / (points - 1) for k in range(points)]

    def spec(self, cut=True, kind="trajectory"):
        """T = 10 s, 101 samples, tolerance 1e-9, from the all-zero state; or stationary laws."""
        edges = ", ".join(f"[{i}, {j}, {w}]" for (i, j), w in zip(self.edges, self.weight))
        matrix = [[0.0] * self.nodes for _ in range(self.nodes)]
        for (i, j), drive in zip(self.edges, self.drive):
            matrix[i][j] = drive
        return (f"[network]\nnodes = {self.nodes}\nedges = [{edges}]\ndrive = {matrix}\n"
                f"flip_up = {self.up}\nflip_down = {self.down}\n" + ("[observe]\ncut = [0, 1]\n" if cut else "") +
                f"[solve]\nkind = \"{kind}\"\n[sweep]\ncopy_total = {{ values = {self.copy_totals} }}\n")

    def point(self, copy_total):
        scale = copy_total / sum(self.weight)
        return Point(self.nodes, self.up, self.down, self.edges, [scale * w for w in self.weight], self.drive)

    def points(self):
        return [self.point(c) for c in self.copy_totals]


class Point:
    """One network: its channels, each with the rate of flipping its node in every state."""

    def __init__(self, nodes, up, down, edges, rate, drive):
        self.nodes, self.states = nodes, 1 << nodes
        self.up, self.down, self.edges, self.rate, self.drive = up, down, edges, rate, drive
        states = numpy.arange(self.states)
        self.bits = states[:, None] >> numpy.arange(nodes) & 1
        self.channels = []  # (node that flips, set of nodes, rates by state, edge or None)
        for j in range(nodes):
            self.channels.append((j, {j}, numpy.where(self.bits[:, j] == 0, up[j], down[j]).astype(float), None))
        for e, (i, j) in enumerate(edges):
            differ = self.bits[:, i] != self.bits[:, j]
            self.channels.append((j, {i, j}, numpy.where(differ, rate[e], rate[e] * math.exp(-drive[e])), e))
        self.flip = [states ^ (1 << j) for j in range(nodes)]
        self.rates = numpy.zeros((nodes, self.states))  # total, by node that flips
        for j, _, r, _ in self.channels:
            self.rates[j] += r
        self.exit = self.rates.sum(axis=0)
        self.inflow = numpy.stack([self.rates[j][self.flip[j]] for j in range(nodes)])

    def change(self, p):
        """dp/dt = pL."""
        return sum(self.inflow[j] * p[self.flip[j]] for j in range(self.nodes)) - self.exit * p

    def dense(self):
        matrix = numpy.zeros((self.states, self.states))
        for j in range(self.nodes):
            matrix[numpy.arange(self.states), self.flip[j]] = self.rates[j]
        matrix[numpy.arange(self.states), numpy.arange(self.states)] = -self.exit
        return matrix

    def sparse_transposed(self):
        """L^T as CSR, for p as a column."""
        import scipy.sparse
        rows = numpy.concatenate(self.flip + [numpy.arange(self.states)])
        columns = numpy.concatenate([numpy.arange(self.states)] * (self.nodes + 1))
        values = numpy.concatenate(list(self.rates) + [-self.exit])
        return scipy.sparse.csr_matrix((values, (rows, columns)), shape=(self.states, self.states))

    def trajectory(self):
        """p at TIMES from the all-zero state, by uniformization: every term is positive, and the series is summed until
        nothing of it is left in double precision."""
        rate, p = self.exit.max(), numpy.zeros(self.states)
        p[0] = 1
        laws, x = [p], rate * (TIMES[1] - TIMES[0])
        for _ in TIMES[1:]:
            term, weight, total = p, math.exp(-x), math.exp(-x)
            new, k = weight * p, 0
            while weight > 1e-20 or k < x:
                k += 1
                term = term + self.change(term) / rate
                weight *= x / k
                total += weight
                new = new + weight * term
            p = new / total
            laws.append(p)
        return numpy.array(laws)

    def stationary(self):
        if self.states <= 1024:
            matrix = self.dense().T
            matrix[-1] = 1
            right = numpy.zeros(self.states)
            right[-1] = 1
            return numpy.linalg.solve(matrix, right)
        p, rate = numpy.full(self.states, 1 / self.states), 1.01 * self.exit.max()
        for _ in range(100000):  # the power method
            step = self.change(p) / rate
            p = p + step
            if abs(step).sum() < 1e-16:
                break
        return p / p.sum()

    def columns(self, p, cut=(0, 1)):
        """The columns of the grid file at p, all entries of which are positive: channel by channel, pair by pair."""
        inside, n = set(cut), self.nodes
        cube = p.reshape((2,) * n)  # axis a is node n - 1 - a
        dp, log_p = self.change(p), numpy.log(p)

        def marginal(q, nodes):
            return q.reshape((2,) * n).sum(axis=tuple(n - 1 - i for i in range(n) if i not in nodes), keepdims=True)

        def spread(q):
            return numpy.broadcast_to(q, cube.shape).ravel()

        single = [spread(numpy.log(marginal(p, {i}))) for i in range(n)]
        log_s, log_rest = (spread(numpy.log(marginal(p, part))) for part in (inside, set(range(n)) - inside))
        entropy = -(p * log_p).sum()
        row = {"entropy": entropy, "multiinformation": -(p * sum(single)).sum() - entropy,
               "multiinformation_rate": -(dp * sum(single)).sum() + (dp * log_p).sum(),
               "entropy_production": 0.0, "entropy_production_channels": 0.0, "environment_entropy_flow": 0.0,
               "activity": (p * self.exit).sum(),
               "cut_mutual_information": -(p * (log_s + log_rest)).sum() - entropy,
               "cut_mutual_information_rate": -(dp * (log_s + log_rest)).sum() + (dp * log_p).sum(),
               "cut_entropy_production": 0.0, "cut_environment_entropy_flow": 0.0, "cut_information_flow": 0.0,
               "cut_local_entropy_rate": 0.0, "cut_flow_bound": 0.0, "cut_capacity": 0.0}
        for j, nodes, r, e in self.channels:
            flux, back = p * r, (p * r)[self.flip[j]]
            production = ((flux - back) * numpy.log(flux / back)).sum() / 2
            flow = ((flux - back) * numpy.log(r / r[self.flip[j]])).sum() / 2
            row["entropy_production_channels"] += production
            row["environment_entropy_flow"] += flow
            if nodes & inside and nodes - inside:
                change = back - flux
                row["cut_entropy_production"] += production
                row["cut_environment_entropy_flow"] += flow
                row["cut_information_flow"] += (change * (log_p - log_s - log_rest)).sum()
                row["cut_local_entropy_rate"] -= (change * (log_s + log_rest)).sum()
                row["cut_flow_bound"] += self.rate[e] * copy_information(self.drive[e])
                row["cut_capacity"] += self.rate[e]
        for j in range(n):
            flux, back = p * self.rates[j], (p * self.rates[j])[self.flip[j]]
            row["entropy_production"] += ((flux - back) * numpy.log(flux / back)).sum() / 2
        return row


def copy_information(drive):
    """c(F), the capacity of a Poisson channel with dark rate k = e^-F [nat]."""
    if math.isinf(drive):
        return 1 / math.e
    k = math.exp(-drive)
    return k ** (-k / (1 - k)) / math.e + k * math.log(k) / (1 - k)


def entropies(laws, bits):
    """H and I of laws[..., state]; entries of 0 have no entropy."""
    def entropy(q):
        return -numpy.where(q > 0, q * numpy.log(numpy.where(q > 0, q, 1)), 0)

    one = laws @ bits.astype(float)
    whole = entropy(laws).sum(axis=-1)
    return numpy.stack([whole, (entropy(one) + entropy(1 - one)).sum(axis=-1) - whole], axis=-1)
