# SPDX-License-Identifier: Apache-2.0
# bundle.md, runtime.md, runtime-linux.md: what musts.txt has under B, R and X.
bats_require_minimum_version 1.5.0
load lib
setup() { spec_setup; }
teardown() { spec_teardown; }

@test "B-001 config.json in the bundle, or no container" {
  created true
  rt delete --force box
  mkdir "$bundle/inner"
  mv "$bundle/config.json" "$bundle/inner/"
  run ! rt_create --bundle "$bundle" box
  [ -z "$(rt list -q)" ]
}
@test "B-002 the root is the directory of root.path" {
  make_bundle "$bundle"
  mv "$bundle/rootfs" "$bundle/elsewhere"
  echo 'this root' >"$bundle/elsewhere/etc/mark"
  mkdir "$bundle/rootfs"
  shows 'this root' 'cat /etc/mark' '.root.path = "elsewhere"'
}

@test "R-001 R-040 its maker can use every operation on a container" {
  created 'sleep 60'
  rt state box >/dev/null
  rt start box
  rt kill box KILL
  wait_for 10 is_status box stopped
  rt delete box
}
@test "R-002 R-003 R-007 R-009 R-010 R-043 the state has version, id, status, pid, bundle and annotations" {
  mark=$(cd "$place" && pwd)
  created 'sleep 60' '.annotations = { "com.example.key": "value", "org.example.empty": "" }'
  rt state box >"$place/state"
  jq -e --arg bundle "$mark/bundle" --argjson pid "$pid" '.ociVersion | test("^1\\.[0-9]+\\.[0-9]+")' "$place/state"
  jq -e --arg bundle "$mark/bundle" --argjson pid "$pid" '.id == "box" and .status == "created" and .pid == $pid and .bundle == $bundle
    and .annotations["com.example.key"] == "value" and .annotations["org.example.empty"] == ""' "$place/state"
  [ -d "/proc/$pid" ]
  rt start box
  rt state box | jq -e --argjson pid "$pid" '.status == "running" and .pid == $pid'
}
@test "R-009 the bundle in the state is absolute also when a relative one was given" {
  script='sleep 60' make_bundle "$bundle"
  (cd "$place" && rt create --bundle bundle box >/dev/null 2>&1 3>&-)
  [ "$(rt state box | jq -r .bundle)" = "$bundle" ]
}
@test "R-004 R-045 an id is taken once: the second create is an error and the first container lives on" {
  running 'sleep 60'
  run ! rt_create --bundle "$bundle" box
  run ! rt run --bundle "$bundle" box
  [ "$(rt list -q)" = box ]
  is_status box running
  [ "$(rt state box | jq .pid)" = "$pid" ]
}
@test "R-005 creating, created, running, stopped" {
  hook_program look "jq -r .status >>$log"
  created 'sleep 60' '.hooks.createRuntime = [{ path: $p }]' --arg p "$place/look"
  [ "$(cat "$log")" = creating ]
  is_status box created
  rt start box
  is_status box running
  kill -KILL "$pid"
  wait_for 10 is_status box stopped
}
@test "R-006 a paused container says so" {
  running 'sleep 60'
  rt pause box
  is_status box paused
  rt resume box
  is_status box running
}
@test "R-008 hooks: the pid as the runtime sees it, or as the container does" {
  hook_program outer "jq .pid >>$place/outer.log"
  hook_program inner "/bin/cat >$place/inner.log"
  created true '.hooks.createRuntime = [{ path: $o }] | .hooks.createContainer = [{ path: $i }]' --arg o "$place/outer" --arg i "$place/inner"
  [ "$(cat "$place/outer.log")" = "$pid" ]
  [ "$(jq .pid "$place/inner.log")" = 1 ]
}

@test "R-020 R-047 R-048 create makes the environment: namespaces, mounts, cgroup, names" {
  created 'sleep 60' '.hostname = "made"'
  [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]
  grep -q ' /proc ' "/proc/$pid/mountinfo"
  grep -q "$group/bundle" "/proc/$pid/cgroup"
  [ "$(nsenter -t "$pid" -u hostname)" = made ]
  [ "$(control memory/memory.limit_in_bytes memory.max)" = 268435456 ]
}
@test "R-021 R-050 R-032 what cannot be made is an error, and leaves nothing" {
  make_bundle "$bundle"
  mark
  refuses 'mounts[' '.mounts += [{ destination: "/mnt", type: "bind", source: "/nothing/there", options: ["bind"] }]'
  refuses nosuchfs '.mounts += [{ destination: "/mnt", type: "nosuchfs", source: "none" }]'
  refuses sysctl '.linux.sysctl = { "net.ipv4.no_such_value": "1" }'
  refuses 'process.rlimits' '.process.rlimits = [{ type: "RLIMIT_NOTHING", soft: 1, hard: 1 }]'
  make_bundle "$bundle"
  nothing_left
}
@test "R-022 R-049 create does not run the program" {
  created 'echo it ran >/etc/ran; echo it ran; sleep 60' '.root.readonly = false'
  sleep 0.3
  [ ! -s "$place/out" ]
  [ ! -e "$bundle/rootfs/etc/ran" ]
  rt start box
  wait_for 10 test -s "$bundle/rootfs/etc/ran"
}
@test "R-023 a config.json that changes after create changes nothing" {
  created 'echo first; hostname' '.hostname = "one"'
  script='echo second; hostname' make_bundle "$bundle" '.hostname = "two"'
  rt start box
  wait_for 10 is_status box stopped
  [ "$(cat "$place/out")" = $'first\none' ]
}

# hooks of a kind: all are called; then the same with one that fails.
try_hooks() { # KIND COMMAND: COMMAND is the operation that calls them
  hook_program good "echo called >>$log"
  hook_program bad 'exit 1'
  hook_program never "echo never >>$log"
  local with='.hooks = { ($kind): [{ path: $good }, { path: $good }] }' bad='.hooks = { ($kind): [{ path: $good }, { path: $bad }, { path: $never }] }'
  script='echo it ran; sleep 60' make_bundle "$bundle" "$with" --arg kind "$1" --arg good "$place/good"
  rt run --detach --bundle "$bundle" box >"$place/out" 2>&1 3>&-
  [ "$(cat "$log")" = $'called\ncalled' ]
  is_status box running
  rt delete --force box
  rm "$log"
  script='echo it ran; sleep 60' make_bundle "$bundle" "$bad" --arg kind "$1" --arg good "$place/good" --arg bad "$place/bad" --arg never "$place/never"
  : >"$place/out"
  if [ "$2" = start ]; then
    rt create --bundle "$bundle" box >"$place/out" 2>&1 3>&-
    run ! rt start box
    wait_for 10 eval '! is_status box running'
    rt delete --force box
  else
    run ! rt_create --bundle "$bundle" box
    [[ $output != *'it ran'* ]]
  fi
  [ "$(cat "$log")" = called ]
  [ -z "$(rt list -q)" ]
  no_cgroup_left
}
@test "R-024 prestart hooks are called in create; a failing one ends it" { try_hooks prestart create; }
@test "R-025 createRuntime hooks are called in create; a failing one ends it" { try_hooks createRuntime create; }
@test "R-026 createContainer hooks are called in create; a failing one ends it" { try_hooks createContainer create; }
@test "R-027 startContainer hooks are called in start; a failing one ends it, and the program does not run" {
  printf '#!/bin/sh\necho called >>/etc/hooks\n' >"$place/good"
  printf '#!/bin/sh\nexit 1\n' >"$place/bad"
  chmod 755 "$place/good" "$place/bad"
  make_root "$bundle/rootfs"
  cp "$place/good" "$place/bad" "$bundle/rootfs/bin/"
  created 'cat /etc/hooks' '.root.readonly = false | .hooks.startContainer = [{ path: "/bin/good" }, { path: "/bin/good" }]'
  [ ! -e "$bundle/rootfs/etc/hooks" ]
  rt start box
  wait_for 10 grep -q called "$place/out"
  [ "$(cat "$place/out")" = $'called\ncalled' ]
  rt delete --force box
  created 'echo it ran' '.root.readonly = false | .hooks.startContainer = [{ path: "/bin/bad" }, { path: "/bin/good" }]'
  run ! rt start box
  wait_for 10 eval '! is_status box running'
  rt delete --force box
  [ "$(wc -l <"$bundle/rootfs/etc/hooks")" -eq 2 ]
  ! grep -q 'it ran' "$place/out"
}
@test "R-028 R-062 start runs the program with its arguments" {
  created 'sleep 60' '.process.args = ["echo", "a b", "", "c"]'
  rt start box
  wait_for 10 test -s "$place/out"
  [ "$(cat "$place/out")" = 'a b  c' ]
}
@test "R-029 poststart hooks are called in start; a failing one is an error and ends the container" { try_hooks poststart start; }
@test "R-030 R-083 delete takes away what create made" {
  make_bundle "$bundle"
  mark
  created 'sleep 60'
  rt start box
  rt kill box KILL
  wait_for 10 is_status box stopped
  rt delete box
  rm "$place/out" "$place/pid"
  make_bundle "$bundle"
  nothing_left
}
@test "R-031 poststop hooks are all called in delete; a failing one is logged" {
  hook_program bad "echo bad >>$log; exit 1"
  hook_program good "echo good >>$log"
  running 'sleep 60' '.hooks.poststop = [{ path: $b }, { path: $g }]' --arg b "$place/bad" --arg g "$place/good"
  rt kill box KILL
  wait_for 10 is_status box stopped
  [ ! -e "$log" ]
  run rt delete box
  [ "$status" -eq 0 ]
  [ -n "$output" ]
  [ "$(cat "$log")" = $'bad\ngood' ]
  [ -z "$(rt list -q)" ]
}
@test "R-033 a warning stops nothing" {
  inside 'echo it ran' '.process.capabilities.bounding = ["CAP_NOTHING"]'
  said 0 'it ran' CAP_NOTHING
}

@test "R-041 R-060 R-070 R-080 R-044 an operation without an id is an error" {
  make_bundle "$bundle"
  for operation in state start kill delete; do
    run ! rt $operation
  done
  run ! rt_create --bundle "$bundle"
  run ! rt_create --bundle "$bundle" ''
  [ -z "$(rt list -q)" ]
}
@test "R-044 create without a bundle that is one is an error" {
  run ! rt_create --bundle "$place/nothing" box
  run ! rt_create --bundle "$place" box
  (cd "$place" && ! rt create box 2>/dev/null)
  [ -z "$(rt list -q)" ]
}
@test "R-042 R-085 R-061 state, delete and start of what does not exist are errors" {
  for operation in state delete start kill; do
    run ! rt $operation missing
  done
}
@test "R-046 ids that cannot be one make nothing" {
  make_bundle "$bundle"
  mark
  for id in ../up a/b /abs .. . ''; do
    run ! rt_create --bundle "$bundle" "$id"
  done
  [ -z "$(rt list -q)" ]
  rmdir "$place/rt" 2>/dev/null && mkdir -m 700 "$place/rt"
  nothing_left
}
@test "R-061 start of a running or stopped container is an error and changes nothing" {
  running 'echo once >>/tmp/starts; sleep 60'
  run ! rt start box
  is_status box running
  [ "$(rt state box | jq .pid)" = "$pid" ]
  [ "$(rt exec box cat /tmp/starts)" = once ]
  rt kill box KILL
  wait_for 10 is_status box stopped
  run ! rt start box
  is_status box stopped
}
@test "R-063 without a process nothing can be started: create says so" {
  make_bundle "$bundle" 'del(.process)'
  run ! rt_create --bundle "$bundle" box
  [ "$RUNTIME" != oakum ] || [[ $output == *process* ]]
  run ! rt start box
  [ -z "$(rt list -q)" ]
}
@test "R-071 kill of a stopped container is an error" {
  running true
  wait_for 10 is_status box stopped
  run ! rt kill box KILL
  is_status box stopped
}
@test "R-071 kill of a created container reaches it" {
  created 'sleep 60'
  rt kill box KILL
  wait_for 10 is_status box stopped
}
@test "R-072 the signal is the one that was asked for" {
  running 'trap "echo usr1" USR1; trap "echo term" TERM; trap "echo hup" HUP; echo ready; while :; do sleep 0.05; done'
  wait_for 10 grep -q ready "$place/out"
  rt kill box USR1
  wait_for 10 grep -q usr1 "$place/out"
  rt kill box SIGHUP
  wait_for 10 grep -q hup "$place/out"
  rt kill box 15
  wait_for 10 grep -q term "$place/out"
  is_status box running
  [ "$(sort "$place/out")" = $'hup\nready\nterm\nusr1' ]
}
@test "R-081 delete of a running container is an error and changes nothing" {
  running 'sleep 60'
  run ! rt delete box
  is_status box running
  [ "$(rt state box | jq .pid)" = "$pid" ]
}
@test "R-082 delete of a created container takes it away (as runc and crun do)" {
  created 'echo it ran'
  rt delete box
  [ -z "$(rt list -q)" ]
  [ ! -d "/proc/$pid" ] || wait_for 10 eval "! test -d /proc/$pid"
  [ ! -s "$place/out" ]
}
@test "R-084 what was not made for the container stays" {
  mkdir "$place/source"
  echo precious >"$place/source/file"
  unshare --net sleep 60 3>&- &
  holder=$!
  wait_for 10 eval "[ \"\$(readlink /proc/$holder/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
  net=$(readlink "/proc/$holder/ns/net")
  running 'sleep 60' '.mounts += [{ destination: "/mnt", type: "bind", source: $s, options: ["bind"] }]
    | (.linux.namespaces[] | select(.type == "network")).path = $n' --arg s "$place/source" --arg n "/proc/$holder/ns/net"
  rt delete --force box
  [ "$(cat "$place/source/file")" = precious ]
  [ "$(readlink "/proc/$holder/ns/net")" = "$net" ]
  kill "$holder"
}
@test "R-086 the id of a deleted container can be used again" {
  running 'sleep 60'
  rt delete --force box
  shows again 'echo again'
}

@test "X-001 only the three standard descriptors are open" {
  make_bundle "$bundle"
  script='ls /proc/self/fd | tr "\n" " "' make_bundle "$bundle"
  run bash -c 'exec 5</dev/null 7</etc/passwd 9</; exec "$@"' bash "$runtime" --root "$place/rt" run --bundle "$bundle" box
  [ "$output" = '0 1 2 3 ' ] # 3 is the directory that ls reads
}
@test "X-002 descriptors of LISTEN_FDS are handed on" {
  echo 'from the third' >"$place/third"
  script='cat <&3' make_bundle "$bundle"
  run bash -c 'exec 3<"$1"; shift; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' bash "$place/third" "$runtime" --root "$place/rt" run --bundle "$bundle" box
  said 0 'from the third'
}
@test "X-003 links of /dev to the standard descriptors" {
  shows $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2' 'for f in fd stdin stdout stderr; do readlink /dev/$f; done'
}
