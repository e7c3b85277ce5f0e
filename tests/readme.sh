#!/bin/sh
# Follow README.md: its spec, its epnet commands, its Python (where xarray is installed), in an empty folder.
# Arguments: the source folder, the program.
set -eu
export CUDA_VISIBLE_DEVICES= # the CPU, also where there is a GPU
source=$1 program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
ln -s "$program" epnet
ln -s "$source/docs" docs

# block LANGUAGE: the fenced blocks of that language, one after the other.
block() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } $0 == "```" { inside = 0 } inside' "$source/README.md"; }

block toml >my-sweep.toml
block sh >commands.sh
test -s my-sweep.toml && test -s commands.sh
PATH="$work:$PATH" sh -eux commands.sh
for made in my-sweep.nc my-sweep.png total.svg my-sweep.csv biased.nc; do
    test -s "$made" || { echo "README.md promises $made, which was not made"; exit 1; }
done
test "$(wc -l <my-sweep.csv)" -eq 1601

block python >read.py
if python3 -c 'import xarray, netCDF4' 2>/dev/null; then
    python3 read.py
else
    echo "xarray is not installed: the Python of README.md was not run"
fi
