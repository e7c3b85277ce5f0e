"""The recipe of the paper's appendix, as it stands there, in numpy and Python loops: a dense generator filled state by
state and edge by edge, forward Euler with dt = 5e-3 s, multiinformation and entropy production at every step. What is
added: rates of our networks, and the reverses of copies (the paper has none), which are one more branch of the loop
over edges; node i is bit i.
"""
import time

import numpy

from networks import TIMES

DT, STEPS = 5e-3, 2000


def build_generator(point):
    n, beta, drive = point.nodes, numpy.zeros((point.nodes,) * 2), numpy.zeros((point.nodes,) * 2)
    for (i, j), rate, f in zip(point.edges, point.rate, point.drive):
        beta[i, j], drive[i, j] = rate, f
    states = [numpy.array([k >> i & 1 for i in range(n)], dtype=int) for k in range(2 ** n)]
    idx = {tuple(s): k for k, s in enumerate(states)}
    L = numpy.zeros((2 ** n, 2 ** n))
    for s in states:
        a = idx[tuple(s)]
        for i in range(n):
            s2 = s.copy()
            if s[i] == 0:
                rate = point.up[i]
                s2[i] = 1
            else:
                rate = point.down[i]
                s2[i] = 0
            L[a, idx[tuple(s2)]] += rate
        for i in range(n):
            for j in range(n):
                if i != j:
                    s2 = s.copy()
                    if s[i] != s[j]:
                        s2[j] = s[i]
                        L[a, idx[tuple(s2)]] += beta[i, j]
                    else:
                        s2[j] = 1 - s[i]
                        L[a, idx[tuple(s2)]] += beta[i, j] * numpy.exp(-drive[i, j])
        L[a, a] = -numpy.sum(L[a, :])
    return L


def multiinformation(p, n):
    marginals = []
    for i in range(n):
        p_i = numpy.zeros(2)
        for state_index, prob in enumerate(p):
            p_i[(state_index >> i) & 1] += prob
        marginals.append(p_i)
    H_joint = -numpy.sum(p * numpy.log(p + 1e-15))
    H_marg = sum(-numpy.sum(m * numpy.log(m + 1e-15)) for m in marginals)
    return H_marg - H_joint


def entropy_production(p, L):
    ep = 0.0
    for a in range(L.shape[0]):
        for b in range(L.shape[0]):
            if a != b and L[a, b] > 0 and L[b, a] > 0:
                flux = p[a] * L[a, b] - p[b] * L[b, a]
                if flux != 0:
                    ep += flux * numpy.log((p[a] * L[a, b]) / (p[b] * L[b, a]))
    return 0.5 * ep


def seconds(point, steps):
    """Processor time of the recipe on one point, its loop over time from `steps` of its 2,000 steps."""
    start = time.process_time()
    L = build_generator(point)
    p = numpy.zeros(point.states)
    p[0] = 1.0
    built = time.process_time()
    with numpy.errstate(divide="ignore"):
        for _ in range(steps):
            multiinformation(p, point.nodes)
            entropy_production(p, L)
            p_new = p + DT * (p @ L)
            (multiinformation(p_new, point.nodes) - multiinformation(p, point.nodes)) / DT
            p = p_new
    return built - start + (time.process_time() - built) * STEPS / steps


def laws(point):
    """The same Euler steps without the loops, at the sampled times: for the recipe's error."""
    p = numpy.zeros(point.states)
    p[0] = 1.0
    every, kept = STEPS // (len(TIMES) - 1), [p]
    for k in range(STEPS):
        p = p + DT * point.change(p)
        if (k + 1) % every == 0:
            kept.append(p)
    return numpy.array(kept)
