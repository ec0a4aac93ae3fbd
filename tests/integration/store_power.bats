# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # lib/start sets place and top
# The power is cut while the store is written to: at every flush, and between two of them with any part of what was written since. The
# store lies on a file system of its own, on a loop device over a file that `recorder` shows and in which every write is recorded;
# lib/power-cut makes of the record what would be on the disk. OAKUM_LONG=1 cuts at every flush, and more file systems.
bats_require_minimum_version 1.5.0
load lib/start
load lib/registry
load lib/layered
setup() {
  registry_setup
  for need in losetup mkfs.ext4; do
    command -v $need >/dev/null || skip "needs $need"
  done
  export OAKUM_HTTP_TIMEOUT=30 # each command syncs
  [ -c /dev/fuse ] || skip 'needs /dev/fuse'
  disk=$place/disk loop='' daemon=''
}
teardown() {
  local try
  for try in 1 2 3 4 5; do
    ! mountpoint -q "$place/mnt" || umount "$place/mnt" || sleep 0.$try
  done
  stop_recording
  registry_teardown
}

# Every so many flushes.
every=${OAKUM_LONG:+1}
every=${every:-6}
[ -z "${OAKUM_LONG:-}" ] || BATS_TEST_TIMEOUT=1200

stop_recording() {
  [ -z "$loop" ] || losetup -d "$loop"
  if [ -n "$daemon" ]; then
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    ! mountpoint -q "$place/export" || umount "$place/export" || true
  fi
  loop='' daemon=''
}

# record: the disk as it is goes to $disk.base, and from now on all that is written to $loop is in $place/log.
record() {
  cp --sparse=always "$disk" "$disk.base"
  : >"$place/export"
  "$helpers/recorder" "$disk" "$place/log" "$place/export" >"$place/recorder.log" 2>&1 3>&- &
  daemon=$!
  wait_for 10 mountpoint -q "$place/export" || skip "no recording disk here: $(head -n 1 "$place/recorder.log")"
  loop=$(losetup -f --show "$place/export")
}

on_disk() { "$bin/oakum" --root "$place/mnt/store" --state "$place/state" "$@"; }
# What is there, as one line.
shown() { on_disk images --no-trunc --digests 2>"$place/shown-said" | tail -n +2 | awk '{ print $1 ":" $2 "@" $4 }' | sort | tr '\n' ' '; }

# step COMMAND...: its end, by the log's size, and what there is then.
step() {
  on_disk "$@" >"$place/said" 2>&1 || { echo "$*:"; cat "$place/said"; return 1; }
  printf '%s %s\n' "$(stat -c %s "$place/log")" "$(shown)" >>"$place/marks"
}

# after_cut MOUNT-OPTIONS AT: what a person finds who starts the machine again. (A program of its own: power-cut starts it.)
after_cut() {
  cat >"$place/after-cut" <<SCRIPT
#!/bin/bash
at=\${!#}
$(declare -f on_disk shown)
place='$place' bin='$bin'
fail() { echo "\$*"; cat "\$place/shown-said"; umount "\$place/mnt"; exit 1; }
said() { "\$@" >"\$place/said" 2>&1 || { cat "\$place/said"; fail "\$*"; }; }
mount -o 'loop,$1' "\$place/cut" "\$place/mnt" || { echo 'the file system cannot be mounted'; exit 1; }
# One of the states that it was in: that of the last command that had ended, or the next one's.
now=\$(shown)
allowed=\$(awk -v at="\$at" '\$1 <= at { before = \$0; next } { print before; print; exit } END { if (!seen) print before }' "\$place/marks" | sed 's/^[0-9]* //; s/ *\$//' | sort -u)
grep -qxF -- "\$(sed 's/ *\$//' <<<"\$now")" <<<"\$allowed" || fail "there is [\$now], not one of: \$allowed"
said on_disk system check
[ "\$(shown)" = "\$now" ] || fail 'a check changed what there is'
# The next command: nothing of what was cut off is left.
said on_disk load -i "\$place/two.tar"
said on_disk system check
left=\$(ls -A "\$place/mnt/store/tmp"; find "\$place/mnt/store/images" -maxdepth 1 -name '.*' -type f)
[ -z "\$left" ] || fail "left: \$left"
said on_disk image prune -a -f
left=\$(find "\$place/mnt/store"/{layers,images/blobs,tmp,files} -mindepth 1 -not -name sha256)
[ -z "\$left" ] || fail "left: \$left"
umount "\$place/mnt"
SCRIPT
  chmod +x "$place/after-cut"
}

# story FILE-SYSTEM MOUNT-OPTIONS: what happens to a store, recorded, then cut off.
story() {
  command -v "mkfs.$1" >/dev/null || skip "needs mkfs.$1"
  images
  truncate -s 400M "$disk"
  "mkfs.$1" -q "$disk" >/dev/null
  mkdir -p "$place/mnt"
  mount -o "loop,$2" "$disk" "$place/mnt" || skip "this kernel cannot mount $1 with $2"
  on_disk load -i "$place/one.tar" >/dev/null
  umount "$place/mnt"
  record
  mount -o "$2" "$loop" "$place/mnt"
  printf '0 %s\n' "$(shown)" >"$place/marks"
  step load -i "$place/two.tar"
  step tag two:1 again:1
  step rmi two:1
  step pull -q "$reg/three:1"
  step rmi one:1
  step load -i "$place/one.tar"
  step image prune -a -f
  step pull -q "$reg/three:1"
  umount "$place/mnt"
  stop_recording
  after_cut "$2"
  "$BATS_TEST_DIRNAME/lib/power-cut" "$place/log" "$disk.base" "$place/cut" "$every" "$((RANDOM * 32768 + RANDOM))" "$place/after-cut" >"$place/cuts" 2>&1 ||
    { cat "$place/cuts"; false; }
  echo "# $1 $2: $(tail -n 1 "$place/cuts")" >&3
}

images() {
  layered docker.io/library/one:1 one
  layered docker.io/library/two:1 two
  layered docker.io/library/three:1 three
  registry one
  oak load -i "$place/three.tar" >/dev/null
  oak tag three:1 "$reg/three:1"
  oak push -q "$reg/three:1"
}

# noauto_da_alloc: ext4 does not write a new file out just because it is renamed over another one.
@test "the power is cut: an image is whole or not there, and what was said to be done is done" {
  story ext4 noauto_da_alloc
}

@test "the power is cut: ext4 with its data out of order" {
  [ -n "${OAKUM_LONG:-}" ] || skip 'long: OAKUM_LONG=1'
  story ext4 data=writeback,noauto_da_alloc
}

@test "the power is cut: xfs" {
  [ -n "${OAKUM_LONG:-}" ] || skip 'long: OAKUM_LONG=1'
  story xfs nouuid
}

@test "the power is cut: btrfs" {
  [ -n "${OAKUM_LONG:-}" ] || skip 'long: OAKUM_LONG=1'
  story btrfs noatime
}
