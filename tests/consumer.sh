#!/bin/sh
# Install the build tree into an empty folder and build docs/examples/consumer against it twice, through
# find_package and through pkg-config; both programs must run and print the column that the installed program
# exports. The library must show the functions of epnet.h and no other.
# Arguments: source folder, build folder, C compiler.
set -eu
export CUDA_VISIBLE_DEVICES= # the CPU, also where there is a GPU
source=$1 build=$2 compiler=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"

grep -o '^EPNET_API [^(]*(' "$source/include/epnet.h" | grep -o 'epnet_[a-z0-9_]*' | sort >"$work/declared"
library=$(find "$work/prefix" -name libepnet.so)
nm -D --defined-only "$library" | sed -n 's/.* T \(.*\)@@EPNET_0$/\1/p' | sort >"$work/shown"
cmp "$work/declared" "$work/shown" || { echo "libepnet.so shows other functions than epnet.h declares"; exit 1; }
[ "$(nm -D --defined-only "$library" | wc -l)" -eq "$(($(wc -l <"$work/shown") + 1))" ] ||
    { echo "libepnet.so shows more than functions"; exit 1; }

printf '%s\n' '[network]' 'nodes = 3' 'copy_total = 1.5' '[solve]' 'kind = "stationary"' \
    '[sweep]' 'drive = { values = [0.5, 1.5, inf] }' >"$work/spec.toml"
"$work/prefix/bin/epnet" run "$work/spec.toml" -o "$work/program.nc" --table "$work/program.csv" --quiet
python3 - "$work/program.csv" >"$work/expected" <<'PYTHON'
import csv, sys
for k, row in enumerate(csv.DictReader(open(sys.argv[1]))):
    print(k, row["multiinformation"])
PYTHON
[ "$(wc -l <"$work/expected")" -eq 3 ] || { echo "the table of the installed program has not 3 rows"; exit 1; }

check() { # name, program
    "$2" "$work/spec.toml" "$work/$1.nc" multiinformation >"$work/$1.out"
    cmp "$work/expected" "$work/$1.out"
    cmp "$work/program.nc" "$work/$1.nc"
    echo "$1: ok"
}

cmake -S "$source/docs/examples/consumer" -B "$work/found" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_C_COMPILER="$compiler" >"$work/configure.log"
cmake --build "$work/found" >"$work/build.log"
check find_package "$work/found/consumer"

configuration=$(dirname "$(find "$work/prefix" -name epnet.pc)")
flags=$(PKG_CONFIG_PATH=$configuration pkg-config --cflags --libs epnet)
"$compiler" "$source/docs/examples/consumer/consumer.c" $flags -Wl,-rpath,"$(dirname "$library")" -o "$work/configured"
check pkg_config "$work/configured"
