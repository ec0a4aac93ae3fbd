# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # lib/start sets place
# A store that cannot be written to: a system call that fails, a read-only file system, another oakum's format. OAKUM_LONG=1 lets each call
# fail in its turn, else a few of each kind.
bats_require_minimum_version 1.5.0
load lib/start
load lib/layered
setup() { start_setup; }
teardown() {
  if mountpoint -q "$place/store"; then umount "$place/store"; fi
  start_teardown
}
[ -z "${OAKUM_LONG:-}" ] || BATS_TEST_TIMEOUT=1800

# calls CALL COMMAND...: how often it is made.
calls() {
  strace -f -qq -o "$place/trace" -e "trace=$1" "${oakum[@]}" "${@:2}" >/dev/null 2>&1 || true
  grep -c "$1(" "$place/trace" || true
}
# faulty CALL ERROR N COMMAND...: its Nth call fails, and all after it.
faulty() {
  strace -f -qq -o "$place/trace" -e "trace=$1" -e "inject=$1:error=$2:when=$3+" "${oakum[@]}" "${@:4}" >"$place/said" 2>&1
}
once() { strace -f -qq -o "$place/trace" -e "trace=$1" -e "inject=$1:error=$2:when=$3" "${oakum[@]}" "${@:4}" >"$place/said" 2>&1; }
# sound WHEN: what is there is whole, and the next command leaves nothing of what failed.
sound() {
  local left
  oak system check >"$place/check" 2>&1 || { echo "$1:"; cat "$place/said" "$place/check"; return 1; }
  left=$(ls -A "$place/store/tmp"; find "$place/store/images" -maxdepth 1 -name '.*' -type f)
  [ -z "$left" ] || { echo "$1: left: $left"; return 1; }
}

# each COMMAND: every kind of call fails, at some points or all; before it, PREPARE.
each() {
  local call error n total step how
  for call in write pwrite64 fsync syncfs renameat linkat mkdirat unlinkat utimensat ftruncate fchown openat; do
    for error in EIO ENOSPC; do
      $prepare
      total=$(calls $call "$@")
      [ "$total" -gt 0 ] || continue
      step=$((total / 2 + 1))
      [ -z "${OAKUM_LONG:-}" ] || step=$((total / 25 + 1))
      for ((n = 1 + RANDOM % step; n <= total; n += step)); do
        for how in once faulty; do
          $prepare
          if $how $call $error $n "$@"; then
            tried[0]=$((${tried[0]} + 1))
          else
            tried[1]=$((${tried[1]} + 1))
            # Nothing can be said where writing fails.
            [ -s "$place/said" ] || [ $call = write ] || { echo "$* with $call number $n of $total, $error: not a word"; return 1; }
          fi
          if grep -qE 'Assertion|runtime error|Sanitizer|core dumped' "$place/said"; then cat "$place/said"; return 1; fi
          sound "$* with $call number $n of $total, $error"
        done
      done
    done
  done
}

@test "calls that fail in load, rmi, prune and tag: an error, and a store that is whole" {
  command -v strace >/dev/null || skip 'needs strace'
  strace -f -qq -o /dev/null -e trace=write -e inject=write:error=EIO:when=100 true || skip 'strace cannot make calls fail here'
  layered docker.io/library/one:1 one
  layered docker.io/library/two:1 two
  oak load -i "$place/two.tar" >/dev/null
  tried=(0 0)
  none() { [ -z "$(oak images -q one)" ] || oak rmi one:1 >/dev/null; }
  there() { oak load -i "$place/one.tar" >/dev/null; }
  untagged() {
    there
    oak rmi again:1 >/dev/null 2>&1 || true
  }
  prepare=none each load -i "$place/one.tar"
  prepare=there each rmi one:1
  prepare=untagged each tag one:1 again:1
  oak rmi again:1 >/dev/null 2>&1 || true
  echo "# ${tried[0]} succeeded all the same, ${tried[1]} failed" >&3
  [ "${tried[1]}" -gt 20 ]
  oak image prune -a -f >/dev/null
  [ -z "$(find "$place/store"/{layers,images/blobs,tmp,files} -mindepth 1 -not -name sha256)" ]
}

# whole_tree: all that can be seen of the store.
whole_tree() { find "$place/store" -printf '%P %i %#m %U:%G %n %s %T@ %C@ %l\n' | sort; }

@test "a read-only store: what only reads works, what writes says why, and nothing is changed" {
  make_image
  mount --bind "$place/store" "$place/store"
  mount -o remount,bind,ro "$place/store"
  [ "$(oak images --format json | jq -r .Repository)" = box ]
  oak inspect --type image box >/dev/null
  oak history box >/dev/null
  oak save -o "$place/saved.tar" box
  oak system df >/dev/null
  oak system check --quick
  local command
  for command in 'tag box other' 'rmi box' "load -i $place/saved.tar" 'image prune -a -f' 'system check'; do
    run oak $command
    [ "$status" -ne 0 ] || { echo "$command: $output"; false; }
    said "$status" 'Read-only file system'
    one_error "$output"
  done
  run oak_run box true
  said 125 'Read-only file system'
  one_error "$output"
}

@test "a store of another format: every command says so, and touches nothing" {
  make_image
  local before command
  for version in 2 10 '' abc 1x; do
    printf '%s\n' "$version" >"$place/store/version"
    before=$(whole_tree)
    for command in images 'inspect --type image box' 'history box' "save -o $place/saved.tar box" 'tag box other' 'rmi box' 'image prune -a -f' \
      "import $place/image.tar" 'system check' 'system check --repair' 'system df' 'pull localhost:1/x' 'run --rm --pull never box true'; do
      run oak $command
      [ "$status" -ne 0 ] || { echo "$command: $output"; false; }
      said "$status" "has format $version, this oakum knows format 1"
      [ "$(whole_tree)" = "$before" ] || { echo "$command:"; diff <(echo "$before") <(whole_tree); false; }
    done
  done
  echo 1 >"$place/store/version"
  oak system check
}
