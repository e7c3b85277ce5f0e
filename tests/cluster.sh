#!/bin/sh
# Run the job array of docs/cluster.md as Slurm would, task by task, merge it, and compare with an undivided run.
# Arguments: the source folder, the program.
set -eu
export CUDA_VISIBLE_DEVICES= # the CPU, also where there is a GPU
source=$1 program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir bin
ln -s "$program" bin/epnet
PATH="$work/bin:$PATH"
awk '$0 == "```toml" { inside = 1; next } $0 == "```" { inside = 0 } inside' "$source/README.md" >my-sweep.toml

array=$(sed -n 's/^#SBATCH --array=1-//p' "$source/docs/examples/array.sbatch")
test "$array" -gt 1

# task NUMBER: as one of the array.
task() {
    SLURM_ARRAY_TASK_ID=$1 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=$array SLURM_ARRAY_TASK_STEP=1 \
        SLURM_ARRAY_TASK_COUNT=$array SLURM_CPUS_PER_TASK=2 sh "$source/docs/examples/array.sbatch"
}

for number in $(seq "$array" -1 2); do
    task "$number"
done
if epnet merge my-sweep.nc 2>error; then
    echo 'an incomplete array was merged'
    exit 1
fi
grep -q "there is no journal of 1$" error
task 1
epnet status my-sweep.nc | grep "shards: $array of $array begun, $array complete"
epnet merge my-sweep.nc
epnet run my-sweep.toml -o whole.nc
cmp my-sweep.nc whole.nc
test "$(ls | wc -l)" -eq 5 # bin, error, my-sweep.nc, my-sweep.toml, whole.nc
