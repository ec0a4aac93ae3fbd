# SPDX-License-Identifier: Apache-2.0
# Detached containers that behave badly, and many at once: the monitor, its log and the host stay as they are.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
setup() { detached_setup; }
teardown() { detached_teardown; }

BATS_TEST_TIMEOUT=300
# memory_of_monitors: private KiB of all of them.
memory_of_monitors() {
  local pid kb=0 n
  for pid in $(monitors ''); do
    n=$(awk '/^Private_(Dirty|Clean)/ { n += $2 } END { print n + 0 }' "/proc/$pid/smaps_rollup")
    kb=$((kb + n))
  done
  echo $kb
}

@test "200 detached containers at once: each runs, each ends with its own code, nothing stays" {
  local n pids=() wrong=0
  for ((n = 0; n < 200; n++)); do
    keep --name "c$n" box sh -c "sleep 1; exit $((n % 100))" >/dev/null 2>"$place/err.$n" &
    pids+=($!)
  done
  wait "${pids[@]}"
  [ -z "$(cat "$place"/err.*)" ] || { cat "$place"/err.* | sort | uniq -c | head; false; }
  rm "$place"/err.*
  for ((n = 0; n < 200; n++)); do
    [ "$(oak wait "c$n")" = $((n % 100)) ] || wrong=$((wrong + 1))
  done
  [ $wrong -eq 0 ]
  oak ps -aq | xargs "${oakum[@]}" rm >/dev/null
  wait_for 5 no_monitor
  no_cgroup_left
  [ -z "$(ls -A "$place/store/containers")$(ls -A "$place/store/names")$(ls -A "$place/store/idmap" | grep -v lock)$(ls -A "$place/state/.monitor")" ]
}

@test "one that forks without end: held by its pids limit, stopped within its time, gone with all its children" {
  keep --name bomb --pids-limit 50 box sh -c 'b() { b | b & b; }; b' >/dev/null
  sleep 0.5
  [ "$(cat $(find /sys/fs/cgroup -path "*/$group/*" -name pids.current | head -n 1))" -le 50 ]
  oak run --rm --network none --cgroup-parent "/$group" box true
  oak stop -t 1 bomb >/dev/null
  oak rm -f bomb >/dev/null
  no_cgroup_left
}

@test "one that fills its tmpfs has an error, and the host has room" {
  keep --name full --tmpfs /data:size=2m box sh -c 'dd if=/dev/zero of=/data/f bs=1M count=8; echo "dd: $?"; stat -c %s /data/f' >/dev/null
  [ "$(oak wait full)" = 0 ]
  # Each stream in its own order; between them there is none.
  [[ $(oak logs full 2>&1 >/dev/null) == *'No space left on device'* ]]
  [ "$(oak logs full 2>/dev/null)" = $'dd: 1\n2097152' ]
  oak rm full >/dev/null
}

@test "one that ignores every signal that can be ignored: stop kills it when its time is over" {
  keep --name deaf box sh -c 'for s in $(seq 64); do trap "" $s; done 2>/dev/null; echo ready; while :; do sleep 0.1; done' >/dev/null
  wait_for 5 eval '[ "$(oak logs deaf)" = ready ]'
  local from=$SECONDS
  oak stop -t 1 deaf >/dev/null
  [ $((SECONDS - from)) -le 8 ]
  [ "$(oak wait deaf)" = 137 ]
  oak rm deaf >/dev/null
}

@test "a line that never ends: the monitor's memory stays, the log is no larger than asked, the last bytes are there" {
  keep --name endless --log-opt max-size=1m --log-opt max-file=2 box sh -c 'dd if=/dev/zero bs=1M count=300 2>/dev/null | tr "\0" x; echo; echo end' >/dev/null
  local most=0 now
  while [ "$(state_of endless Running)" = true ]; do
    now=$(memory_of_monitors 2>/dev/null) || now=0
    [ "$now" -le "$most" ] || most=$now
    sleep 0.05
  done
  echo "at most $most KiB"
  [ "$most" -gt 0 ] && [ "$most" -lt 1024 ]
  [ "$(oak wait endless)" = 0 ]
  [ "$(oak logs -n 1 endless)" = end ]
  [ "$(find "$place/store/containers" -name '*-json.log*' -printf '%s\n' | awk '{ n += $1 } END { print n }')" -le $((2 * 1024 * 1024 + 65536)) ]
  oak rm endless >/dev/null
}

@test "a tool in a pipeline: every byte and the exit code arrive, also of a tool that fails in the middle" {
  head -c 20000000 /dev/urandom >"$place/in"
  tar -C "$place" -c in | oak run -i --rm --network none --cgroup-parent "/$group" box sh -c 'tar -xO | gzip -1' | gzip -d | cmp - "$place/in"
  set -o pipefail
  run -0 bash -c 'set -o pipefail; head -c 5000000 "$1" | "${@:2}" | wc -c' - "$place/in" "${oakum[@]}" run -i --rm --network none --cgroup-parent "/$group" box cat
  [ "$output" = 5000000 ]
  run -9 bash -c 'set -o pipefail; head -c 5000000 "$1" | "${@:2}" | wc -c' - "$place/in" "${oakum[@]}" run -i --rm --network none --cgroup-parent "/$group" box sh -c 'head -c 1000; cat >/dev/null; exit 9'
  [ "$output" = 1000 ]
  # Who reads no further ends the tool, as it would end any program.
  run -0 bash -c '"$@" | head -c 10 | wc -c' - "${oakum[@]}" run --rm --network none --cgroup-parent "/$group" box sh -c 'yes 2>/dev/null'
  [ "$output" = 10 ]
  rm "$place/in"
  no_cgroup_left
}
