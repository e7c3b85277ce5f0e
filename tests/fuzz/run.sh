#!/bin/sh
# Fuzz the readers: run.sh [MINUTES]. Builds the preset `fuzz` (clang) and runs every target for MINUTES / number
# of targets; without MINUTES a fixed number of inputs each, which `make test` does. Prints the executions and
# which lines of the readers were reached. New inputs are kept in build/fuzz/found, crashes in build/fuzz.
set -eu
cd "$(dirname "$0")/../.."
minutes=${1:-}
build=build/fuzz

readers_spec='host/spec_[a-z]*.cpp host/toml_*.cpp'
readers_csv='host/csv.c'
readers_grid_file='host/result_open.c host/result.c host/seal.c host/bytes.c'
readers_journal='host/journal_header.c host/journal_record.c host/journal_read.c host/bytes.c'
targets='csv spec journal grid_file'

# What a short run does: enough to meet what a change breaks at once.
runs_csv=200000 runs_spec=10000 runs_journal=10000 runs_grid_file=400

missing() {
    echo "fuzz: left out, $1; tests/fuzz has been replayed with the other tests"
    [ -z "$minutes" ] || exit 1
    exit 0
}

command -v clang >/dev/null && command -v clang++ >/dev/null || missing 'there is no clang (apt: clang)'
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return d == 0 && n < 0; }' >"$probe/probe.c"
clang -fsanitize=fuzzer,address "$probe/probe.c" -o "$probe/probe" 2>/dev/null ||
    missing 'clang has no libFuzzer (apt: libclang-rt-dev)'

cmake --preset fuzz >"$probe/log" 2>&1 || { cat "$probe/log" >&2; exit 1; }
cmake --build --preset fuzz >"$probe/log" 2>&1 || { cat "$probe/log" >&2; exit 1; }

profdata=$(command -v llvm-profdata || command -v llvm-profdata-14 || true)
cov=$(command -v llvm-cov || command -v llvm-cov-14 || true)
rm -f $build/*.profraw
for target in $targets; do
    program=$build/tests/fuzz/fuzz_$target
    corpus=tests/fuzz/corpus/$target
    found=$build/found/$target
    mkdir -p "$found"
    set -- -rss_limit_mb=3000 -timeout=60 -max_len=5000 -print_final_stats=1 -artifact_prefix=$build/
    [ ! -f tests/fuzz/$target.dict ] || set -- "$@" -dict=tests/fuzz/$target.dict
    # HDF5 keeps lists of its own, so that libFuzzer suspects leaks at every input; the replay checks them once.
    [ $target != grid_file ] || set -- "$@" -detect_leaks=0
    if [ -n "$minutes" ]; then
        set -- "$@" -max_total_time=$((minutes * 60 / 4)) "$found"
    else
        mkdir "$probe/$target" # libFuzzer keeps what it finds in the first folder
        eval set -- '"$@"' -seed=1 -runs=\$runs_$target '"$probe/$target"'
    fi
    if ! LLVM_PROFILE_FILE=$build/$target.profraw $program "$@" "$corpus" >"$build/$target.log" 2>&1; then
        grep -v '^#' "$build/$target.log" | tail -40 >&2
        echo "fuzz: $target failed; the input is in $build, $program FILE repeats it" >&2
        exit 1
    fi
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log")
    echo "fuzz: $target: $executed inputs, nothing found"
    if [ -n "$minutes" ] && [ -n "$profdata" ] && [ -n "$cov" ]; then
        "$profdata" merge -o $build/$target.profdata $build/$target.profraw
        eval "readers=\$readers_$target"
        "$cov" report $program -instr-profile=$build/$target.profdata $readers |
            awk 'NR > 2 && $8 ~ /^[0-9]+$/ { n = split($1, path, "/"); printf "  %-24s %4d of %4d lines  %s\n", path[n], $8 - $9, $8, $10 }'
        "$cov" show $program -instr-profile=$build/$target.profdata $readers >$build/$target.lines
        echo "  lines that were not reached: grep -nE '^ *[0-9]+\| +0\|' $build/$target.lines"
    fi
done
