#!/bin/sh
# Hands a whole experiment to Slurm, each step after the one before:
#   SHARDS=16 recipes/cluster/submit.sh recipes/b0_bsb.toml --set vars.data=/data/rsna --out /shared/runs
# WHOLE and PARTS are more options of sbatch for the one job and for the array: WHOLE="--gres=gpu:1 --mem=64G".
set -eu
here=$(dirname "$0")
last=$((${SHARDS:-4} - 1))
# The options are several words, so they stand without quotes.
shards() { sbatch --parsable --array="0-$last" ${PARTS:-} "$@"; }
whole() { sbatch --parsable ${WHOLE:-} "$@"; }

read=$(shards "$here/shards.sbatch" "$@")
train=$(whole --dependency="afterok:$read" "$here/whole.sbatch" "$@" --until train)
predict=$(shards --dependency="afterok:$train" "$here/shards.sbatch" "$@")
finish=$(whole --dependency="afterok:$predict" "$here/whole.sbatch" "$@")
echo "reads $read, trains $train, predicts $predict, finishes $finish"
