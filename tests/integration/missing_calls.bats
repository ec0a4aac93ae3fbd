# SPDX-License-Identifier: Apache-2.0
# A kernel that lacks a system call, or a sandbox around oakum that refuses one with ENOSYS (tests/integration/without.c): one line that
# names the call and the version of Linux that brought it, and nothing is left; or it goes on, where the call is optional hardening.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  make_image
  mkdir -m 700 "$place/rt"
  # Every kind of root: the engine's is an overlay in a user namespace, this one a directory without one.
  script='echo it ran' make_bundle "$place/bundle" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["acct"], action: "SCMP_ACT_ERRNO"}]}'
  # What the first container makes of the store and stays.
  oak_run box true
  oak run -d --rm --pull never --network none --cgroup-parent "/$group" box true >/dev/null
  rt run --bundle "$place/bundle" first >/dev/null
}
teardown() { start_teardown; }
without() { timeout 60 "$helpers/without" "$@" </dev/null; }

# What a start needs, and since when Linux has it (syscalls(2)).
needed='clone3 5.3
close_range 5.9
fsconfig 5.2
fsmount 5.2
fsopen 5.2
mount_setattr 5.12
move_mount 5.2
open_tree 5.2
openat2 5.6
seccomp 3.17
unshare 2.6.16'

# names_it CALL VERSION STATUS: what `run` got.
names_it() {
  said "$3" 'Function not implemented; this kernel, or a system call filter around oakum, lacks' " $1 (Linux $2" &&
    one_error "$output" && [[ $output != *"it ran"* ]]
}

# each_needed STATUS LIST COMMAND...: the command without each of them. LIST shows what has been made: nothing.
each_needed() {
  local want=$1 list=$2 call since
  shift 2
  mark
  while read -r call since; do
    run without "$call" -- "$@"
    names_it "$call" "$since" "$want" || { echo "$call: $output"; false; }
    [ -z "$($list)" ] || { echo "$call"; false; }
  done <<<"$needed"
  nothing_left
}
containers() { oak ps -aq; }
runtimes() { rt list -q; }

@test "run: each call that a start needs" {
  each_needed 125 containers "${oakum_run[@]}" box echo it ran
}
@test "run -d: each call that a start needs" {
  each_needed 125 containers "${oakum[@]}" run -d --rm --pull never --network none --cgroup-parent "/$group" box echo it ran
}
@test "oakum-runtime run: each call that a start needs" {
  each_needed 1 runtimes "$runtime" --root "$place/rt" run --bundle "$place/bundle" box
}
@test "exec, kill, stop, removal: theirs, and the container goes on" {
  oak run -d --rm --name box --pull never --network none --cgroup-parent "/$group" box sleep 60 >/dev/null
  script='sleep 60' make_bundle "$place/second"
  rt run --detach --bundle "$place/second" second </dev/null >"$place/out" 2>&1
  while read -r call since; do
    run without "$call" -- "${oakum[@]}" exec box echo it ran
    names_it "$call" "$since" 125 || { echo "$call: $output"; false; }
  done <<'END2'
clone3 5.3
close_range 5.9
openat2 5.6
pidfd_open 5.3
seccomp 3.17
setns 3.0
END2
  # "Not running" would be taken for the truth, and what waits for the end would wait for ever.
  for words in "$bin/oakum --root $place/store --state $place/state kill box" \
    "$bin/oakum --root $place/store --state $place/state stop -t 1 box" \
    "$bin/oakum --root $place/store --state $place/state rm -f box" \
    "$runtime --root $place/rt kill second" "$runtime --root $place/rt kill --all second" "$runtime --root $place/rt delete -f second"; do
    for call in 'pidfd_open 5.3' 'pidfd_send_signal 5.1'; do
      # shellcheck disable=SC2086
      run without "${call% *}" -- $words
      names_it "${call% *}" "${call#* }" 1 || { echo "$call: $words"; false; }
    done
  done
  run -0 rt exec second true
  rt delete -f second
  run -0 oak exec box echo goes on
  oak rm -f box
}
@test "it goes on without what is optional hardening, or has another way" {
  mark
  # keyctl: no keyrings, nothing to leak. 467: open_tree_attr of Linux 6.15, in two calls before.
  for call in landlock_create_ruleset keyctl 467 pidfd_open setns; do
    run without "$call" -- "${oakum_run[@]}" box echo it ran
    said 0 "it ran" || { echo "$call"; false; }
    run without "$call" -- "$runtime" --root "$place/rt" run --bundle "$place/bundle" box
    said 0 "it ran" || { echo "$call"; false; }
  done
  nothing_left
  run without landlock_create_ruleset -- "${oakum[@]}" system info
  [[ $output =~ Landlock\ +no ]]
}
@test "a Landlock that takes no rules is no Landlock that can be done without" {
  mark
  for call in landlock_add_rule landlock_restrict_self; do
    run without "$call" -- "${oakum_run[@]}" box echo it ran
    said 125 Landlock 'Function not implemented' || { echo "$call"; false; }
    one_error "$output"
  done
  nothing_left
}
