# SPDX-License-Identifier: Apache-2.0
# What should run after the host was booted, and what a shutdown leaves. A reboot is played here: every process is killed, cgroups and the
# state (a tmpfs, on a host) are gone, and the records say that the last run was on another boot. With a real one: tests/vm/systemd-test.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
load lib/user
setup() {
  if [[ $BATS_TEST_DESCRIPTION == rootless* ]]; then user_setup; else detached_setup; fi
}
teardown() {
  if [[ $BATS_TEST_DESCRIPTION == rootless* ]]; then user_teardown; else detached_teardown; fi
}

# Containers that end with 3 when they are asked to.
obeys=(sh -c 'trap "exit 3" TERM; while :; do sleep 0.02; done')
statuses() { oak ps -a --format '{{.Names}} {{.State}}' | sort | tr '\n' ' '; }
runs_of() { jq .runs "$(record "$1")"; }
record() { echo "$place/store/containers/$(oak inspect "$1" | jq -r '.[0].Id')/record.json"; }
# The records of another boot's.
other_boot() {
  local file
  for file in "$place"/store/containers/*/record.json; do
    jq '.boot = "00000000-0000-4000-8000-000000000000"' "$file" >"$place/edited" && cat "$place/edited" >"$file"
  done
}
power_off() {
  local file pid
  kill_monitors
  for file in $(find /sys/fs/cgroup -path "*/$group/*" -name cgroup.procs); do
    while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done <"$file"
  done
  find /sys/fs/cgroup -depth -mindepth 2 -type d -path "*/$group/*" -exec sh -c 'until rmdir "$1" 2>/dev/null || [ ! -e "$1" ]; do sleep 0.02; done' - {} \; 2>/dev/null || true
  rm -rf "$place/state"
  other_boot
}

@test "the power fails: what should run is started by system boot, the rest is not, and twice is once" {
  keep --name always --restart always box "${obeys[@]}" >/dev/null
  keep --name unless --restart unless-stopped box "${obeys[@]}" >/dev/null
  keep --name fails --restart on-failure box "${obeys[@]}" >/dev/null
  keep --name plain box "${obeys[@]}" >/dev/null
  keep --name gone --rm box "${obeys[@]}" >/dev/null
  keep --name halted --restart unless-stopped box "${obeys[@]}" >/dev/null
  keep --name stopped --restart always box "${obeys[@]}" >/dev/null
  keep --name done --restart on-failure box true >/dev/null
  oak create --name made --restart always --network none --cgroup-parent "/$group" box "${obeys[@]}" >/dev/null
  oak stop halted stopped >/dev/null
  oak wait done >/dev/null
  power_off
  run -0 oak system boot
  [ "$output" = $'always\nunless\nfails\nstopped' ] # the oldest first
  [ "$(statuses)" = 'always running done exited fails running halted exited made created plain exited stopped running unless running ' ]
  [ "$(state_of plain ExitCode)" = 255 ]
  run -0 oak system boot
  [ "$output" = '' ]
  [ "$(runs_of always)" = 2 ]
  # Of this boot: a person's word holds.
  oak stop stopped >/dev/null
  run -0 oak system boot
  [ "$output" = '' ]
  [ "$(state_of stopped Status)" = exited ]
}

@test "on-failure: an end with 0 and an exhausted number of restarts are ends" {
  keep --name zero --restart on-failure box sh -c 'trap "exit 0" TERM; while :; do sleep 0.02; done' >/dev/null
  keep --name spent --restart on-failure:1 box sh -c 'sleep 0.1; exit 5' >/dev/null
  oak wait spent >/dev/null
  [ "$(oak inspect spent | jq '.[0].RestartCount')" = 1 ]
  run -0 oak system shutdown
  [ "$output" = zero ]
  power_off
  run -0 oak system boot
  [ "$output" = '' ]
}

@test "system shutdown: the own signal, the own time, side by side; no restart; and boot starts them again" {
  keep --name kind --restart always --stop-signal USR1 -v "$place:/out:rw,exec" --user 0 --userns host box \
    sh -c 'trap "echo asked >/out/asked; exit 4" USR1; while :; do sleep 0.02; done' >/dev/null
  keep --name deaf1 --restart unless-stopped --stop-timeout 1 box sh -c 'trap "" TERM; while :; do sleep 0.02; done' >/dev/null
  keep --name deaf2 --stop-timeout 1 box sh -c 'trap "" TERM; while :; do sleep 0.02; done' >/dev/null
  keep --name crash --restart always box sh -c 'exit 6' >/dev/null # waits for its next start, or is in one
  oak pause deaf2
  began=$(date +%s%N)
  run -0 oak system shutdown
  took=$((($(date +%s%N) - began) / 1000000))
  [[ $output == *kind* && $output == *deaf1* && $output == *deaf2* ]]
  [ $took -ge 1000 ]
  [ $took -lt 1900 ] # not one after the other
  [ "$(cat "$place/asked")" = asked ]
  [ -z "$(oak ps -q)" ]
  wait_for 5 no_monitor
  sleep 0.4
  [ -z "$(oak ps -q)" ]
  [ "$(state_of kind ExitCode) $(state_of deaf1 ExitCode)" = '4 137' ]
  rm "$place/asked"
  # In the same boot too: as after systemctl restart of the unit.
  run -0 oak system boot
  [[ $output == *kind* && $output == *deaf1* && $output == *crash* && $output != *deaf2* ]]
  [ "$(state_of kind Status) $(state_of deaf2 Status)" = 'running exited' ]
}

@test "system shutdown --timeout: nobody has longer" {
  keep --name deaf --stop-timeout -1 box sh -c 'trap "" TERM; while :; do sleep 0.02; done' >/dev/null
  run -0 timeout 20 "${oakum[@]}" system shutdown --timeout 0
  [ "$output" = deaf ]
  [ "$(state_of deaf ExitCode)" = 137 ]
  run oak system shutdown --timeout -1
  said 1 '--timeout must be a number of seconds'
}

@test "several that cannot be started: each is told, the others are started, and the status is 1" {
  mkdir "$place/source"
  keep --name bad1 --restart always -v "$place/source:/mnt" box "${obeys[@]}" >/dev/null
  keep --name bad2 --restart always -v "$place/source:/mnt" box "${obeys[@]}" >/dev/null
  keep --name good --restart always box "${obeys[@]}" >/dev/null
  damaged=$(keep --name hurt --restart always box "${obeys[@]}")
  oak system shutdown >/dev/null
  rmdir "$place/source"
  echo '{' >"$place/store/containers/$damaged/record.json"
  run --separate-stderr oak system boot
  [ "$status" -eq 1 ]
  [ "$output" = good ]
  [ "${#stderr_lines[@]}" -eq 3 ]
  [[ $stderr == *'container bad1: '* && $stderr == *'container bad2: '* && $stderr == *"container ${damaged:0:12} is damaged"* ]]
}

@test "a run of another boot is over, whatever the state says that it left" { # a state that is on no tmpfs; a number that came again
  keep --name old --restart always box "${obeys[@]}" >/dev/null
  pid=$(state_of old Pid)
  kill_monitors
  other_boot
  [ "$(state_of old Status) $(state_of old ExitCode)" = 'exited 255' ]
  run -0 oak system boot
  [ "$output" = old ]
  [ "$(state_of old Status)" = running ]
  [ "$(state_of old Pid)" != "$pid" ]
}

@test "no containers, no store: nothing to do" {
  run -0 "$bin/oakum" --root "$place/none" --state "$place/state" system boot
  [ "$output" = '' ]
  run -0 "$bin/oakum" --root "$place/none" --state "$place/state" system shutdown
  [ "$output" = '' ]
  run oak system boot box
  said 1 'takes no more than 0 arguments'
}

@test "rootless: shutdown and boot" {
  as oakum import "$place/bundle/rootfs" box >/dev/null
  as oakum run -d --memory 0 --pids-limit 0 --name mine --restart always --network none box "${obeys[@]}" >/dev/null
  run -0 as oakum system shutdown
  [ "$output" = mine ]
  run -0 as oakum ps --format '{{.Names}}'
  [ "$output" = '' ]
  run -0 as oakum system boot
  [ "$output" = mine ]
  run -0 as oakum ps --format '{{.Names}} {{.State}}'
  [ "$output" = 'mine running' ]
  as oakum rm -f mine >/dev/null
}

@test "the units that are installed are units: systemd-analyze verify" {
  command -v systemd-analyze >/dev/null || skip 'needs systemd-analyze'
  for kind in system user; do
    mkdir -p "$place/$kind"
    unit=$OAKUM_BUILD/data/oakum.service
    [ $kind = system ] || unit=$OAKUM_BUILD/data/user/oakum.service
    sed "s,^\(Exec[A-Za-z]*=\)[^ ]*,\1$bin/oakum," "$unit" >"$place/$kind/oakum.service"
    run --separate-stderr env XDG_RUNTIME_DIR="$place" systemd-analyze --$kind --man=no --recursive-errors=no verify "$place/$kind/oakum.service"
    [ "$status $stderr$output" = '0 ' ]
  done
}
