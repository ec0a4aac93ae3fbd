#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What crun and runc have taught engines on the command line of a runtime, in effect (that every flag is known: conformance/flags.bats).

bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  make_root "$place/bundle/rootfs"
}
teardown() {
  [ -z "${listener:-}" ] || kill "$listener" 2>/dev/null || true
  [ -z "${below:-}" ] || for dir in "${below[@]}"; do
    while read -r pid; do kill -KILL "$pid" || true; done <"$dir/cgroup.procs" || true
  done 2>/dev/null
  start_teardown
}

# up ID...: containers that wait, one directory for all.
up() {
  local id
  for id; do
    script=${script:-sleep 60} make_bundle "$place/bundle" ".linux.cgroupsPath = \"/$group/$id\" | ${filter:-.}"
    rt run --detach --bundle "$place/bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
  done
}

@test 'kill and delete --regex: all that match, and no other' {
  up web-1 web-2 db-1
  rt kill --regex '^web-[0-9]+$' KILL
  wait_for 5 sh -c "'$runtime' --root '$place/rt' list | grep -c stopped | grep -qx 2"
  [ "$(rt state db-1 | jq -r .status)" = running ]
  rt delete -r web
  [ "$(rt list -q)" = db-1 ]
  rt delete --regex no-such
  run rt delete -r '('
  said 1 'not a regular expression'
  run rt delete -r '.'
  said 1 db-1
  rt delete -fr '.'
  [ -z "$(rt list -q)" ]
}

@test 'kill 0: whether the container runs' {
  up box
  rt kill box 0
  [ "$(rt state box | jq -r .status)" = running ]
  rt kill box KILL
  wait_for 5 sh -c "'$runtime' --root '$place/rt' list | grep -q stopped"
  run rt kill box 0
  said 1 'not running'
  rt delete box
}

@test '--pid-file that cannot be written: an error by its own name, and nothing has run' {
  up here
  for command in "run --bundle $place/bundle" "create --bundle $place/bundle" 'exec here touch /tmp/ran'; do
    read -r -a words <<<"$command"
    [ "${words[0]}" = exec ] || words+=(new)
    run rt "${words[0]}" --pid-file "$place/nowhere/pid" "${words[@]:1}"
    said 1 "--pid-file: cannot write $place/nowhere/pid: No such file or directory"
    one_error "$output"
  done
  [ "$(rt list -q)" = here ]
  run rt exec here test -e /tmp/ran
  [ "$status" -eq 1 ]
  rt delete --force here
}

@test 'create of a container with a terminal that nobody would hold is an error' {
  script=true make_bundle "$place/bundle" '.process.terminal = true'
  run rt create --bundle "$place/bundle" box
  said 1 --console-socket
  [ -z "$(rt list -q)" ]
}

@test 'a message names the file and the flag once' {
  mkdir -p "$place/bad"
  echo '{' >"$place/bad/config.json"
  run rt run --bundle "$place/bad" box
  said 1 "oakum-runtime: $place/bad/config.json: string or"
  run "$runtime" --root '' list
  said 1 'oakum-runtime: --root: '
  run "$bin/oakum" --root "$place/store" --state "$place/state" run --uts nothing box
  said 125 'oakum: --uts: "nothing" is not known'
}

@test 'exec --cgroup: below the container, in the hierarchies that are named; the limits of the others stay' {
  [ -d /sys/fs/cgroup/pids ] || skip 'needs cgroup v1'
  filter='.linux.resources += {pids: {limit: 50}, memory: {limit: 67108864}}'
  up box
  local pids=/sys/fs/cgroup/pids/$group/box memory=/sys/fs/cgroup/memory/$group/box
  below=("$pids/below" "$memory/below")
  mkdir "$pids/below"
  run rt exec --cgroup below box cat /proc/self/cgroup
  said 0
  grep -q ":pids:.*/below\$" <<<"$output" || grep -q ":pids:/../below\|:pids:/below" <<<"$output" || { echo "$output"; false; }
  ! grep ":memory:.*/below" <<<"$output"
  # The process is in the container's own memory cgroup, whatever the namespace shows.
  rt exec --detach --cgroup /below --pid-file "$place/pid" box sleep 60 </dev/null >/dev/null 2>&1 3>&-
  grep -qx "$(cat "$place/pid")" "$pids/below/cgroup.procs"
  grep -qx "$(cat "$place/pid")" "$memory/cgroup.procs"
  mkdir "$memory/below"
  rt exec --detach --cgroup memory:below --pid-file "$place/pid" box sleep 60 </dev/null >/dev/null 2>&1 3>&-
  grep -qx "$(cat "$place/pid")" "$memory/below/cgroup.procs"
  grep -qx "$(cat "$place/pid")" "$pids/cgroup.procs"
  local bad
  for bad in no-such memory:no-such nonsense:below .. ../../x pids,nonsense:below; do
    run rt exec --cgroup "$bad" box true
    [ "$status" -ne 0 ] || { echo "--cgroup $bad was taken"; false; }
    one_error "$output"
  done
  rt delete --force box
}

@test '--log: JSON and text have level, msg and time as runc has; syslog and journald are spoken to' {
  run rt --log "$place/log" --log-format json start no-such
  said 1
  jq -e '.level == "error" and (.msg | test("does not exist")) and (.time | fromdateiso8601? // (sub("\\..*";"Z") | fromdateiso8601) > 0)' "$place/log" || { cat "$place/log"; false; }
  run rt --log "file:$place/text" start no-such
  said 1
  grep -qE '^time="[0-9T:.Z+-]+" level=error msg="container no-such does not exist"$' "$place/text" || { cat "$place/text"; false; }
  run rt --log /nonexistent/log state x
  said 1 /nonexistent/log
  local kind
  for kind in syslog journald; do
    # shellcheck disable=SC2016 # expanded by the inner shell
    run timeout 20 unshare -m --propagation slave sh -c '

      mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal
      mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3
      python3 -c "
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(8)
open(\"/run/ready\", \"w\").close()
print(s.recv(4096).decode())" "$3" &
      while ! [ -e /run/ready ]; do sleep 0.05; done
      "$1" --root /run/rt --log "$2:me" start no-such 2>/run/err
      wait' sh "$runtime" "$kind" "$([ $kind = syslog ] && echo /dev/log || echo /run/systemd/journal/socket)"
    if [ $kind = syslog ]; then
      [ "$output" = '<27>me: container no-such does not exist' ] || { echo "$output"; false; }
    else
      [ "$output" = $'PRIORITY=3\nSYSLOG_IDENTIFIER=me\nMESSAGE=container no-such does not exist' ] || { echo "$output"; false; }
    fi
  done
}

@test 'the words that engines look for' {
  # podman, containerd and cri-o: "does not exist"; containerd: "container not running"
  local command
  for command in state start 'kill KILL' pause resume ps delete 'exec true'; do
    # shellcheck disable=SC2086 # a command and its word
    set -- $command
    run rt "$1" no-such "${@:2}"
    said 1 'container no-such does not exist'
  done
  up box
  rt kill box KILL
  wait_for 5 sh -c "'$runtime' --root '$place/rt' state box | grep -q stopped"
  run rt kill box TERM
  said 1 'container not running'
  rt delete box
}

@test 'spec --file, -V, --usage, -?' {
  rt spec --bundle "$place" --file other.json
  jq -e .ociVersion "$place/other.json"
  rt spec -f "$place/absolute.json"
  jq -e .ociVersion "$place/absolute.json"
  [[ $(rt -V) == *spec:* ]]
  [[ $(rt run --usage) == *--bundle* ]]
  [[ $(rt run '-?') == *--bundle* ]]
}

@test 'socket activation: LISTEN_FDS for this process goes on to the program, for another process it does not' {
  local script='echo $LISTEN_FDS $LISTEN_PID; cat <&3'
  script=$script make_bundle "$place/bundle"
  echo passed >"$place/file"
  # shellcheck disable=SC2016 # expanded by the inner shell
  run timeout 20 sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$1" --root "$2/rt" run --bundle "$2/bundle" listen 3<"$2/file" </dev/null' sh "$runtime" "$place"
  said 0 $'1 1\npassed'
  script='echo "fds:$LISTEN_FDS"; test -e /proc/self/fd/3; echo $?' make_bundle "$place/bundle"
  # shellcheck disable=SC2016 # expanded by the inner shell
  run timeout 20 sh -c 'LISTEN_FDS=1 LISTEN_PID=1 exec "$1" --root "$2/rt" run --bundle "$2/bundle" listen 3<"$2/file" </dev/null' sh "$runtime" "$place"
  said 0 $'fds:\n1'
}

@test 'ps: what stands behind the id is for ps(1), and the lines of the container are shown' {
  command -v ps >/dev/null || skip 'needs ps (Debian package procps)'
  local pid
  script='sleep 4321 & exec sleep 1234' up box
  pid=$(rt state box | jq .pid)
  two_run() { rt ps box | grep -q 'sleep 4321' && rt ps box | grep -q 'sleep 1234'; }
  wait_for 5 two_run
  [ "$(rt ps box -o pid= -o pid,args | wc -l)" -eq 3 ]
  run rt ps box -o user,pid,args
  said 0 'USER' 'sleep 1234' 'sleep 4321'
  [ "${#lines[@]}" -eq 3 ]
  grep -qE "^root +$pid sleep 1234" <<<"$output"
  # -ef is runc's own default; flags of ps that are ours in front of the id, too.
  run rt ps box -ef
  said 0 'UID' 'sleep 1234' 'sleep 4321'
  [ "$(rt ps --format json box -ef | jq -c 'length')" -eq 2 ]
  [ "$(rt ps box --format json | jq -c 'length')" -eq 2 ]
  [ "$(rt ps box --format=json | jq -c 'length')" -eq 2 ]
  run rt ps box -o args
  said 1 'no column PID'
  run rt ps box --no-such-option
  [ "$status" -eq 1 ]
  run env PATH=/nonexistent "$runtime" --root "$place/rt" ps box -ef
  said 1 'not in PATH' procps
  rt delete --force box
}

@test 'ps: a process of the container cannot write to the terminal by its name' {
  command -v ps >/dev/null || skip 'needs ps'
  # A ps that writes what it finds as it is.
  mkdir "$place/path"
  printf '#!/bin/sh\nprintf "  PID COMMAND\\n%%s \\033[2Jevil\\n1 other\\n" "$(cat %s/pid)"\n' "$place" >"$place/path/ps"
  chmod 755 "$place/path/ps"
  up box
  rt state box | jq .pid >"$place/pid"
  run env PATH="$place/path:$PATH" "$runtime" --root "$place/rt" ps box -ef
  said 0 'COMMAND' evil
  [[ $output != *$'\033'* && $output != *other* ]]
  rt delete --force box
}
