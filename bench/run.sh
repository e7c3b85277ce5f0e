#!/bin/sh
# make bench: validate, then time; results go to bench/results/. $1 is the build folder, the rest goes to bench.py.
# Peers in Python are looked for in build/bench-python if it is there (bench/README.md), else beside python3.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/release}
[ $# -eq 0 ] || shift
python=python3
if [ -x build/bench-python/bin/python ]; then
    python=build/bench-python/bin/python
fi
exec "$python" bench/bench.py --program "$build/epnet" "$@"
