# SPDX-License-Identifier: Apache-2.0
# `oakum exec`: another program under the container's own seal, and never with more.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  make_image
  oak_run --name target -e FROM_RUN=1 --cap-add net_bind_service box sleep 60 &
  wait_for 10 oak exec target true
}
teardown() {
  oak rm -f target >/dev/null 2>&1 || true
  start_teardown
}

@test "same user, environment, capabilities, filter, namespaces, cgroup" {
  run -0 oak exec target sh -c 'id -u; echo $FROM_RUN; grep -E "^(Cap...|NoNewPrivs|Seccomp):" /proc/self/status'
  said 0 $'65532\n1' $'CapBnd:\t0000000000000400' $'CapAmb:\t0000000000000400' $'NoNewPrivs:\t1' $'Seccomp:\t2'
  local ns
  for ns in mnt pid net ipc uts user cgroup; do
    [ "$(oak exec target readlink "/proc/self/ns/$ns")" = "$(oak exec target readlink "/proc/1/ns/$ns" 2>/dev/null || oak exec target readlink "/proc/self/ns/$ns")" ]
    [ "$(oak exec target readlink "/proc/self/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ]
  done
  [ "$(oak exec target cat /proc/self/cgroup)" = "$(oak exec target cat /proc/1/cgroup)" ]
  run oak exec target touch /x
  said 1 'Read-only'
}

@test "-u, -e, -w: and a user gains no capability by it" {
  run -0 oak exec -u mail -e A=1 -e FROM_RUN=2 -w /tmp target sh -c 'id; echo $A$FROM_RUN $PWD $HOME; grep CapEff /proc/self/status'
  said 0 'uid=8(mail) gid=8(mail)' '12 /tmp /' 0000000000000400
  run -0 oak exec -u 0 target sh -c 'id -u; grep -E "Cap(Inh|Amb|Bnd)" /proc/self/status'
  said 0 $'CapInh:\t0000000000000000' $'CapAmb:\t0000000000000000' $'CapBnd:\t0000000000000400'
  run oak exec -u nosuch target true
  said 125 'there is no user "nosuch"'
  run oak exec -u 65536 target true
  said 125 'outside of the container'
  run oak exec -u 1: target true
  said 125
  run oak exec -w relative target true
  said 125 'must be an absolute path'
}

@test "statuses, streams, signals" {
  run oak exec target sh -c 'exit 42'
  said 42
  run -127 oak exec target /no/such
  said 127 /no/such
  run oak exec target /etc/passwd
  said 126
  run oak exec target sh -c 'kill -TERM $$'
  said 143
  run -0 bash -c "printf 'in\nput' | '$bin/oakum' --root '$place/store' --state '$place/state' exec -i target cat"
  [ "$output" = $'in\nput' ]
  run -0 bash -c "echo unseen | '$bin/oakum' --root '$place/store' --state '$place/state' exec target cat"
  [ -z "$output" ]
  oak exec target sh -c 'echo out; echo err >&2' >"$place/out" 2>"$place/err"
  [ "$(cat "$place/out")" = out ] && [ "$(cat "$place/err")" = err ]
}

@test "-t gives a terminal" {
  run -0 "$BATS_TEST_DIRNAME/lib/on-terminal" "$bin/oakum" --root "$place/store" --state "$place/state" exec -it target sh -c 'tty; stty size'
  said 0 /dev/pts/ '24 80' 'status=0 modes=same'
  run oak exec -it target true </dev/null
  said 125 'not a terminal'
}

@test "a container that is not there or has ended; wrong use" {
  run oak exec nosuch true
  said 125 'there is no container "nosuch"'
  run oak exec target
  said 125 'exec takes no fewer than 2 arguments'
  run oak exec --privileged target true
  said 125 'not widened after its start'
  oak run --name ended --cgroup-parent "/$group" box true
  run oak exec ended true
  said 125 'is not running'
  oak rm ended
}

@test "exec counts in the container's budgets and ends with it" {
  oak exec target sleep 60 &
  local exec_pid=$!
  wait_for 5 sh -c "'$bin/oakum' --root '$place/store' --state '$place/state' exec target ps | grep -c 'sleep 60' | grep -q '[2-9]'"
  oak rm -f target
  wait $exec_pid && false
  [ $? -ne 0 ]
}
