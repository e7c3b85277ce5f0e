#!/bin/sh
# Every verb of the program, and what ends it early, under memcheck. Arguments: the program, then the command
# line of memcheck, whose exit code 99 means that it found something.
set -eu
export CUDA_VISIBLE_DEVICES= # the CPU, also where there is a GPU
epnet=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >sweep.toml <<'SPEC'
[network]
nodes = 3
edges = [[0, 1], [1, 2, 2.5], [2, 0]]
[observe]
cuts = [[0], [1, 2]]
[solve]
t_end = 1.0
samples = 4
[sweep]
copy_total = { values = [0.5, 2.0] }
drive = { values = [0.0, 1.0, inf] }
SPEC
cat >stationary.toml <<'SPEC'
[network]
nodes = 2
topology = "none"
flip_down = 0.0
[solve]
kind = "stationary"
[sweep]
flip_up = { values = [0.0, 1.0] }
SPEC
printf '[network]\nnodes = 3\ncopy_totl = 1.0\n' >wrong.toml

check() { # expected exit code, program and arguments
    expected=$1 code=0
    shift
    "$@" >out 2>err || code=$?
    if [ "$code" -ne "$expected" ]; then
        echo "$*: exit code $code, expected $expected"
        cat out err
        exit 1
    fi
}

check 0 "$@" "$epnet" plan sweep.toml
check 0 "$@" "$epnet" run sweep.toml --threads 2 --table sweep.csv
check 0 "$@" "$epnet" run sweep.toml
check 5 "$@" "$epnet" run sweep.toml --set network.flip_up=2.0
for method in euler rk4 uniformization; do
    step=
    [ $method = uniformization ] || step='--set solve.dt=0.03125'
    check 0 "$@" "$epnet" run sweep.toml -o $method.nc --set "solve.method=\"$method\"" --set solve.samples=5 $step
done
check 4 "$@" "$epnet" run stationary.toml --json
check 3 "$@" "$epnet" run wrong.toml
check 2 "$@" "$epnet" run sweep.toml --threads 0
check 0 "$@" "$epnet" export sweep.nc --table trajectory -o sweep.csv
check 0 "$@" "$epnet" plot sweep.nc
check 5 "$@" "$epnet" export out
check 0 "$@" "$epnet" info
