#!/bin/sh
# `make gpu-check` on the emulated device: its stages, its results, and what it does where something fails or is missing.
# usage: gpu_check.sh SOURCE PROGRAM FOLDER
set -eu
source=$1 program=$2 folder=$3
unset EPNET_RESULTS

fail() {
    echo "gpu_check: $*" >&2
    exit 1
}

check() { # RESULTS PROGRAM
    python3 "$source/bench/gpu_check.py" --program "$2" --size tiny --results "$1" --build "$folder/build"
}

rm -rf "$folder"
mkdir -p "$folder"
check "$folder/good" "$program" >"$folder/good.txt" 2>&1 || { cat "$folder/good.txt"; fail 'it fails on the emulated device'; }
page=$(ls "$folder"/good/*-gpu.md) csv=$(ls "$folder"/good/*-gpu.csv)
[ "$(ls "$folder/good" | wc -l)" -le 8 ] || fail 'it leaves more than eight files'
for part in '## Checks' '## Time loop' '## Trajectories' '## Sweeps' '## Single applications' '## Other tools' \
    '| check | ok |' '| bench | ok |' '| peers | ok |' ' 0 failed'; do
    grep -qF "$part" "$page" || fail "the page lacks '$part'"
done
python3 - "$csv" <<'END' || fail 'the CSV file is not what it should be'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert all(None not in row and None not in row.values() for row in rows), "a line has too many or too few fields"
assert {"device", "check", "steps", "trajectories", "cpu", "sweep", "application", "peer"} <= {r["section"] for r in rows}
rated = [r for r in rows if r["section"] in ("steps", "trajectories") and r["value"]]
assert rated and all(float(r["low"]) <= float(r["value"]) <= float(r["high"]) for r in rated), "spread"
assert not [r for r in rows if r["verdict"] == "FAILED"]
END

# Without numpy the other tools are absent, which is no failure.
mkdir "$folder/bare"
echo 'raise ImportError' >"$folder/bare/numpy.py"
PYTHONPATH=$folder/bare python3 "$source/bench/gpu_peers.py" "$folder/build/peers.json" --csv "$folder/bare.csv" \
    >"$folder/bare.txt" 2>&1 || { cat "$folder/bare.txt"; fail 'it needs numpy'; }
grep -q 'peer,jax,.*absent' "$folder/bare.csv" || fail 'it does not say that the other tools are absent'

# A stage that fails is the last; the page says which.
if check "$folder/bad" /bin/false >"$folder/bad.txt" 2>&1; then
    fail 'a failing stage is not an error'
fi
grep -q '| check | FAILED (1) |' "$folder"/bad/*-gpu.md || fail 'the page does not name the stage that failed'
! grep -q '| bench |' "$folder"/bad/*-gpu.md || fail 'it goes on after a stage that failed'

# Without tools it says which are missing.
mkdir "$folder/bin" # an empty PATH
python=$(python3 -c "import sys; print(sys.executable)")
if env -u CUDA_PATH -u CUDA_HOME PATH="$folder/bin" "$python" "$source/bench/gpu_check.py" 2>"$folder/lack.txt"; then
    fail 'it finds a GPU where there are no tools at all'
fi
for tool in cmake 'a C++ compiler' 'a GPU with its driver'; do
    grep -q "$tool" "$folder/lack.txt" || fail "it does not say that $tool is missing"
done
