#!/bin/sh
# Builds ichflow for this machine's NVIDIA GPU, runs the tests of tests/gpu.rs on it, and measures it beside PyTorch:
# gpu.md, gpu.json. Options go to bench.py (--help lists them); with `--device cpu` nothing of CUDA is built and the
# CPU stands in for the GPU. PYTHON names an interpreter with torch and timm.
set -eu
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
case " $* " in
*" --device cpu "*)
  ICHFLOW_GPU_TESTS=cpu cargo test --release --test gpu -- --test-threads 1 --nocapture
  cargo build --release -p ichflow-speed
  ;;
*)
  cargo test --release --features cuda --test gpu -- --test-threads 1 --nocapture
  cargo build --release -p ichflow-speed --features cuda
  ;;
esac
exec "${PYTHON:-python3}" benches/gpu/bench.py --program "$target/release/ichflow-speed" "$@"
