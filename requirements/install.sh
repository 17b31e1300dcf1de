#!/usr/bin/env bash
# Installs every package of a lock file by its hash: requirements/install.sh PYTHON LOCK EXTRAS
# Registries are not the same everywhere, nor for every Python: where a version of the lock file is missing, that is said, and what
# pyproject.toml allows is installed instead. A hash that does not match ends it.
set -euo pipefail
python=$1 lock=$2 extras=$3
log=$(mktemp)
trap 'rm -f "$log"' EXIT

install() {
    "$python" -m pip install --quiet --disable-pip-version-check "$@"
}

if install --require-hashes --no-deps --requirement "requirements/$lock.txt" 2> "$log"; then
    exit 0
fi
cat "$log" >&2
grep --quiet "No matching distribution found" "$log" || exit 1
echo "for this Python the registry lacks a version of requirements/$lock.txt (see above):" \
    "installing what pyproject.toml allows" >&2
if [[ $lock == dev ]]; then
    install 'torch==2.13.*' # before anything that would ask for another one
fi
install --requirement requirements/build.in --editable ".[$extras]"
