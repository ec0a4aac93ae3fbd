# SPDX-License-Identifier: Apache-2.0
# Named containers: ps, inspect, kill, stop, rm; what is damaged or half-made is listed and can be removed.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; make_image; }
teardown() { start_teardown; }

keep() { oak run --network none --cgroup-parent "/$group" "$@"; }
id_of() { oak inspect "$1" | jq -r '.[0].Id'; }

@test "ps: running by default, all with -a; ids, filters, JSON" {
  keep --name done-one --label tier=web box sh -c 'exit 3' || true
  keep --rm --name alive box sleep 60 &
  wait_for 10 oak exec alive true
  run -0 oak ps
  said 0 'CONTAINER ID' alive 'box:latest' '"sleep 60"' Up
  [[ $output != *done-one* ]]
  run -0 oak ps -a
  said 0 alive done-one 'Exited (3)'
  [ "$(oak ps -q)" = "$(id_of alive | cut -c1-12)" ]
  [ "$(oak ps -aq --no-trunc --filter name=done)" = "$(id_of done-one)" ]
  [ -z "$(oak ps -aq --filter name=done --filter status=running)" ]
  [ "$(oak ps -aq --filter label=tier=web | wc -l)" -eq 1 ]
  [ -z "$(oak ps -aq --filter label=tier=db)" ]
  [ "$(oak ps -q --filter exited=3 | wc -l)" -eq 1 ]
  [ "$(oak ps -aq --filter ancestor=box | wc -l)" -eq 2 ]
  [ "$(oak ps -lq)" = "$(id_of alive | cut -c1-12)" ]
  [ "$(oak ps -n 5 -q | wc -l)" -eq 2 ]
  oak ps -a --format json | jq -es 'length == 2 and (map(.Names) | sort) == ["alive", "done-one"] and all(.ID | length == 64)' >/dev/null
  run oak ps --filter color=red
  said 1 'must be KEY=VALUE'
  [ "$(oak ps --format '{{.ID}}|{{.Names}}')" = "$(oak ps -q)|alive" ]
  run oak ps --format plain
  said 1 'must be json, table, or a template'
  oak rm -f alive done-one
  [ "$(oak ps -a | wc -l)" -eq 1 ]
}

@test "names: one each, ids by their beginning, names that are none" {
  keep --name first box true
  run keep --name first box true
  said 125 'the name "first" is in use by container' 'oakum rm'
  one_error "$output"
  keep box true
  run -0 oak ps -a --format json
  jq -es 'map(.Names) | all(test("^[a-z0-9_]+$"))' <<<"$output" >/dev/null
  local id
  id=$(id_of first)
  [ "$(id_of "$id")" = "$id" ]
  [ "$(id_of "${id:0:12}")" = "$id" ]
  for name in '' a .x -x 'a b' '../x' "$id"; do
    run keep "--name=$name" box true
    said 125
    one_error "$output"
  done
  for word in '' / .. first/ "$(printf 'a%.0s' {1..5000})"; do
    run oak rm -- "$word"
    said 1
  done
  oak rm first
  keep --name first box true
  oak ps -aq | xargs "$bin/oakum" --root "$place/store" --state "$place/state" rm >/dev/null
  [ -z "$(ls -A "$place/store/names")$(ls -A "$place/store/idmap")$(ls -A "$place/store/containers")" ]
}

@test "a name whose container is gone after a power failure is free" {
  keep --rm box true
  ln -s "$(printf 'd%.0s' {1..64})" "$place/store/names/left-over"
  keep --rm --name left-over box true
  [ -z "$(ls -A "$place/store/names")" ]
}

@test "a container that never ran is not kept, and its name is free" {
  run -127 keep --name never box /no/such/program
  said 127
  run keep --name never --memory 1 box true
  said 125
  run keep --name never -v "$place/nonesuch:/x" box true
  said 125
  keep --name never box true
  oak rm never
}

@test "inspect: the specification that is enforced, and where each control came from" {
  keep --name seen --memory 64m --user mail --cap-add chown box true
  oak inspect seen >"$place/doc"
  jq -e '.[0] | .Name == "seen" and .State.Status == "exited" and .State.ExitCode == 0 and .Spec.linux.resources.memory.limit == 67108864
    and .Spec.process.user.uid == 8 and .Image == "box:latest"' "$place/doc"
  jq -e '.[0].Controls | map({(.control): .}) | add | .memory.source == "--memory" and .memory.value == "64 MiB" and .memory.relax == "--memory SIZE"
    and .user.source == "--user mail" and .capabilities.value == "CAP_CHOWN" and .seccomp.source == "default" and .root.value == "read-only"
    and (map(select(.value == "")) | length == 0)' "$place/doc"
  oak inspect --format json seen | jq -e '.[0].Name == "seen"'
  run oak inspect nosuch
  said 1 'there is no container and no image "nosuch"'
  oak rm seen
  keep --rm --name going box sleep 60 &
  wait_for 10 oak exec going true
  oak inspect going | jq -e '.[0] | .State.Running and .State.Pid > 1 and .Spec.process.args == ["sleep", "60"]'
  oak rm -f going
}

@test "the specification of inspect, as a bundle, is one that oakum-runtime accepts" {
  keep --name spec box sh -c 'echo ran'
  oak inspect spec | jq '.[0].Spec | .linux.cgroupsPath = "/'"$group"'/again"' >"$place/config.json"
  mkdir "$place/rootfs"
  run -0 rt run --bundle "$place" again
  said 0 ran
  oak rm spec
}

@test "kill and stop" {
  keep --rm --name k1 --init box sh -c 'trap "exit 5" USR1; while :; do sleep 0.1; done' &
  local pid=$!
  wait_for 10 oak exec k1 true
  oak kill -s USR1 k1
  status=0; wait $pid || status=$?
  [ $status -eq 5 ]
  run oak kill k1
  said 1 'there is no container "k1"'
  run oak kill -s NOSUCH k1
  said 1 'is not a signal'
  keep --name k2 --stop-signal INT --stop-timeout 30 box sh -c 'trap "exit 6" INT; while :; do sleep 0.1; done' &
  pid=$!
  wait_for 10 oak exec k2 true
  sleep 0.2
  oak stop k2
  status=0; wait $pid || status=$?
  [ $status -eq 6 ]
  oak inspect k2 | jq -e '.[0].State | .ExitCode == 6 and .Status == "exited"'
  oak stop k2
  run oak kill k2
  said 1 'is not running'
  oak rm k2
  keep --name k3 box sh -c 'trap "" TERM; while :; do sleep 0.1; done' &
  pid=$!
  wait_for 10 oak exec k3 true
  sleep 0.2
  oak stop -t 1 k3
  status=0; wait $pid || status=$?
  [ $status -eq 137 ]
  oak rm k3
}

@test "rm: not a running one, -f does, several at once" {
  keep --name r1 box true
  keep --name r2 box sleep 60 &
  wait_for 10 oak exec r2 true
  run oak rm r1 r2
  said 1 'r1' 'container r2 is running'
  run -0 oak rm -f r2 nosuch
  [ -z "$(oak ps -aq)" ]
  run oak rm nosuch
  said 1 'there is no container "nosuch"'
}

@test "damaged and unknown things are listed, and rm takes them away" {
  keep --name victim box true
  local dir=$place/store/containers
  local id
  id=$(id_of victim)
  echo '{"oakum":1' >"$dir/$id/record.json"
  mkdir "$dir/$(printf 'b%.0s' {1..64})"
  run -0 oak ps -a
  said 0 Damaged bbbbbbbbbbbb "${id:0:12}"
  oak ps -a --format json | jq -es 'all(.State == "damaged")' >/dev/null
  oak inspect "${id:0:12}" | jq -e '.[0].State.Error | test("record.json")'
  oak rm "${id:0:12}" bbbbbb
  [ -z "$(ls -A "$dir")$(ls -A "$place/store/names")$(ls -A "$place/store/idmap")" ]
}

@test "hostile names in labels, commands and images do not reach the terminal" {
  keep --name quiet --label $'x=\e[31mred' box sh -c $'true # \e]0;title\a' || true
  run -0 oak ps -a
  [[ $output != *$'\e'* && $output != *$'\a'* ]]
  run -0 oak inspect quiet
  [[ $output != *$'\e'* ]]
  run oak run $'\e[31mimage' true
  said 125
  [[ $output != *$'\e'* ]]
  oak rm quiet
  keep --name quiet --label $'x=\u009b31m\x7f' box true
  run -0 oak inspect quiet
  said 0 '\u009b31m\u007f'
  oak rm quiet
}

@test "an image that is in use stays" {
  keep --name user-of box true
  run oak rmi box
  said 1 'container user-of' 'remove that first'
  oak rm user-of
  run -0 oak rmi box
  said 0 'Untagged: box:latest' 'Deleted: sha256:'
}

@test "state that others could have written is refused" {
  chmod 777 "$place/store"
  run keep box true
  said 125
  one_error "$output"
  chmod 700 "$place/store"
  keep --rm box true
}
