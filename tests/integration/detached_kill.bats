# SPDX-License-Identifier: Apache-2.0
# SIGKILL at random points of what makes, changes and ends detached containers: of oakum's own commands, of monitors, of
# containers. No container that oakum does not see, no exit code lost, never two runs of one container at once.
# OAKUM_LONG=1 tries 500 points of each instead of 25.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
load lib/strike
setup() { detached_setup; }
teardown() { detached_teardown; }

BATS_TEST_TIMEOUT=${OAKUM_LONG:+7200}
BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-600}
points=${OAKUM_LONG:+500}
points=${points:-25}

strike() { "$helpers/strike" "$@" 2>/dev/null; }

# The processes of containers, by their cgroups: the ids of the containers that have some.
living() {
  local file
  for file in $(find /sys/fs/cgroup -path "*/$group/*" -name cgroup.procs 2>/dev/null); do
    [ -z "$(cat "$file" 2>/dev/null)" ] || basename "$(dirname "$file")"
  done | sed s/^oakum-// | sort -u
}
# What lives is shown as living, what is shown as living lives, and every name that is shown is found.
consistent() {
  local shown try id name
  for try in 1 2 3 4 5 6 7 8; do
    shown=$(oak ps -q --no-trunc | sort) || { echo "$1: ps fails"; return 1; }
    if [ "$shown" = "$(living)" ]; then
      while read -r id name; do
        [ -n "$id" ] || continue
        oak inspect "${name:-$id}" >/dev/null || { echo "$1: $id \"$name\" is shown and not found"; return 1; }
      done < <(oak ps -a --no-trunc --format '{{.ID}} {{.Names}}')
      return 0
    fi
    sleep 0.$try
  done
  echo "$1: ps shows ($shown) and there live ($(living))"
  return 1
}
names() { ls -A "$place/store/names" 2>/dev/null || true; }
clear_all() { oak ps -aq | xargs -r "${oakum[@]}" rm -f >/dev/null; }
# A program that ends with 42 when it is asked to.
obeys=(sh -c 'trap "exit 42" TERM; while :; do sleep 0.01; done')

@test "oakum run -d, create, start: killed at any point" {
  local command i span
  for command in 'run -d --name victim --network none --cgroup-parent GROUP box sleep 60' \
    'create --name victim --network none --cgroup-parent GROUP box sleep 60' 'start victim'; do
    command=${command/GROUP//$group}
    [ "$command" != 'start victim' ] || oak create --name victim --network none --cgroup-parent "/$group" box sleep 60 >/dev/null
    span=$(took oak $command)
    clear_all
    for ((i = 0; i < points; i++)); do
      [ "$command" != 'start victim' ] || oak create --name victim --network none --cgroup-parent "/$group" box sleep 60 >/dev/null
      at=$(point "$span")
      strike 9 "$at" "${oakum[@]}" $command >/dev/null
      consistent "$command killed after $at of $span µs"
      clear_all
      no_cgroup_left || { echo "$command killed after $at µs"; false; }
      [ -z "$(oak ps -aq)$(names)" ]
    done
  done
  oak run --rm --network none --cgroup-parent "/$group" --name victim box true
}

@test "oakum stop, restart, kill, rename, pause, exec, logs, rm: killed at any point, no exit code is lost" {
  local command i span code
  for command in 'stop victim' 'restart victim' 'kill -s TERM victim' 'rename victim other' 'pause victim' 'exec victim true' 'logs victim' 'rm -f victim'; do
    keep --name victim box "${obeys[@]}" >/dev/null
    span=$(took oak $command)
    clear_all
    for ((i = 0; i < points; i++)); do
      keep --name victim box "${obeys[@]}" >/dev/null
      at=$(point "$span")
      strike 9 "$at" "${oakum[@]}" $command >/dev/null
      consistent "$command killed after $at of $span µs"
      id=$(oak ps -aq)
      if [[ $command == rm* ]]; then
        # Half removed: without a record, or ended by a part of what SIGKILL does to a cgroup; never with an end that nobody saw.
        [ -z "$id" ] || [ "$(state_of "$id" Status)" = damaged ] || {
          oak stop -t 10 "$id" >/dev/null
          [ "$(oak wait "$id")" != 255 ] || { oak inspect "$id" | jq '.[0].State'; false; }
        }
      else
        [ "$(state_of "$id" Status)" != paused ] || oak unpause "$id" >/dev/null
        oak stop -t 10 "$id" >/dev/null
        code=$(oak wait "$id")
        [ "$code" = 42 ] || { echo "$command killed after $at µs: ended with $code"; oak inspect "$id" | jq '.[0].State'; false; }
      fi
      clear_all
      no_cgroup_left || { echo "$command killed after $at µs"; false; }
      [ -z "$(names)" ]
    done
  done
}

@test "monitors and containers killed at any point of a workload: no line, no code is lost" {
  local i who pid code
  for ((i = 0; i < points; i++)); do
    keep --name victim box sh -c 'i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done; exit 7' >/dev/null
    who=$((RANDOM % 3))
    sleep "0.0$((RANDOM % 10))"
    case $who in
    0) kill -KILL $(monitors scribe) || true ;;
    1) kill -KILL $(monitors keeper) || true ;;
    2) pid=$(state_of victim Pid); [ "$pid" = 0 ] || kill -KILL "$pid" || true ;;
    esac 2>/dev/null
    consistent "killed $who"
    code=$(oak wait victim)
    [ "$code" = 7 ] || { [ $who = 2 ] && [ "$code" = 137 ]; } || { echo "killed $who: $code"; oak inspect victim | jq '.[0].State'; false; }
    oak logs victim >"$place/log"
    seq -f 'line %.0f' 0 1999 >"$place/all"
    if [ "$code" = 7 ]; then cmp "$place/all" "$place/log"; else cmp -n "$(stat -c %s "$place/log")" "$place/all" "$place/log"; fi
    rm -f "$place/log" "$place/all"
    oak rm victim
  done
  wait_for 5 no_monitor
}

@test "never two runs of one container at once, whoever is killed while it restarts" {
  local i other
  mkdir -m 777 "$place/v"
  keep --name victim --restart always -v "$place/v:/v:rw" -v "$helpers:/h:exec" box /h/inside alone /v 50 3 >/dev/null
  for ((i = 0; i < points * 2; i++)); do
    case $((RANDOM % 5)) in
    0) strike 9 $((RANDOM % 20000)) "${oakum[@]}" restart victim >/dev/null ;;
    1) strike 9 $((RANDOM % 20000)) "${oakum[@]}" start victim >/dev/null ;;
    2) kill -KILL $(monitors keeper) || true ;;
    3) kill -KILL $(monitors '') || true ;;
    4)
      oak start victim >/dev/null &
      other=$!
      oak restart -t 0 victim >/dev/null || oak ps -a
      wait $other || oak ps -a
      ;;
    esac 2>/dev/null
    oak ps >/dev/null
  done
  sort "$place/v/runs" | uniq -c
  [ "$(sort -u "$place/v/runs")" = alone ]
  [ "$(wc -l <"$place/v/runs")" -gt 5 ]
  oak stop victim >/dev/null
  [ "$(state_of victim Status)" = exited ]
  sleep 0.5
  [ "$(state_of victim Status)" = exited ]
  oak rm victim
  wait_for 5 no_monitor
  rm -rf "$place/v"
}
