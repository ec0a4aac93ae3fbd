# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # lib/start sets place
# Files that several images have are on the disk once; and nobody can tell, but by the room and the number of links.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() {
  local try
  for try in 1 2 3 4 5; do
    ! mountpoint -q "$place/store" || umount "$place/store" || sleep 0.$try
  done
  start_teardown
}

# tree: what both images have, in $place/tree: name by name something else that must agree.
tree() {
  local f
  rm -rf "$place/tree"
  mkdir -p "$place/tree/dir/sub"
  cd "$place/tree"
  for f in same other-time other-mode other-owner other-group middle xattr dir/sub/deep; do
    yes "$f" | head -c 200000 >"$f" || true
  done
  cp -p same dir/copy
  cp -p same linked
  ln linked linked-too
  head -c 65535 same >small
  truncate -s 300000 sparse
  printf 'end' | dd of=sparse bs=1 seek=200000 conv=notrunc status=none
  chmod 4755 other-mode
  find . -type f -exec touch -d '2001-02-03 04:05:06.789' {} +
  touch -d '2002-02-02' dir/sub dir .
  cd "$place"
}
pack() { tar -C "$place/tree" --format=posix --pax-option=delete=atime,delete=ctime --xattrs --sort=name --sparse -cf "$place/$1.tar" .; }
# images: `one`, and `two`, in which some things are not the same.
images() {
  tree
  setfattr -n user.note -v one "$place/tree/xattr" || skip 'needs user xattrs'
  pack one
  cd "$place/tree"
  touch -d '2001-02-03 04:05:07' other-time
  chmod 755 other-mode
  chown 5 other-owner
  chgrp 5 other-group
  printf X | dd of=middle bs=1 seek=100000 conv=notrunc status=none
  touch -d '2001-02-03 04:05:06.789' middle
  echo two >which
  touch -d '2002-02-02' .
  cd "$place"
  pack two
  oak import "$place/one.tar" one >/dev/null
  oak import "$place/two.tar" two >/dev/null
}
layer_of() { echo "$place/store/layers/$(oak inspect --type image "$1" | jq -r '.[0].Layers[0]' | cut -d: -f2)"; }
# Is the file one and the same in both images, at the same name?
together() { [ "$one/$1" -ef "$two/$1" ]; }

@test "the same file of two images is one; of another time, mode, owner, content, with xattrs, or small, it is not" {
  images
  local f one two
  one=$(layer_of one) two=$(layer_of two)
  for f in same dir/sub/deep sparse; do
    together $f || { echo "$f is there twice"; false; }
  done
  for f in other-time other-mode other-owner other-group middle xattr small linked; do
    if together $f; then echo "$f is there once"; false; fi
  done
  # In the image they are two files, so they stay two.
  for f in "$one" "$two"; do
    [ ! "$f/same" -ef "$f/dir/copy" ]
    [ "$f/linked" -ef "$f/linked-too" ]
  done
  # Each is what it was.
  for f in one two; do
    mkdir "$place/plain"
    tar -C "$place/plain" --xattrs -xpf "$place/$f.tar"
    diff <("$BATS_TEST_DIRNAME/lib/tree-list" "$place/plain") <("$BATS_TEST_DIRNAME/lib/tree-list" "$(layer_of $f)")
    rm -rf "$place/plain"
  done
  oak system check
}

@test "it counts once, and goes with the last image that has it" {
  images
  local one two
  one=$(layer_of one) two=$(layer_of two)
  [ -n "$(find "$place/store/files" -type f -links +2)" ]
  # The sizes of all files, each inode once, and of the blobs.
  [ "$(oak system df --format json | jq -r 'select(.Type == "Images").SizeBytes')" = \
    "$(find "$place/store/layers" "$place/store/images/blobs" -type f -printf '%i %s\n' | sort -u | awk '{ n += $2 } END { print n }')" ]
  oak rmi one >/dev/null
  [ "$(stat -c %h "$two/same")" -eq 2 ]
  [ "$(cat "$two/same" | sha256sum)" = "$(cat "$place/tree/same" | sha256sum)" ]
  [ -z "$(find "$place/store/files" -type f -links 1)" ]
  oak system check
  oak image prune -a -f >/dev/null
  [ -z "$(ls -A "$place/store/files")" ]
}

@test "a file that is not what it was is not given to anybody" {
  images
  local two
  two=$(layer_of two)
  oak rmi one >/dev/null
  # Somebody's hand, or a disk: the time put back, so that all but the bytes agree.
  printf Z | dd of="$two/same" bs=1 seek=90000 conv=notrunc status=none
  touch -d '2001-02-03 04:05:06.789' "$two/same"
  oak import "$place/one.tar" one >/dev/null
  cmp "$(layer_of one)/same" "$place/tree/same"
  run oak system check --repair
  said 0 'all is well now'
  cmp "$(layer_of two)/same" "$place/tree/same"
}

# on FILE-SYSTEM: the store on one of its own.
on() {
  command -v "mkfs.$1" >/dev/null || skip "needs mkfs.$1"
  truncate -s 400M "$place/disk"
  "mkfs.$1" -q "$place/disk" >/dev/null
  mkdir -m 700 "$place/store"
  mount -o loop "$place/disk" "$place/store" || skip "this kernel cannot mount $1"
  chmod 700 "$place/store"
}

@test "where extents can be shared the files stay two, and take the room of one" {
  local kind f one two
  for kind in xfs btrfs; do
    on $kind
    images
    one=$(layer_of one) two=$(layer_of two)
    sync -f "$place/store"
    for f in same dir/sub/deep; do
      [ ! "$one/$f" -ef "$two/$f" ]
      cmp "$one/$f" "$two/$f"
      filefrag -v "$two/$f" | grep -q shared || { echo "$kind: $f"; filefrag -v "$two/$f"; false; }
    done
    if filefrag -v "$two/middle" | grep -q shared; then false; fi
    oak system check
    oak image prune -a -f >/dev/null
    [ -z "$(ls -A "$place/store/files")" ]
    umount "$place/store"
    rm -rf "$place/store" "$place/disk"
  done
}
