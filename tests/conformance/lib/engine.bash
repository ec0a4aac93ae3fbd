# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the engine tests share: a world of the file's own in which an engine runs, and the runtime that it is given.
#
#   RUNTIME   oakum (default), runc or crun: the same steps with another runtime give the comparison
#   WRAP      a program that is given to the engine in the runtime's place, with the runtime as its first argument
#
# An engine leaves mounts, bridges, sockets and processes all over a machine. So each file has a mount and a network namespace of
# its own, held by one `sleep`, with an empty /run and /dev/shm in it: what an engine mounts ends with the namespace, default paths are
# free, and an engine that already runs on this machine is neither seen nor disturbed. Processes are known by their cgroup:
# engines are started in a cgroup of the test's (controller `pids`), where their shims and monitors stay as well.

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
OAKUM_BUILD=${OAKUM_BUILD:-$top/build}
RUNTIME=${RUNTIME:-oakum}

# needs PROGRAM...: skips the whole file when there is none.
needs() {
  local program
  [ "$(id -u)" -eq 0 ] || skip 'needs root'
  for program; do
    command -v "$program" >/dev/null || skip "needs $program"
  done
}

# The program of $RUNTIME, in $runtime.
find_runtime() {
  case $RUNTIME in
    oakum) runtime=$OAKUM_BUILD/src/bin/oakum-runtime ;;
    *) runtime=$(command -v "$RUNTIME") || skip "needs $RUNTIME" ;;
  esac
  [ -x "$runtime" ] || skip "$runtime is not built"
  if [ -n "${WRAP:-}" ]; then
    printf '#!/bin/sh\nexec %s %s "$@"\n' "$WRAP" "$runtime" >"$place/runtime"
    chmod 755 "$place/runtime"
    runtime=$place/runtime
  fi
}

# world_begin NAME: $place, a directory; $ns, the process that holds the namespace; $group, the cgroup of all processes.
world_begin() {
  # Short, whatever $TMPDIR is: podman's attach socket and exit files lie below it, and where the path is too long for a socket's
  # address every rootless podman waits 20 s for a container that has ended.
  place=$(mktemp -d /tmp/oakum-conf.XXXXXX)
  chmod 755 "$place"
  group=oakum-conf-$1-$$
  find_runtime
  printf 'oakum:200000:65536\ncontainers:300000:1048576\n' >"$place/subid"
  {
    cat /etc/passwd
    printf 'oakum:x:59999:59999::/nonexistent:/bin/false\ncontainers:x:59998:59998::/nonexistent:/bin/false\n'
  } >"$place/passwd"
  sed 's/:x:\([0-9]*\):.*/:x:\1:/' "$place/passwd" >"$place/group"
  mkdir "$place/tmp"
  null_owner=$(stat -c %u:%g /dev/null)
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare -m -n --propagation slave sh -c '
    set -e
    ip link set lo up
    mount -t tmpfs -o mode=755 tmpfs /run
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm
    # crun gives /dev/null, where it is a standard stream, to the root of the user namespace: here it is one of our own.
    mknod -m 666 /run/null c 1 3 && mount --bind /run/null /dev/null
    mount --bind "$1/subid" /etc/subuid && mount --bind "$1/subid" /etc/subgid
    mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group
    # crun of this age refuses a machine that has both versions of cgroups.
    if [ "$2" = crun ] && mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
    touch "$1/ready"
    exec sleep 3600' sh "$place" "$RUNTIME" 3>&- &
  ns=$!
  wait_for 10 test -e "$place/ready"
  if [ -d /sys/fs/cgroup/pids ]; then
    cgroups=/sys/fs/cgroup/pids/$group
  else
    cgroups=/sys/fs/cgroup/$group
  fi
  mkdir -p "$cgroups"
  # Cleans up where bats was killed and does not come to teardown_file.
  owner=$$ place=$place ns=$ns group=$group setsid bash -c "$(declare -f world_end wait_for)"'
    while [ -d "$place" ] && kill -0 "$owner" 2>/dev/null; do sleep 1; done
    [ ! -d "$place" ] || world_end' >/dev/null 2>&1 </dev/null 3>&- &
  export place ns group cgroups runtime RUNTIME null_owner
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local n=$(($1 * 20))
  shift
  while ! "$@" >/dev/null 2>&1; do
    n=$((n - 1))
    [ "$n" -gt 0 ] || return 1
    sleep 0.05
  done
}

# inside COMMAND...: in the namespace of this file.
inside() {
  # Standard input that is the host's /dev/null would be one still.
  if [ /dev/stdin -ef /dev/null ]; then
    # shellcheck disable=SC2016 # expanded by the inner shell
    set -- sh -c 'exec "$@" </dev/null' sh "$@"
  fi
  nsenter -t "$ns" -m -n -- env TMPDIR="$place/tmp" HOME="$place" XDG_RUNTIME_DIR=/run "$@"
}

# daemon LOG COMMAND...: starts it in the namespace and in the cgroup.
daemon() {
  local log=$1
  shift
  # shellcheck disable=SC2016 # expanded by the inner shell
  inside setsid sh -c 'echo 0 >"$1/cgroup.procs"; shift; exec "$@" </dev/null' sh "$cgroups" "$@" >>"$log" 2>&1 3>&- &
}

# world_end: ends every process in the cgroup, the namespace, and what is left in cgroups of this name.
world_end() {
  local try pid file
  [ -n "${place:-}" ] || return 0
  for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
    # shellcheck disable=SC2044 # names without spaces
    for file in $(find /sys/fs/cgroup -path "*/$group*" -name cgroup.procs 2>/dev/null); do
      while read -r pid; do
        if [ "$try" -le 2 ]; then kill -TERM "$pid"; else kill -KILL "$pid"; fi 2>/dev/null || true
      done <"$file" || true
    done 2>/dev/null
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
    [ -n "$(find /sys/fs/cgroup -type d -name "$group*")" ] || break
    sleep 0.$((try / 2 + 1))
  done
  kill "$ns" 2>/dev/null || true
  wait "$ns" 2>/dev/null || true
  wait_for 10 rm -rf --one-file-system "$place"
  rm -rf --one-file-system "$place"
  [ "$(stat -c %u:%g /dev/null)" = "${null_owner:-0:0}" ] || { echo "/dev/null belongs to $(stat -c %u:%g /dev/null) now"; return 1; }
}

# make_root DIR: busybox, and the directories and files that images have.
make_root() {
  local dir
  for dir in bin dev etc home proc root run sys tmp var/tmp; do
    mkdir -p "$1/$dir"
  done
  chmod 1777 "$1/tmp"
  cp "$(command -v busybox)" "$1/bin/busybox"
  for dir in $("$1/bin/busybox" --list); do
    [ "$dir" = busybox ] || ln -sf busybox "$1/bin/$dir"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nmail:x:8:8:mail:/:/bin/sh\n' >"$1/etc/passwd"
  printf 'root:x:0:\nmail:x:8:\naudio:x:29:mail\n' >"$1/etc/group"
}

# image_tar FILE: a root file system as a tar archive.
image_tar() {
  make_root "$place/image"
  tar -C "$place/image" -cf "$1" .
  rm -rf "$place/image"
}

# oci_archive FILE NAME...: make_root's image as an OCI image layout of one layer, which `ctr images import` takes by these names.
oci_archive() {
  local file=$1 blobs layout=$place/layout layer config manifest
  shift
  blobs=$layout/blobs/sha256
  mkdir -p "$blobs"
  image_tar "$place/box.tar"
  blob() { set -- "$1" "$(sha256sum <"$1" | cut -d' ' -f1)"; mv "$1" "$blobs/$2"; echo "$2"; }
  layer=$(blob "$place/box.tar")
  jq -n --arg l "sha256:$layer" '{architecture: "amd64", os: "linux", config: {Cmd: ["sleep", "3600"], Env: ["PATH=/bin", "IMAGE=yes"]},
    rootfs: {type: "layers", diff_ids: [$l]}}' >"$place/json"
  config=$(blob "$place/json")
  jq -n --arg c "sha256:$config" --arg l "sha256:$layer" --argjson cs "$(stat -c %s "$blobs/$config")" \
    --argjson ls "$(stat -c %s "$blobs/$layer")" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $c, size: $cs},
    layers: [{mediaType: "application/vnd.oci.image.layer.v1.tar", digest: $l, size: $ls}]}' >"$place/json"
  manifest=$(blob "$place/json")
  echo '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"
  jq -n --arg m "sha256:$manifest" --argjson s "$(stat -c %s "$blobs/$manifest")" '{schemaVersion: 2, manifests: [$ARGS.positional[] | {mediaType:
    "application/vnd.oci.image.manifest.v1+json", digest: $m, size: $s, annotations: {"io.containerd.image.name": .},
    platform: {architecture: "amd64", os: "linux"}}]}' --args -- "$@" >"$layout/index.json"
  tar -C "$layout" -cf "$file" .
  rm -rf "$layout"
}

# Skips where root itself lacks capabilities, so that no runtime can give all of them.
all_capabilities() {
  local bounding
  bounding=$((16#$(sed -n 's/^CapBnd:\s*//p' /proc/self/status)))
  [ "$bounding" -eq $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1)) ] || skip 'root lacks capabilities here'
}

# try COMMAND...: its $status and $output. (bats' own `run` warns of status 127, which is one of ours.)
try() {
  status=0
  output=$("$@" 2>&1) || status=$?
}

# is STATUS [OUTPUT]: what the last `try` must have given; * matches in OUTPUT.
is() {
  # shellcheck disable=SC2053 # a pattern
  if [ "$status" -ne "$1" ] || { [ $# -gt 1 ] && [ "$output" != "$2" ] && [[ $output != $2 ]]; }; then
    echo "expected: $1 ${2:-}"
    echo "found:    $status $output"
    return 1
  fi
}

# is_one STATUS OUTPUT...: as is, with one of several outputs.
is_one() {
  local want=$1 one
  shift
  for one; do
    if is "$want" "$one" >/dev/null; then return 0; fi
  done
  is "$want" "$1"
}

# In a check, a step that differences.txt explains for $RUNTIME is skipped with what it says; `compare` tries it.
known_difference() {
  local why
  [ -z "${CONFORMANCE_ALL:-}" ] || return 0
  why=$(awk -F ' *[|] *' -v e="$(basename "$BATS_TEST_FILENAME" .bats)" -v r="$RUNTIME" -v s="$BATS_TEST_DESCRIPTION" \
    '$1 == e && $2 == r && $3 == s { print $4 }' "$BATS_TEST_DIRNAME/differences.txt")
  [ -z "$why" ] || skip "known difference: $why"
}
