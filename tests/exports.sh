#!/bin/sh
# The shared library shows exactly the functions that include/epnet.h declares. Arguments: source folder, library.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tr '\n' ' ' <"$1/include/epnet.h" | grep -o 'EPNET_API [^;(]*(' | sed 's/($//; s/.*[ *]//' | grep -v '^__attribute__' | sort >"$work/declared"
nm -D --defined-only "$2" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$work/shown"
test "$(wc -l <"$work/declared")" -gt 20
diff "$work/declared" "$work/shown"
