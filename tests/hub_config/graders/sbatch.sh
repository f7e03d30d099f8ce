#!/bin/sh
# Takes the place of Slurm's sbatch where there is none: runs the job at once, on this machine, in
# a session of its own that `scancel` can end. The caller removes its script, so this keeps a copy.
copy=$(mktemp "$JOBS/job.XXXXXX")
cp "$1" "$copy"
chmod +x "$copy"
setsid "$copy" >"$copy.log" 2>&1 &
echo "$!" >>"$JOBS/started"
echo "Submitted batch job $!"
