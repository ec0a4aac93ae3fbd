# SPDX-License-Identifier: Apache-2.0
# Whatever is done to the store is killed at any point, runs into a full disk, or meets another one: no image ever looks whole and
# is not, and the next command leaves nothing of it. OAKUM_LONG=1 tries 500 points instead of 25.
bats_require_minimum_version 1.5.0
load lib/start
load lib/registry
load lib/layered
load lib/strike
setup() { registry_setup; }
teardown() {
  if mountpoint -q "$place/full" 2>/dev/null; then umount "$place/full"; fi
  registry_teardown
}

points=${OAKUM_LONG:+500}
points=${points:-25}

strike() { "$helpers/strike" "$@" >/dev/null 2>&1 </dev/null; }

# sound WHEN: every image that is there is whole; a check finds nothing, and nothing is left over by then. (A worker that was being born
# when its parent was killed holds the lock of the work directory until its exec, or until it sees that it is alone.)
sound() {
  local left try
  for try in 1 2 3 4; do
    oak system check >"$place/said" 2>&1 || { echo "$1:"; cat "$place/said"; return 1; }
    left=$(ls -A "$place/store/tmp"; find "$place/store/images" -maxdepth 1 -name '.*' -type f)
    [ -n "$left" ] || return 0
    sleep 0.$try
  done
  echo "$1: left: $left"
  return 1
}
# swept: not only no stray, but nothing at all when no image is left.
swept() {
  local left
  oak image prune -a -f >/dev/null
  left=$(find "$place/store"/{layers,images/blobs,tmp,files} -mindepth 1 -not -name sha256)
  [ -z "$left" ] || { echo "left: $left"; return 1; }
}

@test "SIGKILL of load: an image is whole or not there" {
  layered docker.io/library/one:1 one
  local i at span
  span=$(took oak load -i "$place/one.tar")
  swept
  for ((i = 0; i < points; i++)); do
    at=$(point "$span")
    strike 9 "$at" "${oakum[@]}" load -i "$place/one.tar"
    sound "load killed after $at µs"
    [ $((i % 5)) -ne 0 ] || oak load -i "$place/one.tar" >/dev/null
    [ -z "$(oak images -q)" ] || oak rmi one:1 >/dev/null
    sound "load killed after $at µs, and rmi"
  done
  swept
}

@test "SIGKILL of pull: an image is whole or not there, and the next pull ends it" {
  layered docker.io/library/one:1 one
  registry one
  local i at span
  oak load -i "$place/one.tar" >/dev/null
  oak tag one:1 "$reg/one:1"
  oak push -q "$reg/one:1"
  swept
  span=$(took oak pull -q "$reg/one:1")
  for ((i = 0; i < points; i++)); do
    oak rmi "$reg/one:1" >/dev/null 2>&1 || true
    at=$(point "$span")
    strike 9 "$at" "${oakum[@]}" pull -q "$reg/one:1"
    sound "pull killed after $at µs"
    if [ $((i % 4)) -eq 0 ]; then
      oak pull -q "$reg/one:1" >/dev/null || { echo "pull after one that was killed after $at µs"; false; }
      sound "pull after one that was killed after $at µs"
      [ -z "$(ls -A "$place/store/partial")" ]
    fi
  done
  swept
}

@test "SIGKILL of rmi and image prune: what remains is whole, and nothing else remains" {
  layered docker.io/library/one:1 one
  layered docker.io/library/two:1 two
  local i at span command
  oak load -i "$place/one.tar" >/dev/null
  oak load -i "$place/two.tar" >/dev/null
  oak run --name holder --network none --cgroup-parent "/$group" two:1 /dir1/busybox true
  for command in 'rmi one:1' 'image prune -a -f'; do
    oak load -i "$place/one.tar" >/dev/null
    span=$(took oak $command)
    for ((i = 0; i < points; i++)); do
      oak load -i "$place/one.tar" >/dev/null
      at=$(point "$span")
      strike 9 "$at" "${oakum[@]}" $command
      sound "$command killed after $at µs"
      [ "$(oak images --format json two | jq -r .Repository)" = two ]
    done
  done
  oak rm holder
  swept
}

@test "two pulls of one image at once, with a check beside them" {
  layered docker.io/library/one:1 one
  registry one
  oak load -i "$place/one.tar" >/dev/null
  oak tag one:1 "$reg/one:1"
  oak push -q "$reg/one:1"
  local i first second third
  for ((i = 0; i < 10; i++)); do
    oak image prune -a -f >/dev/null
    oak pull -q "$reg/one:1" >"$place/a" 2>&1 3>&- &
    first=$!
    oak pull -q "$reg/one:1" >"$place/b" 2>&1 3>&- &
    second=$!
    oak system check >"$place/c" 2>&1 3>&- &
    third=$!
    wait $first || { cat "$place/a"; false; }
    wait $second || { cat "$place/b"; false; }
    wait $third || { cat "$place/c"; false; }
    [ "$(oak images -q | wc -l)" -eq 1 ]
    sound 'two pulls'
    [ -z "$(ls -A "$place/store/partial")" ]
  done
}

@test "pulls while others prune and check" {
  layered docker.io/library/one:1 one
  layered docker.io/library/two:1 two
  registry one
  local i name pid
  for name in one two; do
    oak load -i "$place/$name.tar" >/dev/null
    oak tag "$name:1" "$reg/$name:1"
    oak push -q "$reg/$name:1"
  done
  (while [ ! -e "$place/stop" ]; do oak image prune -a -f || echo failed; done >"$place/prunes" 2>&1) 3>&- &
  pid=$!
  for ((i = 0; i < 15; i++)); do
    for name in one two; do
      oak pull -q "$reg/$name:1" >"$place/a" 2>&1 || { cat "$place/a"; touch "$place/stop"; false; }
    done
    oak system check >"$place/c" 2>&1 || { cat "$place/c"; touch "$place/stop"; false; }
  done
  touch "$place/stop"
  wait $pid
  if grep -E 'failed|warning|oakum:' "$place/prunes"; then false; fi
  sound 'pulls and prunes'
  swept
}

@test "rmi during run: the container runs, or the image is gone, and never half of it" {
  layered docker.io/library/one:1 one
  local i at code ran=0 gone=0
  for ((i = 0; i < 40; i++)); do
    [ -n "$(oak images -q)" ] || oak load -i "$place/one.tar" >/dev/null
    oak run --rm --pull never --network none --cgroup-parent "/$group" one:1 /dir1/busybox sh -c '/dir1/busybox sleep 0.02; /dir1/busybox cat /dir2/sub/who /dir3/sub/who' >"$place/out" 2>"$place/err" 3>&- &
    sleep "0.00$((RANDOM % 10))"
    oak rmi one:1 >/dev/null 2>&1 || true
    code=0
    wait $! || code=$?
    if [ $code -eq 0 ]; then
      ran=$((ran + 1))
      [ "$(paste -sd, "$place/out")" = 'one 2,one 3' ] || { cat "$place/out" "$place/err"; false; }
    else
      gone=$((gone + 1))
      [ $code -eq 125 ] || { echo "status $code"; cat "$place/err"; false; }
      one_error "$(cat "$place/err")"
    fi
  done
  echo "# $ran ran, $gone found no image" >&3
  [ -z "$(oak ps -aq)" ]
  sound 'rmi during run'
  swept
}

@test "a full disk during pull, load and rmi: an error, nothing half-made, and all is well when there is room" {
  layered docker.io/library/one:1 one
  registry one
  local room done=0
  oak load -i "$place/one.tar" >/dev/null
  oak tag one:1 "$reg/one:1"
  oak push -q "$reg/one:1"
  swept
  mkdir "$place/full"
  for room in 300 600 1000 2000 3000 5000 7000 8000 9000 10000 12000 14000 18000; do
    mount -t tmpfs -o size=${room}k,mode=700 none "$place/full"
    local full=("$bin/oakum" --root "$place/full/store" --state "$place/state")
    for command in "pull -q $reg/one:1" "load -i $place/one.tar"; do
      if "${full[@]}" $command >"$place/out" 2>"$place/err"; then
        done=$((done + 1))
        "${full[@]}" system check --quick >/dev/null
        "${full[@]}" rmi "$("${full[@]}" images -q | head -n 1)" --force >/dev/null
      else
        grep -q 'No space left' "$place/err" || { echo "room $room, $command:"; cat "$place/err"; false; }
        [ -z "$("${full[@]}" images -q)" ]
        "${full[@]}" system check --quick >"$place/out" 2>&1 || { echo "room $room, $command"; cat "$place/out" "$place/err"; false; }
        [ -z "$(ls -A "$place/full/store/tmp" 2>/dev/null)" ]
      fi
    done
    if "${full[@]}" image ls -q >/dev/null 2>&1; then
      mount -o remount,size=60m "$place/full"
      "${full[@]}" pull -q "$reg/one:1" >/dev/null
      "${full[@]}" system check
    fi
    umount "$place/full"
  done
  [ $done -gt 0 ]
}
