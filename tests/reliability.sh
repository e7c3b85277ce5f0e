#!/bin/sh
# The figures of docs/reliability.md that a test run does not print: kills, and what the journal costs.
# Arguments: build folder; KILLS in the environment (default 1000).
set -eu
export CUDA_VISIBLE_DEVICES= # the CPU, also where there is a GPU
build=$1
epnet=$build/epnet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "$("$epnet" --version), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores," \
    "$(stat -f -c %T "$work"), Linux $(uname -r), $(date -u +%Y-%m-%d)"

EPNET_KILLS=${KILLS:-1000} "$build/tests/test_kill"

# 100,000 points of five nodes: the share of the workers' time that they waited for the journal.
spec() { # kind, further lines of [solve]
    cat <<SPEC
[network]
nodes = 5
[observe]
cut = [0, 1]
[solve]
kind = "$1"
$2
[output]
trajectories = false
[sweep]
drive = { from = 0.1, to = 10.0, points = 250, scale = "log" }
copy_total = { from = 0.1, to = 10.0, points = 400, scale = "log" }
SPEC
}
spec stationary '' >"$work/stationary.toml"
spec trajectory 't_end = 10.0' >"$work/trajectory.toml"
for kind in stationary trajectory; do
    "$epnet" run "$work/$kind.toml" -o "$work/$kind.nc" --json | tail -n 1 | python3 -c '
import json, sys
done = json.load(sys.stdin)
print("%s: %d points in %.1f s, %.3f %% of the time of the threads waiting for the journal"
      % (sys.argv[1], done["points"], done["elapsed"], 100 * done["journal_wait"]))' "$kind"
done
