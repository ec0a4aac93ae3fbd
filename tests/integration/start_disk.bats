# SPDX-License-Identifier: Apache-2.0
# A full disk: one clear error, and nothing of the half-made start stays.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() {
  local status=0
  start_teardown || status=1
  local dir
  for dir in "$place"/small "$place"/small-*; do
    ! mountpoint -q "$dir" 2>/dev/null || umount "$dir"
  done
  return $status
}

# small DIR OPTIONS: a tmpfs; fill DIR KIB: leaves so much room in it.
small() {
  mkdir -p "$1"
  mount -t tmpfs -o "mode=755,$2" tmpfs "$1"
}
fill() {
  local free
  rm -f "$1/filler"
  free=$(df --output=avail -k "$1" | tail -n 1)
  [ "$free" -le "$2" ] || head -c $(((free - $2) * 1024)) /dev/zero >"$1/filler"
}

# full_or_fine STATUS: the last `run` either worked or said in one line that there is no room.
full_or_fine() {
  case $status in
  0) return 0 ;;
  esac
  [ "$status" -eq "$1" ] || { echo "status $status, not $1: $output"; return 1; }
  one_error "$output"
  [[ $output == *'No space left on device'* || $output == *'Cannot allocate memory'* ]] || { echo "unclear: $output"; return 1; }
}

@test "oakum run with its state on a full disk" {
  make_image
  small "$place/small" size=256k
  oak() { "$bin/oakum" --root "$place/store" --state "$place/small/state" "$@"; }
  oak_run box true
  mark
  failed=0
  for room in 0 4 8 12 16 24 32 48; do
    fill "$place/small" $room
    run oak_run --name full box true
    full_or_fine 125 || { echo "with $room KiB"; false; }
    [ "$status" -eq 0 ] || failed=$((failed + 1))
    rm -f "$place/small/filler"
    [ -z "$(oak ps -aq)" ] || { oak ps -a; false; }
    nothing_left || { echo "with $room KiB"; false; }
  done
  [ $failed -gt 0 ]
  oak_run --name full box true
}

@test "oakum run with its store on a full disk" {
  small "$place/store" size=8m
  make_image
  oak_run box true
  mark
  failed=0
  for room in 0 4 8 12 16 24 32; do
    fill "$place/store" $room
    run oak_run --name full box true
    full_or_fine 125 || { echo "with $room KiB"; false; }
    [ "$status" -eq 0 ] || failed=$((failed + 1))
    rm -f "$place/store/filler"
    nothing_left || { echo "with $room KiB"; false; }
  done
  [ $failed -gt 0 ]
  oak_run --name full box true
  umount "$place/store"
}

@test "oakum import onto a full disk: no half image" {
  make_root "$place/image"
  tar -C "$place/image" -cf "$place/image.tar" .
  small "$place/small" size=16m
  oak() { "$bin/oakum" --root "$place/small/store" --state "$place/state" "$@"; }
  echo one >"$place/one"
  tar -C "$place" -cf "$place/tiny.tar" one
  oak import "$place/tiny.tar" tiny >/dev/null
  mark
  failed=0
  for room in 0 8 64 512 1500 2000 3000 4000; do
    fill "$place/small" $room
    run oak import "$place/image.tar" "try"
    full_or_fine 1 || { echo "with $room KiB"; false; }
    if [ "$status" -eq 0 ]; then
      oak image rm try >/dev/null || oak rmi try >/dev/null
    else
      failed=$((failed + 1))
    fi
    rm -f "$place/small/filler"
    [[ "$(oak images)" != *try* ]]
    nothing_left || { echo "with $room KiB"; false; }
  done
  [ $failed -gt 3 ]
}

@test "oakum run and import without a free inode" {
  make_root "$place/image"
  tar -C "$place/image" -cf "$place/image.tar" .
  small "$place/store" size=16m,nr_inodes=2000
  oak import "$place/image.tar" box >/dev/null
  oak_run box true
  mark
  i=0
  mkdir "$place/store/filler"
  while : 2>/dev/null >"$place/store/filler/$i"; do
    i=$((i + 1))
  done
  for free in 0 1 2 4 6 8; do
    for ((k = 0; k < free; k++)); do
      rm -f "$place/store/filler/$k"
    done
    run oak_run --name full box true
    full_or_fine 125 || { echo "with $free inodes"; false; }
    run oak import "$place/image.tar" second
    [ $free -gt 0 ] || [ "$status" -ne 0 ]
    [ "$status" -eq 0 ] || one_error "$output"
    while : 2>/dev/null >"$place/store/filler/more$i"; do
      i=$((i + 1))
    done
  done
  rm -rf "$place/store/filler"
  nothing_left
  umount "$place/store"
}

@test "oakum-runtime with its state on a full disk" {
  make_bundle "$place/bundle"
  small "$place/small" size=128k
  rt() { "$runtime" --root "$place/small/rt" "$@"; }
  rt run --bundle "$place/bundle" first
  mark
  failed=0
  for room in 0 4 8 12 16 20 24 32; do
    fill "$place/small" $room
    run rt run --bundle "$place/bundle" full
    [ "$status" -eq 0 ] || { one_error "$output" && [[ $output == *'No space left'* ]]; } || { echo "with $room KiB: $output"; false; }
    [ "$status" -eq 0 ] || failed=$((failed + 1))
    rm -f "$place/small/filler"
    [ -z "$(rt list -q)" ]
    nothing_left || { echo "with $room KiB"; false; }
  done
  [ $failed -gt 0 ]
}
