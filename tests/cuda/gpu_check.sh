#!/bin/sh
# `make gpu-check` on the emulated device: its stages, its results, and what it does where something fails or is missing.
# usage: gpu_check.sh SOURCE PROGRAM FOLDER C_COMPILER
# EPNET_TEST_PYTHON=python3.6: the scripts are run by it.
set -eu
source=$1 program=$2 folder=$3 compiler=$4
python=${EPNET_TEST_PYTHON:-python3}
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
    "$python" "$source/bench/gpu_check.py" --program "$given" --size tiny --results "$results" --build "$folder/build" "$@"
}

rm -rf "$folder"
mkdir -p "$folder"

# Python 3.6 is enough: its grammar, and none of the names that came later and are missed most easily.
python3 - "$source"/bench/gpu_*.py <<'END' || fail 'a script takes more than Python 3.6'
import ast, sys
attributes = {"removeprefix", "removesuffix", "reconfigure", "fromisoformat", "isascii", "cached_property", "fmean", "pairwise"}
keywords = {"capture_output", "text", "missing_ok", "dirs_exist_ok"}
version = {"feature_version": (3, 6)} if sys.version_info >= (3, 8) else {}
for path in sys.argv[1:]:
    for node in ast.walk(ast.parse(open(path, encoding="utf-8").read(), path, **version)):
        late = (isinstance(node, ast.Attribute) and node.attr in attributes
                or isinstance(node, ast.keyword) and node.arg in keywords
                or isinstance(node, ast.ImportFrom) and node.module in ("__future__", "dataclasses")
                or isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
                and any(isinstance(side, (ast.Dict, ast.DictComp)) for side in (node.left, node.right)))
        assert not late, f"{path}:{getattr(node, 'lineno', '?')}: {ast.dump(node)[:100]}"
END

check "$folder/good" "$program" >"$folder/good.txt" 2>&1 || { cat "$folder/good.txt"; fail 'it fails on the emulated device'; }
page=$(ls "$folder"/good/*-gpu.md) csv=$(ls "$folder"/good/*-gpu.csv)
[ "$(ls "$folder/good" | wc -l)" -le 8 ] || fail 'it leaves more than eight files'
for part in '## Checks' '## Time loop' '## Trajectories' '## Sweeps' '## Single applications' '## Stationary laws' \
    '## Other tools' \
    '## Kernels as linked' '| memcheck | not done: 0 checks' \
    '| check | ok |' '| bench | ok |' '| peers | ok |' ' 0 failed'; do
    grep -qF "$part" "$page" || fail "the page lacks '$part'"
done
python3 - "$csv" <<'END' || fail 'the CSV file is not what it should be'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert all(None not in row and None not in row.values() for row in rows), "a line has too many or too few fields"
assert {"device", "check", "sanitizer", "kernel", "steps", "trajectories", "cpu", "sweep", "application", "sparse",
        "dense", "peer"} <= {r["section"] for r in rows}
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
PYTHONPATH=$folder/bare "$python" "$source/bench/gpu_peers.py" "$folder/build/peers.json" --csv "$folder/bare.csv" \
    >"$folder/bare.txt" 2>&1 || { cat "$folder/bare.txt"; fail 'it needs numpy'; }
grep -q 'peer,jax,.*absent' "$folder/bare.csv" || fail 'it does not say that the other tools are absent'

# Results of the same day stay, logs included.
before=$(cd "$folder/good" && cksum *)
check "$folder/good" /bin/true >/dev/null 2>&1 || fail 'a second time, it fails'
for line in csv md check.log bench.log; do
    ls "$folder"/good/*-gpu-2?"$line" >/dev/null || fail "the second results have no name of their own ($line)"
done
mkdir "$folder/second"
mv "$folder"/good/*-gpu-2[.-]* "$folder/second"
[ "$(cd "$folder/good" && cksum *)" = "$before" ] || fail 'it writes over earlier results'
[ "$(ls "$folder/second" | wc -l)" -le 8 ] || fail 'a second time, it leaves more than eight files'

# A signal ends what is running, children included, and the page says so.
cat >"$folder/slow" <<'END'
#!/bin/sh
sleep 300 &
echo $$ $! >"${FAKE_PIDS}.new"
mv "${FAKE_PIDS}.new" "$FAKE_PIDS"
wait
END
chmod +x "$folder/slow"
alive() { # PID: there, and no zombie
    [ -r "/proc/$1/stat" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}
interrupted() { # SIGNAL CODE STAGE further arguments
    name=$1 expected=$2 stage=$3 code=0 pids=$folder/$1.pids
    shift 3
    rm -f "$pids"
    # A shell lets what it starts in the background ignore SIGINT.
    FAKE_PIDS=$pids python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$python" "$source/bench/gpu_check.py" --size tiny --results "$folder/$name-$stage" \
        --build "$folder/build" "$@" >"$folder/$name-$stage.txt" 2>&1 &
    script=$!
    waited=0
    until [ -e "$pids" ]; do
        waited=$((waited + 1))
        [ "$waited" -lt 600 ] || fail "$stage does not begin"
        sleep 0.1
    done
    kill -s "$name" "$script"
    wait "$script" || code=$?
    [ "$code" -eq "$expected" ] || fail "$name in $stage: exit code $code, not $expected"
    grep -q "| $stage | interrupted by SIG$name |" "$folder/$name-$stage"/*-gpu.md ||
        fail "the page does not say that $name interrupted $stage"
    for pid in $(cat "$pids"); do
        ! alive "$pid" || fail "$name in $stage: process $pid is left running"
    done
}
interrupted INT 130 check --program "$folder/slow"
interrupted TERM 143 check --program "$folder/slow"
interrupted HUP 129 memcheck --program /bin/true --sanitizer "$folder/slow"

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
sanitized unknown 1 '| memcheck | FAILED: 1 check under it, Something else that is wrong: 5 µs (exit code 9) |' '| bench | ok |'
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
python=$("$python" -c "import sys; print(sys.executable)")
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
case $1 in
--list-gpu-arch) printf 'compute_80\ncompute_90\n' ;;
--version) echo "Cuda compilation tools, release ${FAKE_NVCC:-13.0}, V0" ;;
esac
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
grep -q -e '-UCMAKE_CUDA_ARCHITECTURES -DCMAKE_CUDA_ARCHITECTURES=90-real' "$folder/build-90.txt" ||
    fail 'it does not build for the device'
grep -q -e '-UCMAKE_CUDA_ARCHITECTURES$' "$folder/build-103.txt" || fail 'an earlier architecture stays in the cache'
! grep -q -e '-DCMAKE_CUDA_ARCHITECTURES' "$folder/build-103.txt" || fail 'it builds for what nvcc does not know'

# A driver that is older than the toolkit is told of before the build: the same major release will do for machine code.
driver() { # RELEASE NVCC CAPABILITY WORDS
    FAKE_CUDA_VERSION=$1 FAKE_NVCC=$2 FAKE_CUDA_CAPABILITY=$3 bare "$folder/driver.txt"
    grep -qF "$4" "$folder/driver.txt" || {
        cat "$folder/driver.txt"
        fail "driver $1, nvcc $2, compute capability $3: it does not say '$4'"
    }
}
driver 12080 13.0 90 'a driver for CUDA 13 or later: this one is for CUDA 12.8, nvcc is of CUDA 13.0'
driver 12040 12.8 103 'a driver for CUDA 12.8 or later: this one is for CUDA 12.4, nvcc is of CUDA 12.8 and makes no machine code'
driver 12040 12.8 90 'gpu-check: build: FAILED'
driver 12080 12.8 103 'gpu-check: build: FAILED'
driver 13000 12.8 103 'gpu-check: build: FAILED'
