# SPDX-License-Identifier: Apache-2.0
# The runner decides what passed: each way to look like a pass without being one has a test here.
bats_require_minimum_version 1.5.0
load helper

tap() { run "$tools/tap-run" --tally "$BATS_TEST_TMPDIR/tally" "$@"; }
says() { printf '%s\n' "$@"; }
tally() { [ "$(cat "$BATS_TEST_TMPDIR/tally")" = "$1" ] || { echo "$output"; cat "$BATS_TEST_TMPDIR/tally"; return 1; }; }

@test "passes, and skips with their reasons" {
  tap name printf '%s\n' 1..3 'ok 1 - one' 'ok 2 two # skip no network here' 'ok 3 three'
  [ "$status" -eq 0 ]
  tally '2 0 1 name'
  [[ "$output" == *'skipped: two: no network here'* ]]
}

@test "cmocka's skip is a skip, its reason what the test said" {
  tap name printf '%s\n' 1..2 'ok 1 - one' 'no overlay here' 'not ok 2 # SKIP two'
  [ "$status" -eq 0 ]
  tally '1 0 1 name'
  [[ "$output" == *'skipped: two: no overlay here'* ]]
}

@test "a failed test fails, with what it said" {
  tap name printf '%s\n' 1..2 'not ok 1 - one' '# 0x1 != 0x2' 'ok 2 - two'
  [ "$status" -eq 1 ]
  tally '1 1 0 name'
  [[ "$output" == *'failed: one'*'0x1 != 0x2'* ]]
}

@test "a crash fails" {
  tap name sh -c 'echo 1..1; echo ok 1 - one; kill -SEGV $$'
  [ "$status" -eq 1 ]
  tally '1 1 0 name'
  [[ "$output" == *'ended by SIGSEGV'* ]]
}

@test "an exit status fails though every test passed" {
  tap name sh -c 'echo 1..1; echo ok 1 - one; echo leak of 3 bytes; exit 23'
  [ "$status" -eq 1 ]
  [[ "$output" == *'exit status 23'*'leak of 3 bytes'* ]]
}

@test "fewer tests than planned fail, and none at all" {
  tap name printf '%s\n' 1..2 'ok 1 - one'
  [ "$status" -eq 1 ]
  [[ "$output" == *'2 tests planned, 1 seen'* ]]
  tap none true
  [ "$status" -eq 1 ]
  [[ "$output" == *'no test at all'* ]]
}

@test "a time-out fails" {
  tap --timeout 0.5 name sh -c 'echo 1..1; echo ok 1 - one; sleep 60'
  [ "$status" -eq 1 ]
  [[ "$output" == *'not finished after 0.5 s'* ]]
}

@test "a process that outlives the program fails, and is ended" {
  tap name sh -c 'sleep 61.5 & echo 1..1; echo ok 1 - one'
  [ "$status" -eq 1 ]
  [[ "$output" == *'processes outlived it'*'sleep 61.5'* ]]
  ! pgrep -f 'sleep 61\.5'
}

@test "ended itself, it ends the program first" {
  "$tools/tap-run" name sh -c 'trap "sleep 0.3; echo swept >$0; exit" TERM; sleep 62.5 & wait' "$BATS_TEST_TMPDIR/swept" 3>&- &
  local pid=$! status=0
  sleep 0.7
  kill $pid
  wait $pid || status=$?
  [ $status -eq 143 ]
  [ -e "$BATS_TEST_TMPDIR/swept" ]
  run ! pgrep -f 'sleep 62\.5'
}

@test "one command counts as one test" {
  tap --one good true
  [ "$status" -eq 0 ]
  tap --one bad sh -c 'echo why; exit 3'
  [ "$status" -eq 1 ]
  [[ "$output" == *why* ]]
  tally $'1 0 0 good\n0 1 0 bad'
}
