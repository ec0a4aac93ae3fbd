#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# sd_notify(3) of a container: who was started with NOTIFY_SOCKET tells the service manager when the container's program says READY=1.
# A small program stands for the manager; what a manager must see is tried with runc too, where it is there.

bats_require_minimum_version 1.5.0
load lib/start
load lib/manager
setup() {
  start_setup
  command -v python3 >/dev/null || skip 'needs python3'
  helpers=$OAKUM_BUILD/tests/integration
  make_root "$place/bundle/rootfs"
  cp "$helpers/inside" "$place/bundle/rootfs/bin/inside"
}
teardown() {
  [ -z "${manager:-}" ] || kill "$manager" 2>/dev/null || true
  start_teardown
}

notified() { NOTIFY_SOCKET=${socket:-$place/manager} timeout 20 "$runtime" --root "$place/rt" "$@"; }

@test 'run: the manager hears READY=1 once, with the runtime as the process to watch, and nothing else of what the container says' {
  manage
  script='cd /; inside notify "STATUS=READY=1" "READY=10\nMAINPID=1" "READY=1\nMAINPID=1\nSTATUS=mine\nFDSTORE=1" "READY=1\nWATCHDOG=1"; echo $NOTIFY_SOCKET; sleep 1' \
    make_bundle "$place/bundle"
  notified run --bundle "$place/bundle" told </dev/null >"$place/out" 3>&-
  # Nobody listens any more when it was heard; whether the last message finds that out is a matter of time.
  grep -q '^/run/notify/notify.sock$' "$place/out"
  grep -qE '^(sent|ECONNREFUSED)$' "$place/out"
  local pid
  pid=$(heard | awk '{ print $NF }')
  heard_is "MAINPID=$pid READY=1 0 $pid"
  [ ! -e "$place/rt/told" ]
}

@test 'what is only like READY=1 is not heard' {
  manage
  script='inside notify "STATUS=READY=1" "READY=10\nMAINPID=1" "READY=1 " "READY=0" "xREADY=1" "" ready=1; sleep 0.3' make_bundle "$place/bundle"
  run notified run --bundle "$place/bundle" almost </dev/null
  said 0 sent
  heard_is
}

@test 'run with a terminal: the same' {
  command -v script >/dev/null || skip 'needs script'
  manage
  script='inside notify READY=1; sleep 1' make_bundle "$place/bundle" '.process.terminal = true'
  NOTIFY_SOCKET=$place/manager timeout 20 script -qec "'$runtime' --root '$place/rt' run --bundle '$place/bundle' told" /dev/null </dev/null 3>&-
  heard_is 'MAINPID=* READY=1 0 *'
}

@test 'run --detach returns when the container is ready, which is the process to watch; the manager has read it by then' {
  manage
  script='echo before >/tmp/said; sleep 1; inside notify READY=1; sleep 60' make_bundle "$place/bundle"
  notified run --detach --pid-file "$place/pid" --bundle "$place/bundle" told </dev/null >/dev/null 2>&1 3>&-
  heard_is "MAINPID=$(cat "$place/pid") READY=1 0 *" 'BARRIER=1 1 *'
  run rt exec told cat /tmp/said
  said 0 before
  rt delete --force told
}

@test 'run --detach of a program that ends without a word returns' {
  manage
  script='sleep 0.2' make_bundle "$place/bundle"
  notified run --detach --bundle "$place/bundle" silent </dev/null >/dev/null 2>&1 3>&-
  heard_is
  rt delete silent
}

@test 'create and start: start returns when the container is ready; start without NOTIFY_SOCKET does not wait' {
  manage
  script='sleep 0.5; inside notify READY=1; sleep 60' make_bundle "$place/bundle"
  notified create --pid-file "$place/pid" --bundle "$place/bundle" told </dev/null >/dev/null 2>&1 3>&-
  heard_is
  notified start told
  heard_is "MAINPID=$(cat "$place/pid") READY=1 0 *" 'BARRIER=1 1 *'
  run notified start told
  said 1 'cannot be started: it is running'
  rt delete --force told
  script='inside notify READY=1 >/tmp/said; sleep 60' make_bundle "$place/bundle"
  notified create --bundle "$place/bundle" told </dev/null >/dev/null 2>&1 3>&-
  rt start told
  wait_for 5 rt exec told grep -q ENOENT /tmp/said
  rt delete --force told
  # One that was created without it has no socket to listen on.
  script='sleep 60' make_bundle "$place/bundle"
  rt create --bundle "$place/bundle" told </dev/null >/dev/null 2>&1 3>&-
  notified start told
  rt delete --force told
}

@test 'a manager that is not there is an error before anything is made; an abstract address is one' {
  script=true make_bundle "$place/bundle"
  rt list >/dev/null
  mark
  run notified run --bundle "$place/bundle" lonely
  said 1 NOTIFY_SOCKET "$place/manager"
  socket=relative run notified run --bundle "$place/bundle" lonely
  said 1 NOTIFY_SOCKET relative
  [ ! -e "$place/rt/lonely" ]
  nothing_left
  manage "@oakum-$$"
  script='inside notify READY=1; sleep 1' make_bundle "$place/bundle"
  socket=@oakum-$$ notified run --bundle "$place/bundle" told </dev/null >/dev/null 3>&-
  heard_is 'MAINPID=* READY=1 0 *'
}

@test 'the container cannot put something else in the place of the socket, whatever it is root of' {
  manage
  script='mount | grep /run/notify; rm /run/notify/notify.sock; touch /run/notify/x; mount -o remount,rw /run/notify; inside notify READY=1; sleep 1' \
    make_bundle "$place/bundle" '.process.capabilities = (["bounding", "effective", "permitted"] | map({key: ., value: ["CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_CHOWN"]}) | from_entries)'
  run notified run --bundle "$place/bundle" told </dev/null
  said 0 'ro,nosuid,nodev,noexec' "can't remove '/run/notify/notify.sock': Read-only file system" '/run/notify/x: Read-only file system' sent
  heard_is 'MAINPID=* READY=1 0 *'
}

@test 'a user of the container, also of a user namespace, can say it' {
  local filter
  for filter in '.process.user = {uid: 8, gid: 8}' '.process.user = {uid: 8, gid: 8} | .linux.namespaces += [{type: "user"}]
      | .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 1000}] | .linux.gidMappings = .linux.uidMappings'; do
    manage
    chmod 777 "$place/bundle/rootfs/run"
    script='inside notify READY=1; sleep 1' make_bundle "$place/bundle" "$filter"
    run notified run --bundle "$place/bundle" told </dev/null
    said 0 sent
    heard_is 'MAINPID=* READY=1 0 *'
    kill "$manager"
    rm "$place/manager"
  done
}

@test 'a container that only makes noise is not listened to for ever, and is not held up by that' {
  manage
  script='inside notify +4096 && inside notify READY=1 READY=1' make_bundle "$place/bundle"
  run notified run --bundle "$place/bundle" noise </dev/null
  said 1 '4096 messages' ECONNREFUSED
  heard_is
}

@test 'a document with a NOTIFY_SOCKET of its own is followed: that is somebody else who listens' {
  manage
  script='echo $NOTIFY_SOCKET; ls -d /run/notify' make_bundle "$place/bundle" '.process.env += ["NOTIFY_SOCKET=/elsewhere"]'
  run notified run --bundle "$place/bundle" own </dev/null
  said 1 /elsewhere 'No such file'
  heard_is
}

@test 'a signal reaches the container while it is listened to' {
  manage
  script='trap "echo caught; exit 7" TERM; echo up >/tmp/up; while :; do sleep 0.1; done' make_bundle "$place/bundle"
  notified run --pid-file "$place/pid" --bundle "$place/bundle" told </dev/null >"$place/out" 3>&- &
  local job=$! status=0
  wait_for 10 rt exec told test -e /tmp/up
  # The runtime itself, below timeout.
  kill -TERM "$(ps -o pid= --ppid "$job" | tr -d ' ')"
  wait "$job" || status=$?
  [ "$status" -eq 7 ]
  grep -q caught "$place/out"
}

@test 'runc does the same: once READY=1, the process to watch (newer ones: a barrier)' {
  command -v runc >/dev/null || skip 'needs runc'
  manage
  runtime=$(command -v runc)
  script='sleep 0.5; inside notify READY=1; sleep 60' make_bundle "$place/bundle"
  notified run --detach --pid-file "$place/pid" --bundle "$place/bundle" told </dev/null >"$place/out" 2>&1 3>&- || { cat "$place/out"; false; }
  heard_is 'READY=1 0 *' "MAINPID=$(cat "$place/pid") 0 *" || heard_is 'READY=1 0 *' "MAINPID=$(cat "$place/pid") 0 *" 'BARRIER=1 1 *'
  rt delete --force told
}
