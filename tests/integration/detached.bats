# SPDX-License-Identifier: Apache-2.0
# Containers with a monitor: run -d, create, start, wait, stop, restart, kill, rm; what is left when a monitor is killed.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
setup() { detached_setup; }
teardown() { detached_teardown; }

id_of() { oak inspect "$1" | jq -r '.[0].Id'; }

@test "run -d prints the id, and the exit code is known when it has ended" {
  run -0 keep --name d1 --cidfile "$place/cid" box sh -c 'sleep 0.3; exit 7'
  [[ $output =~ ^[0-9a-f]{64}$ ]]
  [ "$(cat "$place/cid")" = "$output" ]
  [ "$(state_of d1 Status)" = running ]
  run -0 oak wait d1
  [ "$output" = 7 ]
  [ "$(state_of d1 Status) $(state_of d1 ExitCode)" = 'exited 7' ]
  run -0 oak wait d1
  [ "$output" = 7 ]
  run -0 oak ps -a
  said 0 'Exited (7)'
  oak rm d1
  rm "$place/cid"
  wait_for 5 no_monitor
}

@test "a signal, a lack of memory and a time that is over are told apart" {
  keep --name s1 --init box sh -c 'kill -SEGV $$' >/dev/null
  keep --name s2 --memory 16m --init box sh -c 'head -c 100m /dev/zero | tail -c 90m >/dev/null; sleep 60' >/dev/null
  keep --name s3 --timeout 1 box sleep 60 >/dev/null
  run -0 oak wait s1 s3
  [ "$output" = $'139\n137' ]
  wait_for 10 eval '[ -z "$(oak exec s2 pgrep tail)" ]'
  oak kill s2 >/dev/null
  run -0 oak wait s2
  [ "$output" = 137 ]
  [ "$(state_of s2 OOMKilled) $(state_of s2 Signal)" = 'true 9' ]
  [ "$(state_of s3 TimedOut) $(state_of s3 OOMKilled)" = 'true false' ]
  [ "$(state_of s1 TimedOut)" = false ]
}

@test "run -d: a program that is not there, a name that is taken, flags that contradict" {
  run -127 keep --name never box /no/such/program
  said 127 'not found'
  one_error "$output"
  [ -z "$(oak ps -aq)" ]
  keep --name taken box true >/dev/null
  run keep --name taken box true
  said 125 'is in use by container'
  run keep --rm --restart always box true
  said 125 'contradict'
  for bad in sometimes on-failure:x always:3; do
    run keep --restart "$bad" box true
    said 125
    one_error "$output"
  done
  oak rm taken
}

@test "create and start; start -a; start of one that has ended" {
  run -0 oak create -i --name c1 --network none --cgroup-parent "/$group" box sh -c 'echo out; echo err >&2; cat; exit 4'
  [[ $output =~ ^[0-9a-f]{64}$ ]]
  [ "$(state_of c1 Status)" = created ]
  run -0 oak ps -a
  said 0 Created
  [ -z "$(oak ps -q)" ]
  run oak kill c1
  said 1 'is not running'
  oak stop c1
  status=0; echo in | oak start -a -i c1 >"$place/out" 2>"$place/err" || status=$?
  [ $status -eq 4 ]
  [ "$(cat "$place/out")" = $'out\nin' ]
  [ "$(cat "$place/err")" = err ]
  [ "$(state_of c1 ExitCode)" = 4 ]
  [ "$(oak logs c1 2>/dev/null)" = $'out\nin' ]
  rm "$place/out" "$place/err"
  oak create --name c2 --network none --cgroup-parent "/$group" box sh -c 'echo out; exit 4'
  run -0 oak start c2
  [ "$output" = c2 ]
  [ "$(oak wait c2)" = 4 ]
  [ "$(oak logs c2)" = out ]
  run oak start c2 nosuch
  said 1 c2 'there is no container "nosuch"'
  [ "$(oak wait c2)" = 4 ]
  oak rm c1 c2
}

@test "a start that fails keeps the container, and says why" {
  oak create --name c2 --network none --cgroup-parent "/$group" box /no/such/program >/dev/null
  run oak start c2
  said 1 'not found'
  run -127 oak start -a c2
  said 127 'not found'
  [ "$(state_of c2 ExitCode)" = 127 ]
  [[ $(state_of c2 Error) == *'not found'* ]]
  oak rm c2
}

@test "stop, restart, kill and rm -f" {
  keep --name k1 box sh -c 'trap "exit 5" TERM; while :; do sleep 0.02; done' >/dev/null
  sleep 0.2
  run -0 oak stop k1
  [ "$output" = k1 ]
  [ "$(oak wait k1)" = 5 ]
  keep --name k2 box sh -c 'trap "" TERM; while :; do sleep 0.1; done' >/dev/null
  sleep 0.2
  oak restart -t 0 k1 k2
  [ "$(state_of k1 Running)$(state_of k2 Running)" = truetrue ]
  oak stop -t 0 k2
  [ "$(oak wait k2)" = 137 ]
  run oak rm k1
  said 1 'is running; stop it first'
  run oak rm -f k1 nosuch k2
  said 0 k1 k2
  wait_for 5 no_monitor
  [ -z "$(ls -A "$place/store/containers")$(ls -A "$place/state/.monitor")" ]
}

@test "--rm: the container goes when it ends, and who waits hears its exit code" {
  keep --rm --name gone box sh -c 'sleep 3; exit 6' >/dev/null
  run -0 oak wait gone
  [ "$output" = 6 ]
  wait_for 5 eval '[ -z "$(oak ps -aq)" ]'
  wait_for 5 no_monitor
  # A crash of both, and of the container: the next command takes it away.
  keep --rm --name gone box sleep 60 >/dev/null
  pid=$(oak inspect gone | jq '.[0].State.Pid')
  kill_monitors
  kill -KILL "$pid"
  wait_for 10 eval '[ -z "$(oak ps -aq)" ]'
  [ -z "$(ls -A "$place/store/names")" ]
}

@test "a container with a terminal has one, and its output is in the log" {
  keep -t --name t1 box sh -c 'tty; exit 3' >/dev/null
  [ "$(oak wait t1)" = 3 ]
  [ "$(oak logs t1)" = $'/dev/pts/0\r' ]
  oak rm t1
}

@test "-i keeps standard input open without anybody at it; without -i it is at its end" {
  keep -i --name i1 box cat >/dev/null
  keep --name i2 box cat >/dev/null
  [ "$(oak wait i2)" = 0 ]
  [ "$(state_of i1 Running)" = true ]
  oak rm -f i1 i2
}

@test "a program that runs as a user can open /dev/stdout, also with Landlock" {
  keep --name u1 box sh -c 'id -u; echo again >/dev/stdout; echo wrong >/dev/stderr' >/dev/null
  [ "$(oak wait u1)" = 0 ]
  [ "$(oak logs u1 2>&1 | sort)" = $'65532\nagain\nwrong' ]
  oak rm u1
}

@test "killed scribe: not a byte lost or doubled" {
  keep --name l1 --log-opt max-size=300k --log-opt max-file=1000 box sh -c 'i=0; while [ $i -lt 150000 ]; do echo "line $i"; i=$((i+1)); done; exit 7' >/dev/null
  local n=0 pid
  while [ "$(state_of l1 Running)" = true ] && [ $n -lt 40 ]; do
    pid=$(monitors scribe)
    [ -z "$pid" ] || { kill -KILL $pid && n=$((n + 1)); }
  done 2>/dev/null
  echo "killed $n times"
  [ $n -gt 2 ]
  [ "$(oak wait l1)" = 7 ]
  oak logs l1 >"$place/log"
  seq -f 'line %.0f' 0 149999 | cmp - "$place/log"
  rm "$place/log"
  oak rm l1
}

@test "killed keeper: the scribe hears how the container ends; with a command in between, a new keeper does" {
  keep --name k1 box sh -c 'sleep 1; echo end; exit 9' >/dev/null
  kill -KILL $(monitors keeper)
  wait_for 10 no_monitor
  [ "$(state_of k1 ExitCode) $(oak wait k1) $(oak logs k1)" = '9 9 end' ]
  keep --name k2 box sh -c 'sleep 5; echo end; exit 9' >/dev/null
  kill -KILL $(monitors keeper)
  [ "$(state_of k2 Running)" = true ]
  wait_for 5 eval '[ -n "$(monitors keeper)" ]'
  [ "$(oak wait k2)" = 9 ]
  [ "$(oak logs k2)" = end ]
  # The policy is the new keeper's to follow, the exit code the old scribe's to know.
  keep --name k3 --restart on-failure:1 box sh -c 'sleep 4; echo end; exit 9' >/dev/null
  kill -KILL $(monitors keeper)
  oak ps >/dev/null
  [ "$(oak wait k3)" = 9 ]
  [ "$(oak logs k3 | wc -l)" -eq 2 ]
  oak rm k1 k2 k3
}

@test "killed monitor: the container goes on, nothing it writes is lost, and the next command takes over" {
  keep --name m1 --restart on-failure:1 box sh -c 'i=0; while [ $i -lt 100 ]; do echo "line $i"; i=$((i+1)); sleep 0.05; done; exit 8' >/dev/null
  kill_monitors
  sleep 0.5
  [ "$(oak ps -q | wc -l)" -eq 1 ]
  wait_for 5 eval '[ -n "$(monitors keeper)" ] && [ -n "$(monitors scribe)" ]'
  [ "$(oak wait m1)" = 8 ]
  # The policy held: a second run came after the first.
  (seq -f 'line %.0f' 0 99; seq -f 'line %.0f' 0 99) | cmp - <(oak logs m1)
  oak rm m1
}

@test "an end that nobody saw is said to be unknown" {
  keep --name n1 box sleep 60 >/dev/null
  pid=$(oak inspect n1 | jq '.[0].State.Pid')
  kill_monitors
  kill -KILL "$pid"
  wait_for 5 eval '! grep -q "^State:.[^ZX]" "/proc/$pid/status"'
  [ "$(oak wait n1)" = 255 ]
  [[ $(state_of n1 Error) == *'nobody was told'* ]]
  oak start n1 >/dev/null
  [ "$(state_of n1 Running)" = true ]
  oak rm -f n1
}

@test "monitors are sealed: no capability, seccomp, no new privileges; nothing of ours is held open" {
  exec 9<"$BATS_TEST_FILENAME"
  keep --name z1 box sleep 60 >/dev/null
  exec 9<&-
  local scribe keeper
  scribe=$(monitors scribe) keeper=$(monitors keeper)
  grep -q '^CapEff:	0000000000000000$' "/proc/$scribe/status"
  grep -q '^CapPrm:	0000000000000000$' "/proc/$scribe/status"
  grep -q '^NoNewPrivs:	1$' "/proc/$scribe/status"
  grep -q '^Seccomp:	2$' "/proc/$scribe/status"
  grep -q '^CapEff:	0000000000000020$' "/proc/$keeper/status"
  ! ls -l "/proc/$scribe/fd" "/proc/$keeper/fd" | grep -F "$BATS_TEST_FILENAME"
  # Each is a session's own, out of reach of the terminal's signals.
  [ "$(ps -o tty= -p "$scribe" | tr -d ' ')" = '?' ]
  # Private memory of both: below 1 MiB.
  local kb
  kb=$(awk '/^Private_(Dirty|Clean)/ { n += $2 } END { print n }' "/proc/$scribe/smaps_rollup" "/proc/$keeper/smaps_rollup")
  echo "private memory: $kb KiB"
  [ "$kb" -lt 1024 ]
  oak rm -f z1
}

@test "restart policies: on-failure counts, always goes on, a person's stop holds" {
  keep --name r1 --restart on-failure:2 box sh -c 'echo run; exit 1' >/dev/null
  [ "$(oak wait r1)" = 1 ]
  [ "$(oak logs r1 | wc -l)" -eq 3 ]
  [ "$(oak inspect r1 | jq '.[0].RestartCount')" = 2 ]
  keep --name r2 --restart on-failure box sh -c 'exit 0' >/dev/null
  [ "$(oak wait r2)" = 0 ]
  [ "$(oak inspect r2 | jq '.[0].RestartCount')" = 0 ]
  keep --name r3 --restart always box true >/dev/null
  wait_for 10 eval '[ "$(oak inspect r3 | jq ".[0].RestartCount")" -ge 2 ]'
  wait_for 10 eval '[[ $(oak ps) == *Restarting* ]]'
  oak stop r3
  [ "$(state_of r3 Status)" = exited ]
  sleep 1
  [ "$(state_of r3 Status)" = exited ]
  keep --name r4 --restart unless-stopped box sleep 60 >/dev/null
  oak exec r4 kill -9 -1 || true
  oak kill r4 >/dev/null
  [ "$(oak wait r4)" = 137 ]
  sleep 0.5
  [ "$(state_of r4 Status)" = exited ]
  oak start r3 >/dev/null
  wait_for 10 eval '[ "$(oak inspect r3 | jq ".[0].RestartCount")" -ge 1 ]'
  oak rm -f r1 r2 r3 r4
  wait_for 5 no_monitor
}

@test "several at once: one that fails does not stop the others; ids by their beginning" {
  keep --name a1 box sleep 60 >/dev/null
  keep --name a2 box sleep 60 >/dev/null
  run oak stop -t 0 a1 nosuch "$(id_of a2 | cut -c1-12)"
  said 1 a1 'there is no container "nosuch"'
  [ -z "$(oak ps -q)" ]
  run oak rm a1 nosuch a2
  said 1 a1 a2 nosuch
  [ -z "$(oak ps -aq)" ]
}

@test "ps: name as an expression, before and since, restarting" {
  local n
  for n in web1 web2 db; do keep --name $n box true >/dev/null; oak wait $n >/dev/null; done
  [ "$(oak ps -a --filter 'name=^web' --format json | jq -r .Names | sort | xargs)" = 'web1 web2' ]
  [ "$(oak ps -a --filter 'name=^/db$' --format json | jq -r .Names)" = db ]
  [ "$(oak ps -a --filter before=db --format json | jq -r .Names | xargs)" = 'web2 web1' ]
  [ "$(oak ps -a --filter since=web1 --filter before=db --format json | jq -r .Names)" = web2 ]
  [ -z "$(oak ps -a --filter status=restarting -q)" ]
  run oak ps --filter before=nosuch
  said 1 'there is no container "nosuch"'
}

@test "twenty at once, and all that was made goes" {
  local n pids=()
  for n in $(seq 20); do keep --rm --name "p$n" box sh -c "sleep 0.2; exit $n" >/dev/null & pids+=($!); done
  wait "${pids[@]}"
  oak ps -q | xargs -r "$bin/oakum" --root "$place/store" --state "$place/state" wait >/dev/null 2>&1 || true
  wait_for 20 eval '[ -z "$(oak ps -aq)" ]'
  wait_for 5 no_monitor
  [ -z "$(ls -A "$place/store/containers")$(ls -A "$place/store/names")$(ls -A "$place/state/.monitor")" ]
}
