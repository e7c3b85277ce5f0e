#!/bin/sh
# Let calls to the system fail in turn in whole runs of the program, every STRIDE-th of every kind: faults.sh BUILD
# STRIDE. As many programs as there are processors share the work, in a folder in memory where there is one; prints
# their sums, and what did not hold.
set -eu
export CUDA_VISIBLE_DEVICES= # the CPU, also where there is a GPU
build=$1 stride=$2
parts=$(nproc)
[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work" EPNET_FAULTS="$stride"

echo "$("$build/epnet" --version), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $parts cores," \
    "$(stat -f -c %T "$work"), Linux $(uname -r), $(date -u +%Y-%m-%d)"
failed=0
for test in test_faults test_faults_memory; do
    for part in $(seq "$parts"); do
        (EPNET_FAULTS_PART=$part/$parts "$build/tests/$test" >"$work/$part" 2>&1 || touch "$work/failed") &
    done
    wait
    "$(dirname "$0")/faults_sum.py" "$work"/[0-9]*
    rm "$work"/[0-9]*
    [ ! -e "$work/failed" ] || failed=1
done
exit $failed
