# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the start tests share: a store, a state and a cgroup of the test's own, a busybox image and bundle, and the question
# whether anything was left behind.
#
# OAKUM_TEST_RUNTIME names another OCI runtime (runc): then the tests of the runtime try that one, which tests the tests.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
OAKUM_BUILD=${OAKUM_BUILD:-$top/build}
bin=$OAKUM_BUILD/src/bin
helpers=$OAKUM_BUILD/tests/integration
runtime=${OAKUM_TEST_RUNTIME:-$bin/oakum-runtime}

start_setup() {
  [ "$(id -u)" -eq 0 ] || skip 'needs root'
  command -v busybox >/dev/null || skip 'needs busybox'
  place=$BATS_TEST_TMPDIR
  group=oakum-start-$$-$BATS_TEST_NUMBER
  oakum=("$bin/oakum" --root "$place/store" --state "$place/state")
  oakum_run=("${oakum[@]}" run --rm --pull never --network none --cgroup-parent "/$group")
  chmod 755 "$place"
  umask 022
}

# Ends what the test left running, so that the next one is not disturbed; what remains then is the kernel's.
start_teardown() {
  local try file pid
  [ -n "${group:-}" ] || return 0
  for try in 1 2 3 4 5 6 7 8 9; do
    for file in $(find /sys/fs/cgroup -path "*/$group*" -name cgroup.procs 2>/dev/null); do
      while read -r pid; do
        kill -KILL "$pid" 2>/dev/null || true
      done <"$file" || true
    done 2>/dev/null
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
    [ -n "$(find /sys/fs/cgroup -type d -name "$group")" ] || return 0
    sleep 0.$try
  done
  echo "cgroups left: $(find /sys/fs/cgroup -type d -path "*/$group*")"
  return 1
}

# "${oakum[@]}" is the program itself, where a signal is to reach it and not a shell in between.
oak() { "$bin/oakum" --root "$place/store" --state "$place/state" "$@"; }
# oak_run FLAGS IMAGE COMMAND: in the foreground, removed at the end.
oak_run() { oak run --rm --pull never --network none --cgroup-parent "/$group" "$@"; }
rt() { "$runtime" --root "$place/rt" "$@"; }

# make_root DIR: busybox and the directories that a root has.
make_root() {
  local root=$BATS_FILE_TMPDIR/root dir
  if [ ! -d "$root" ]; then
    for dir in bin dev etc home proc root run sys tmp var/tmp; do
      mkdir -p "$root/$dir"
    done
    cp "$(command -v busybox)" "$root/bin/busybox"
    for dir in $("$root/bin/busybox" --list); do
      [ "$dir" = busybox ] || ln -sf busybox "$root/bin/$dir"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\nmail:x:8:8:mail:/:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\nmail:x:8:\n' >"$root/etc/group"
  fi
  mkdir -p "$1"
  cp -a "$root/." "$1/"
}

# The image `box` in the store.
make_image() {
  make_root "$place/image"
  tar -C "$place/image" -cf "$place/image.tar" .
  oak import "$place/image.tar" box >/dev/null
  rm -rf "$place/image" "$place/image.tar"
}

# make_bundle DIR [FILTER [JQ ARGUMENTS]]: the hardened bundle of bench/start, changed by FILTER; program: sh -c $script.
make_bundle() {
  local dir=$1 filter=${2:-.}
  shift $(($# > 1 ? 2 : 1))
  mkdir -p "$dir"
  [ -e "$dir/rootfs" ] || make_root "$dir/rootfs"
  jq --arg cgroup "/$group/$(basename "$dir")" --arg script "${script:-true}" "$@" \
    '.linux.cgroupsPath = $cgroup | .process.args = ["sh", "-c", $script] | '"$filter" \
    "$top/bench/start/config.json" >"$dir/config.json"
}

# ---- what is there of ours

traces() {
  local pid
  # find fails when a directory goes while it looks, and what follows would be missing.
  find /sys/fs/cgroup -mindepth 1 -type d -path "*/$group/*" -printf 'cgroup %p\n' 2>/dev/null || true
  sed -E 's/^[0-9]+ [0-9]+ [0-9:]+ (\S+) (\S+) .* - (\S+) (\S+) .*/mount \2 (\3 from \4, root \1)/' /proc/self/mountinfo
  # Two programs for all processes, not two for each: others may have thousands. A kernel thread has no exe.
  {
    grep -lF "/$group" /proc/[0-9]*/cgroup | sed 's,/cgroup$,,'
    # A protected runtime's file is the root of a mount of its own: /oakum-runtime.
    find /proc/[0-9]*/exe -maxdepth 0 \( -lname "$bin/*" -o -lname '/oakum*' \) -printf '%h\n' | while read -r pid; do
      [[ $(tr '\0' ' ' <"$pid/cmdline") != *"$place"* ]] || echo "$pid"
    done
  } 2>/dev/null | sort -u | while read -r pid; do
    echo "process ${pid#/proc/} $(tr '\0' ' ' <"$pid/cmdline")"
  done 2>/dev/null || true
  find "$place" -path "$place/tmp" -prune -o -printf 'file %P %y\n' 2>/dev/null || true
}

# mark: now is clean. nothing_left: it is so again (the kernel and workers of others get a moment).
mark() { traces | sort -u >"$BATS_TEST_TMPDIR.before"; }
nothing_left() {
  local left try
  for try in 1 2 3 4 5 6; do
    left=$(traces | sort -u | comm -13 "$BATS_TEST_TMPDIR.before" -)
    [ -n "$left" ] || return 0
    sleep 0.$try
  done
  echo 'left behind:'
  head -n 40 <<<"$left"
  return 1
}
# The quick form for loops: cgroups only.
no_cgroup_left() {
  local left
  left=$(compgen -G "/sys/fs/cgroup/*/$group/*/" || compgen -G "/sys/fs/cgroup/$group/*/" || true)
  [ -z "$left" ] || { echo "left: $left"; return 1; }
}

# ---- words about results

# said STATUS WORDS...: what `run` got.
said() {
  local want=$1 word
  shift
  [ "$status" -eq "$want" ] || { echo "status $status, not $want; it said:"; echo "$output"; return 1; }
  for word in "$@"; do
    [[ $output == *"$word"* ]] || { echo "no \"$word\" in:"; echo "$output"; return 1; }
  done
}

# one_error TEXT: exactly one line, not empty.
one_error() {
  [ -n "$1" ] && [ "$(wc -l <<<"$1")" -eq 1 ] || { echo 'not one line of error:'; echo "$1"; return 1; }
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "waited in vain for: $*"; return 1; }
    sleep 0.02
  done
}

# canary_make DIR; canary DIR: the whole state of a tree that nobody may touch.
canary_make() {
  mkdir -p "$1/dir/sub"
  echo precious >"$1/file"
  echo inner >"$1/dir/inner"
  : >"$1/empty"
  mkfifo "$1/fifo"
  mknod "$1/null" c 1 3
  ln -s file "$1/link"
  chmod 751 "$1/dir"
  chown 1234:5678 "$1/dir/inner"
}
canary() {
  find "$1" -printf '%P %i %#m %U:%G %n %s %y %l\n' | sort
  find "$1" -type f -exec sha256sum {} + | sort
}
