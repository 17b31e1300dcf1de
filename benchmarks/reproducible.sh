#!/usr/bin/env bash
# Does `dvc repro -f` give the same bytes twice? Rebuilds every stage by force, twice, and compares the md5 of every output,
# metrics file and plot that dvc.lock lists. Takes as long as two full rebuilds; with `--recorded` the rebuild that dvc.lock
# records counts as the first, so that one suffices. Run it from the root of the repository with the environment's
# `python` first on the path, as `make` does:
#
#     PATH=$PWD/.venv/bin:$PATH benchmarks/reproducible.sh [--recorded] [STAGE...]
#
# Stages named limit the rebuild to them and what they need. Exits with 1 if a file differs.
set -euo pipefail

outputs() {
    python - "$@" <<'PYTHON'
import yaml

for name, stage in yaml.safe_load(open("dvc.lock"))["stages"].items():
    for out in stage.get("outs", []):
        print(out["md5"], out["path"], f"({name})")
PYTHON
}

recorded=false
if [[ ${1:-} == --recorded ]]; then
    recorded=true
    shift
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for turn in first second; do
    if [[ $turn == second ]] || ! $recorded; then
        dvc repro --force "$@" > "$scratch/$turn.log" 2>&1 || { tail -n 40 "$scratch/$turn.log"; exit 2; }
    fi
    outputs > "$scratch/$turn"
done
cat "$scratch/second"
if diff "$scratch/first" "$scratch/second"; then
    echo "$(wc -l < "$scratch/second") outputs, all with the same md5 in both rebuilds"
else
    echo "the outputs above differ between two rebuilds" >&2
    exit 1
fi
