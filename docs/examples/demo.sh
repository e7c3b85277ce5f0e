#!/bin/sh
# Run the examples of this folder, draw their figures, and say where everything is and how fast it went.
# Arguments: the program, the folder for the results.
set -eu
epnet=$1 results=$2
examples=$(dirname "$0")
made=
speeds=

mkdir -p "$results"

# example NAME SPEC [ARGUMENT...]: run SPEC into NAME.nc and draw NAME.png. A grid file of an earlier demo would
# be left as it is, and there would be no speed to report: it is removed first.
example() {
    name=$1 spec=$2
    shift 2
    rm -f "$results/$name.nc"
    summary=$("$epnet" run "$examples/$spec" -o "$results/$name.nc" "$@")
    printf '\n%s\n' "$summary"
    "$epnet" plot "$results/$name.nc" >/dev/null
    made="$made$results/$name.nc  $results/$name.png
"
    speeds="$speeds; $name $(echo "$summary" | sed -n 's/^  speed *//p')"
}

example worked-example worked-example.toml
example worked-example-euler worked-example-euler.toml
example envelope envelope.toml
example florentine florentine.toml

printf '\nGrid files and figures\n'
printf '%s' "$made" | while read -r grid figure; do
    printf '  %-32s %s\n' "$grid" "$figure"
done
printf 'Performance: %s\n' "${speeds#; }"
