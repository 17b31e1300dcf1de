#!/usr/bin/env bash
# Runs the server from a root that deploy/image/build.sh has made, as the image says: its user, nothing writable but /tmp and /data,
# no capability. Prints what is large in it, and how long it takes to start:  deploy/image/check.sh ROOT [PORT]
# Needs root, and unshare and setpriv of util-linux.
set -euo pipefail
root=$(realpath "${1:?the root that deploy/image/build.sh has made}")
port=${2:-8099}

echo "size: $(du --summarize --block-size=MB "$root" | cut --fields=1); its largest parts:"
du --block-size=MB --max-depth=1 "$root"/opt/undertone/lib/python3*/site-packages "$root/usr" \
    | sort --numeric-sort --reverse | head --lines=14 | sed "s|$root||; s|^|  |"

cat > "$root.run" <<'E2'
set -euo pipefail
root=$1 port=$2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o size=16m,uid=10001,gid=10001,mode=700 tmpfs "$root/data"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cd "$root"
shift 2
exec chroot "$root" /usr/bin/setpriv --reuid=10001 --regid=10001 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    env --chdir=/data --ignore-environment HOME=/tmp "$@"
E2
# What the Dockerfile says: variables, then the command.
mapfile -t told < <(python3 -c '
import json, sys
config = json.load(open(sys.argv[1]))["Docker"]["config"]
print(*config["Env"], *config["Entrypoint"], *config["Cmd"], sep="\n")' "$root.json")
began=$(date +%s%N)
unshare --mount --pid --fork --kill-child=SIGTERM bash "$root.run" "$root" "$port" "${told[@]}" --port "$port" --no-auth > "$root.log" 2>&1 &
server=$!
trap 'kill "$server" 2> /dev/null || true' EXIT
until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/ready"; do
    kill -0 "$server" 2> /dev/null || { cat "$root.log" >&2; echo "the server did not start" >&2; exit 1; }
    sleep 0.1
done
echo "ready after $(( ($(date +%s%N) - began) / 1000000 )) ms"
curl --silent --fail --form "file=@$root/opt/undertone/lib/python3.11/site-packages/undertone/carried/data/samples/01_glad.flac" \
    "http://127.0.0.1:$port/predict" | grep --only-matching "\"text\": \"[^\"]*\""
kill -TERM "$(pgrep --parent "$server")"
wait "$server" && echo "stopped in order"
