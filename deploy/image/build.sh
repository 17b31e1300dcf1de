#!/usr/bin/env bash
# Builds the Dockerfile where there is no engine and no registry of images, into an empty root:
#   deploy/image/build.sh ROOT [OPTIONS OF buildah build]
# The base is made by mmdebstrap from Debian's packages as its slim image is, the Dockerfile itself is built by buildah without
# any daemon, and what the image holds is copied to ROOT, where deploy/image/check.sh runs it. Needs root, buildah, mmdebstrap.
# A machine whose pip is configured passes that on: --volume /etc/pip.conf:/etc/pip.conf:ro
set -euo pipefail
root=$(realpath --canonicalize-missing "${1:?the folder that the root is written to}")
shift
here=$(dirname "$(realpath "$0")")
if [ -e "$root" ]; then
    echo "there is something at $root already: name a folder that is not there yet" >&2
    exit 2
fi
# STORE keeps the layers for the next build.
if [ -z "${STORE:-}" ]; then
    store=$(mktemp --directory --tmpdir undertone-image.XXXXXX)
    trap 'rm -rf "$store"' EXIT
else
    store=$STORE
fi
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot BUILDAH_FORMAT=docker
buildah() {
    command buildah --root "$store/images" --runroot "$store/run" "$@"
}

echo "base: Debian bookworm from its packages"
mmdebstrap --quiet --variant=minbase --include=ca-certificates \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' bookworm "$store/base.tar"
base=$(buildah from scratch)
buildah add --quiet "$base" "$store/base.tar" / > /dev/null
buildah commit --quiet "$base" undertone-base > /dev/null
buildah rm "$base" > /dev/null

echo "image: the Dockerfile"
buildah build --layers --quiet --build-arg DEBIAN=localhost/undertone-base --tag undertone --network host "$@" "$here/../.." > /dev/null
image=$(buildah from undertone)
buildah inspect --type image undertone > "$store/image.json"
mkdir -p "$(dirname "$root")"
cp --archive "$(buildah mount "$image")" "$root"
cp "$store/image.json" "$root.json"
echo "$root: $(du --summarize --block-size=MB "$root" | cut --fields=1), how it is run: $root.json"
