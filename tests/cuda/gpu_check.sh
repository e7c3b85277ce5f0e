#!/bin/sh
# `make gpu-check` on the emulated device: its stages, its results, and what it does where something fails or is missing.
# usage: gpu_check.sh SOURCE PROGRAM FOLDER C_COMPILER
set -eu
source=$1 program=$2 folder=$3 compiler=$4
fakes=$source/tests/cuda/fakes
unset EPNET_RESULTS
export CUDA_VISIBLE_DEVICES= # other tools, too, leave a real GPU alone

fail() {
    echo "gpu_check: $*" >&2
    exit 1
}

check() { # RESULTS PROGRAM further arguments
    results=$1 given=$2
    shift 2
    python3 "$source/bench/gpu_check.py" --program "$given" --size tiny --results "$results" --build "$folder/build" "$@"
}

rm -rf "$folder"
mkdir -p "$folder"
check "$folder/good" "$program" >"$folder/good.txt" 2>&1 || { cat "$folder/good.txt"; fail 'it fails on the emulated device'; }
page=$(ls "$folder"/good/*-gpu.md) csv=$(ls "$folder"/good/*-gpu.csv)
[ "$(ls "$folder/good" | wc -l)" -le 8 ] || fail 'it leaves more than eight files'
for part in '## Checks' '## Time loop' '## Trajectories' '## Sweeps' '## Single applications' '## Other tools' \
    '## Kernels as linked' '| memcheck | not done: 0 checks' \
    '| check | ok |' '| bench | ok |' '| peers | ok |' ' 0 failed'; do
    grep -qF "$part" "$page" || fail "the page lacks '$part'"
done
python3 - "$csv" <<'END' || fail 'the CSV file is not what it should be'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert all(None not in row and None not in row.values() for row in rows), "a line has too many or too few fields"
assert {"device", "check", "sanitizer", "kernel", "steps", "trajectories", "cpu", "sweep", "application", "sparse",
        "peer"} <= {r["section"] for r in rows}
rated = [r for r in rows if r["section"] in ("steps", "trajectories") and r["value"]]
assert rated and all(r["low"] for r in rated), "no spread"
assert all(0 < float(r["low"]) <= float(r["value"]) <= float(r["high"]) for r in rows if r["low"]), "spread"
ours = [r for r in rows if r["name"].startswith("epnet, ")]
assert [(r["points"], r["name"]) for r in ours] == [
    (points, name) for points in ("3", "2", "6") for name in ("epnet, last rows", "epnet, table")]
assert any(r["name"].endswith("complete graph") for r in rows if r["section"] == "steps"), "no row of the complete graph"
assert not [r for r in rows if r["verdict"] == "FAILED"]
END

# Without numpy the other tools are absent, which is no failure.
mkdir "$folder/bare"
echo 'raise ImportError' >"$folder/bare/numpy.py"
PYTHONPATH=$folder/bare python3 "$source/bench/gpu_peers.py" "$folder/build/peers.json" --csv "$folder/bare.csv" \
    >"$folder/bare.txt" 2>&1 || { cat "$folder/bare.txt"; fail 'it needs numpy'; }
grep -q 'peer,jax,.*absent' "$folder/bare.csv" || fail 'it does not say that the other tools are absent'

# Results of the same day stay.
before=$(cat "$page" "$csv" | cksum)
check "$folder/good" /bin/true >/dev/null 2>&1 || fail 'a second time, it fails'
[ "$(cat "$page" "$csv" | cksum)" = "$before" ] || fail 'it writes over earlier results'
for end in csv md; do
    ls "$folder"/good/*-gpu-2.$end >/dev/null || fail "the second results have no name of their own ($end)"
done

# compute-sanitizer: a finding ends it; that the tool itself fails does not, and what was not checked is not called ok.
sanitized() { # WORDS CODE WHAT_THE_PAGE_SAYS...
    words=$1 expected=$2 code=0
    FAKE_SANITIZER=$words check "$folder/$words" /bin/true --sanitizer "$fakes/compute-sanitizer" >"$folder/$words.txt" 2>&1 ||
        code=$?
    [ "$code" -eq "$expected" ] || fail "compute-sanitizer, $words: exit code $code, not $expected"
    shift 2
    for part in "$@"; do
        grep -qF "$part" "$folder/$words"/*-gpu.md || fail "compute-sanitizer, $words: the page lacks '$part'"
    done
}
sanitized clean 0 '| memcheck | ok: 2 checks under it |' '| racecheck | ok: 2 checks under it |' '| bench | ok |'
sanitized failing 0 '| memcheck | not done: 0 checks under it, Error: Target application terminated' '| bench | ok |'
sanitized late 0 '| racecheck | cut short: 1 check under it, nothing found until then; Internal Sanitizer Error' '| bench | ok |'
sanitized unknown 1 '| memcheck | FAILED: 1 check under it, Something else that is wrong (exit code 9) |' '| bench | ok |'
sanitized worse 1 '| memcheck | FAILED: 2 checks under it, 1 of them fail |' '| bench | ok |'
sanitized finding 1 '| memcheck | ok: 1 check under it' '| racecheck | FAILED: 1 check under it, Error: Race reported'
! grep -q '| bench |' "$folder"/finding/*-gpu.md || fail 'it goes on after a finding'
grep -q '^sanitizer,memcheck,.*,not done,' "$folder"/failing/*-gpu.csv || fail 'the CSV file does not say what was not done'

# A stage that fails is the last; the page says which.
if check "$folder/bad" /bin/false >"$folder/bad.txt" 2>&1; then
    fail 'a failing stage is not an error'
fi
grep -q '| check | FAILED (1) |' "$folder"/bad/*-gpu.md || fail 'the page does not name the stage that failed'
! grep -q '| bench |' "$folder"/bad/*-gpu.md || fail 'it goes on after a stage that failed'

# Without tools it says which are missing, and why no GPU can be used: the words of the driver and of nvidia-smi. The
# device is CUDA's own.
mkdir "$folder/bin" "$folder/lib" # PATH, and where libcuda.so.1 is looked for
"$compiler" -shared -fPIC -o "$folder/lib/libcuda.so.1" "$fakes/libcuda.c"
python=$(python3 -c "import sys; print(sys.executable)")
bare() { # OUTPUT, further arguments
    output=$1
    shift
    ! env -u CUDA_PATH -u CUDA_HOME -u CXX PATH="$folder/bin" LD_LIBRARY_PATH="$folder/lib" "$python" \
        "$source/bench/gpu_check.py" --results "$folder/bare" --build "$folder/build" "$@" >"$output" 2>&1 ||
        fail "it succeeds without tools: $output"
}
tool() { # NAME, its script on standard input
    cat >"$folder/bin/$1"
    chmod +x "$folder/bin/$1"
}
FAKE_CUDA=803 bare "$folder/lack.txt"
for part in cmake 'a C++ compiler' '(nvidia-smi: not there)' \
    'a GPU that CUDA can use: cuInit: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: system has unsupported'; do
    grep -qF "$part" "$folder/lack.txt" || fail "it does not say '$part'"
done
tool nvidia-smi <<'END'
#!/bin/sh
echo 'Failed to initialize NVML: Driver/library version mismatch'
exit 18
END
FAKE_CUDA=803 bare "$folder/mismatch.txt"
grep -qF '(nvidia-smi: it fails: Failed to initialize NVML: Driver/library version mismatch)' "$folder/mismatch.txt" ||
    fail 'it does not quote nvidia-smi'
bare "$folder/index.txt" --device 1
grep -q 'there is no device 1: CUDA finds 1' "$folder/index.txt" || fail 'it does not say that there is no such device'

# nvidia-smi is not needed. The build is for the device, or, where nvcc does not know it, for the build's own list.
tool nvcc <<'END'
#!/bin/sh
[ "$1" != --list-gpu-arch ] || echo 'compute_80
compute_90'
END
tool cmake <<'END'
#!/bin/sh
echo "cmake version 3.25.1, arguments $*"
[ "$1" = --version ]
END
tool c++ </dev/null
for capability in 90 103; do
    FAKE_CUDA_CAPABILITY=$capability bare "$folder/build-$capability.txt"
    grep -q 'gpu-check: build: FAILED' "$folder/build-$capability.txt" || fail 'it does not come to the build'
done
grep -q -e '-DCMAKE_CUDA_ARCHITECTURES=90-real' "$folder/build-90.txt" || fail 'it does not build for the device'
! grep -q -e '-DCMAKE_CUDA_ARCHITECTURES' "$folder/build-103.txt" || fail 'it builds for what nvcc does not know'
