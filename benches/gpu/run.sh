#!/bin/sh
# Builds ichflow for this machine's NVIDIA GPU and measures it beside PyTorch: gpu.md, gpu.json.
# Options go to bench.py (--help lists them); with `--device cpu` nothing of CUDA is built.
# PYTHON names an interpreter with torch and timm.
set -eu
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
case " $* " in
*" --device cpu "*) cargo build --release -p ichflow-speed ;;
*) cargo build --release -p ichflow-speed --features cuda ;;
esac
exec "${PYTHON:-python3}" benches/gpu/bench.py --program "$target/release/ichflow-speed" "$@"
