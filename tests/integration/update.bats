# SPDX-License-Identifier: Apache-2.0
# update: budgets and the restart policy of containers that are there.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
setup() { detached_setup; }
teardown() { detached_teardown; }

quietly() { keep "$@" >/dev/null; }
# in_force FILE_OF_V1 FILE_OF_V2: of this test's one container.
in_force() {
  local file
  file=$(find /sys/fs/cgroup -path "*/$group/oakum-*" \( -name "$1" -o -name "$2" \) | head -1)
  [ -n "$file" ] && cat "$file"
}
policy() { oak inspect "$1" | jq -r '.[0] | [.. | .RestartPolicy? | objects][0] | "\(.Name) \(.MaximumRetryCount)"'; }

@test "update: a running container's limits change in the kernel, in inspect, and for its next start" {
  quietly --name box1 --memory 64m box sleep 60
  run -0 oak update --memory 96m --pids-limit 20 --cpu-shares 300 box1
  [ "$output" = box1 ]
  [ "$(in_force memory.limit_in_bytes memory.max)" = $((96 << 20)) ]
  [ "$(in_force pids.max pids.max)" = 20 ]
  oak inspect box1 >"$place/running"
  grep -q '96 MiB' "$place/running"
  oak stop -t 0 box1
  oak inspect box1 | grep -q '96 MiB'
  oak start box1
  [ "$(in_force memory.limit_in_bytes memory.max)" = $((96 << 20)) ]
  [ "$(in_force pids.max pids.max)" = 20 ]
  [ "$(oak stats --no-stream --format '{{.MemUsage}}' box1 | sed 's,.*/ ,,')" = 96MiB ]
}

@test "update: no swap stays no swap; memory and swap together are kept, and stand in the way of more memory" {
  [ -e /proc/swaps ] || skip 'this kernel has no swap'
  quietly --name plain --memory 64m box sleep 60
  oak update -m 80m plain
  oak inspect plain | grep -A3 -i '"swap"' | grep -q none
  oak rm -f plain
  oak create --name both --network none --cgroup-parent "/$group" --memory 64m --memory-swap 128m box true >/dev/null
  oak update -m 100m both
  run -1 oak update -m 200m both
  [[ "$output" == *'--memory-swap too'* ]]
  oak update -m 200m --memory-swap 300m both
  run -1 oak update -m 5m both
  [[ "$output" == *'at least 6m'* ]]
  run -1 oak update --memory-swap 100m both
  [[ "$output" == *'must not be below --memory'* ]]
}

@test "update: 0 takes a limit away; one that is not started yet and one that has ended are changed for their start" {
  oak create --name one --network none --cgroup-parent "/$group" box sleep 60 >/dev/null
  oak update --pids-limit 0 -m 70m one
  oak start one
  [ "$(in_force memory.limit_in_bytes memory.max)" = $((70 << 20)) ]
  oak update -m 0 one
  oak inspect one >"$place/doc"
  [ "$(grep -c 'no limit' "$place/doc")" -ge 2 ]
  oak stop -t 0 one
  oak update --pids-limit 33 one
  oak start one
  [ "$(in_force pids.max pids.max)" = 33 ]
}

@test "update: when the kernel refuses one limit, none has changed, in the kernel and on disk" {
  quietly --name box1 --memory 64m --pids-limit 50 box sleep 60
  local id before
  id=$(oak inspect box1 | jq -r '.[0].Id')
  before=$(cat "$place/store/containers/$id/config.json" "$place/store/containers/$id/record.json" "$place/state/$id/config.json" | sha256sum)
  run -1 oak update --memory 90m --pids-limit 20 --cpuset-cpus 4000 box1
  [ "$(in_force memory.limit_in_bytes memory.max)" = $((64 << 20)) ]
  [ "$(in_force pids.max pids.max)" = 50 ]
  [ "$before" = "$(cat "$place/store/containers/$id/config.json" "$place/store/containers/$id/record.json" "$place/state/$id/config.json" | sha256sum)" ]
  run -1 oak update --restart always --cpuset-cpus 4000 box1
  [ "$(policy box1)" = 'no 0' ]
  oak kill box1
  wait_for 5 eval '[ "$(state_of box1 Status)" = exited ]'
}

@test "update: a restart policy reaches the monitor that runs, both ways" {
  quietly --name on box sh -c 'sleep 1; exit 3'
  [ "$(oak update --restart on-failure:1 on)" = on ]
  [ "$(policy on)" = 'on-failure 1' ]
  wait_for 10 eval '[ "$(oak inspect on | jq "[.. | .RestartCount? | numbers][0]")" = 1 ]'
  wait_for 10 eval '[ "$(state_of on Status)" = exited ]'
  [ "$(oak inspect on | jq '[.. | .RestartCount? | numbers][0]')" = 1 ]
  quietly --name off --restart always box sleep 60
  oak update --restart no off
  kill -KILL "$(state_of off Pid)"
  wait_for 5 eval '[ "$(state_of off Status)" = exited ]'
  [ "$(oak inspect off | jq '[.. | .RestartCount? | numbers][0]')" = 0 ]
}

@test "update: a monitor that takes over knows the policy of the update" {
  quietly --name over box sleep 60
  local pid
  pid=$(state_of over Pid)
  oak update --restart always over
  kill_monitors
  oak ps >/dev/null
  kill -KILL "$pid"
  wait_for 10 eval '[ "$(oak inspect over | jq "[.. | .RestartCount? | numbers][0]")" = 1 ]'
}

@test "update: what cannot be, one that is not there and the others all the same, no flag" {
  oak create --name there --network none --cgroup-parent "/$group" box true >/dev/null
  quietly --name gone --rm box sleep 60
  run -1 oak update
  run -1 oak update there
  [[ "$output" == *'one flag at least'* ]]
  run -1 oak update --pids-limit 30 nosuch there
  [[ "$output" == *'no container "nosuch"'* && "$output" == *there* ]]
  run -1 oak update --restart always gone
  [[ "$output" == *'--rm'* ]]
  oak update -m 90m gone
  [ "$(in_force memory.limit_in_bytes memory.max)" = $((90 << 20)) ]
  run -1 oak update --restart sometimes there
  run -1 oak update --cpus 1 --cpu-quota 5000 there
}

@test "update: one in the foreground gets its limits, and no restart policy" {
  "${oakum[@]}" run --name front --network none --cgroup-parent "/$group" --memory 64m box sleep 60 &
  local pid=$!
  wait_for 5 eval '[ "$(state_of front Pid 2>/dev/null)" -gt 0 ]'
  oak update --memory 72m front
  [ "$(in_force memory.limit_in_bytes memory.max)" = $((72 << 20)) ]
  run -1 oak update --restart always front
  [[ "$output" == *'in the foreground'* ]]
  kill -TERM "$pid"
  wait "$pid" || true
  oak inspect front | grep -q '72 MiB'
}
