#!/bin/sh
# Takes the place of Slurm's scancel beside sbatch.sh: asks the job to end, and then ends it.
kill -TERM "-$1" && sleep 2
kill -KILL "-$1" || true
