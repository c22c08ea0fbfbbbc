#!/usr/bin/env bash
# Time and peak memory of reading and storing many slices: hard links to the DICOM files of a directory.
#
#   benches/scale.sh DIR 10000 100000
#
# Needs the release build of ichflow and GNU time. Files of other sizes are scaled by the store, so memory and
# time are those of the real thing; what is repeated is only what lies on the disk.
set -euo pipefail
source=$(realpath "$1")
shift
ichflow=$(realpath "${CARGO_TARGET_DIR:-target}/release/ichflow")
scratch=$(mktemp -d -p "${SCRATCH:-$(dirname "$source")}" ichflow-scale.XXXX)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
timed() {
  /usr/bin/time -f '%e s, %M KiB' -o time.txt "$@" >/dev/null 2>run.log || { tail -5 run.log; exit 1; }
  cat time.txt
}
for count in "$@"; do
  python3 - "$source" "links-$count" "$count" <<'PYTHON'
import os, sys
source, target, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
files = sorted(entry.path for entry in os.scandir(source) if entry.is_file())
for number in range(count):
    folder = f"{target}/{number // 1000:04}"
    if number % 1000 == 0:
        os.makedirs(folder)
    os.link(files[number % len(files)], f"{folder}/{number:07}.dcm")
PYTHON
  printf 'ichflow = 1\n[load]\nuse = "dicom-dir"\npath = "links-%s"\n[store]\nuse = "hu-store"\nsize = 128\n' "$count" >"scale-$count.toml"
  echo "$count slices: $(timed "$ichflow" run "scale-$count.toml" --out runs)"
  echo "$count again:  $(timed "$ichflow" run "scale-$count.toml" --out runs)"
  if [ -n "${EDA:-}" ]; then
    printf '[report]\nuse = "eda-report"\n' >>"scale-$count.toml"
    echo "$count eda:    $(timed "$ichflow" run "scale-$count.toml" --out runs)"
    cp runs/"scale-$count"/latest/report.html "${EDA}" 2>/dev/null || true
  fi
  rm -rf "links-$count" runs
done
