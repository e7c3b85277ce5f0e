#!/bin/sh
# Run the examples of this folder, draw their figures, and say where everything is and how fast it went.
# Arguments: the program, the folder for the results.
set -eu
epnet=$1 results=$2
examples=$(dirname "$0")
made= speeds=

mkdir -p "$results"

# example NAME SPEC [ARGUMENT...]: run SPEC into NAME.nc and draw NAME.png. The grid file of an earlier demo is
# removed first: it would be left as it is, and there would be no speed to report.
example() {
    name=$1 spec=$2
    shift 2
    rm -f "$results/$name.nc"
    summary=$("$epnet" run "$examples/$spec" -o "$results/$name.nc" "$@")
    printf '%s\n\n' "$summary"
    "$epnet" plot "$results/$name.nc" >/dev/null
    made="$made $name"
    speed=$(printf '%s\n' "$summary" | sed -n 's/^  speed *//p')
}

# sweep NAME SPEC [ARGUMENT...]: an example whose speed is worth reporting.
sweep() {
    example "$@"
    speeds="$speeds${speeds:+; }$name $speed"
}

example worked-example worked-example.toml
example worked-example-euler worked-example-euler.toml
sweep worked-example-copies worked-example.toml \
    --set 'sweep.copy_total={from=0.1, to=100.0, points=101, scale="log"}'
sweep envelope envelope.toml
sweep florentine florentine.toml
sweep kink kink.toml
example kink-row kink-row.toml
example leak leak.toml

printf 'Grid files and figures:\n'
for name in $made; do
    printf '  %-34s %s\n' "$results/$name.nc" "$results/$name.png"
done
printf 'Performance: %s\n' "$speeds"
