#!/bin/sh
# make bench: validate, then time; results go to bench/results/. $1 is the build folder, the rest goes to bench.py.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/release}
[ $# -eq 0 ] || shift
exec python3 bench/bench.py --program "$build/epnet" "$@"
