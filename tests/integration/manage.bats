# SPDX-License-Identifier: Apache-2.0
# pause, unpause, rename, top, container prune.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
setup() { detached_setup; }
teardown() { detached_teardown; }

quietly() { keep "$@" >/dev/null; }

@test "pause and unpause: nothing moves in between, and rm -f works" {
  quietly --name p1 box sh -c 'while :; do echo x; sleep 0.02; done'
  wait_for 5 eval '[ "$(oak logs p1 | wc -l)" -gt 2 ]'
  run -0 oak pause p1
  [ "$output" = p1 ]
  [ "$(state_of p1 Status) $(state_of p1 Running)" = 'paused true' ]
  run -0 oak ps
  said 0 '(Paused)'
  local before
  sleep 0.2
  before=$(oak logs p1 | wc -l)
  sleep 0.5
  [ "$(oak logs p1 | wc -l)" -eq "$before" ]
  run oak pause p1
  said 1 'is paused already'
  run oak start p1
  said 1 'is paused'
  oak unpause p1
  wait_for 5 eval '[ "$(oak logs p1 | wc -l)" -gt "$before" ]'
  run oak unpause p1 nosuch
  said 1 'is not paused' 'there is no container "nosuch"'
  oak pause p1
  oak rm -f p1
  quietly --name p2 box true
  oak wait p2
  run oak pause p2
  said 1 'is not running'
}

@test "rename: of a running one and of one that has ended; the old name is free, a taken one is refused" {
  quietly --name old box sleep 60
  quietly --name other box true
  oak wait other
  run -0 oak rename old new
  [ -z "$output" ]
  [ "$(oak ps --format json | jq -r .Names)" = new ]
  run oak inspect old
  said 1 'there is no container'
  run oak rename new other
  said 1 'is in use by container'
  [ "$(oak ps --format json | jq -r .Names)" = new ]
  run oak rename new 'a b'
  said 1 'must be 2 to 128'
  run oak rename new new
  said 1 'already'
  oak rename other old
  oak stop -t 0 new
  [ "$(state_of new ExitCode)" = 137 ]
  oak rm new old
  [ -z "$(ls -A "$place/store/names")" ]
}

@test "top: the container's processes and no others, with the columns of ps" {
  quietly --name t1 --init box sleep 1234
  wait_for 5 eval '[[ $(oak top t1) == *"sleep 1234"* ]]'
  run -0 oak top t1
  said 0 UID PID 'sleep 1234'
  [ "${#lines[@]}" -eq 3 ]
  run -0 oak top t1 -o pid,args
  [ "${#lines[@]}" -eq 3 ]
  [[ ${lines[0]} == *PID*COMMAND* ]]
  oak stop -t 0 t1
  run oak top t1
  said 1 'is not running'
}

@test "container prune: what does not run goes, after a question" {
  quietly --name runs box sleep 60
  quietly --name done --label keep=yes box true
  oak create --name made --network none --cgroup-parent "/$group" box true >/dev/null
  oak wait done
  run -0 oak container prune <<<n
  said 0 'This will remove all stopped containers'
  [ "$(oak ps -aq | wc -l)" -eq 3 ]
  run -0 oak container prune -f --filter 'label!=keep' --filter until=1h
  said 0 'Total reclaimed space: 0B'
  run -0 oak container prune -f --filter 'label!=keep'
  said 0 'Deleted Containers:' 'Total reclaimed space:'
  [ "$(oak ps -a --format json | jq -r .Names | sort | xargs)" = 'done runs' ]
  run -0 oak container prune <<<y
  [ "$(oak ps -a --format json | jq -r .Names)" = runs ]
  run oak container prune -f --filter color=red
  said 1 'must be label='
}
