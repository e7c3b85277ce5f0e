/* Entropy-decay (modified log-Sobolev) constant of one node's intrinsic flips. */
#ifndef EPNET_HOST_ENTROPY_DECAY_H
#define EPNET_HOST_ENTROPY_DECAY_H

/* alpha = inf over one-node laws q of EP(q) / (2 D(q || pi)) [1/s], pi the stationary law of flips up and
 * down: the largest alpha with D(p_t || pi) <= exp(-2 alpha t) D(p_0 || pi) (docs/theory.md). up + down for
 * equal rates; min at the ends of a one-sided flip is 0 / 0 and the infimum is taken over the interior. 0 if
 * a flip is missing. */
double epnet_entropy_decay(double flip_up, double flip_down);

#endif
