# SPDX-License-Identifier: Apache-2.0
# The log of a detached container: docker's json-file, rotated, whole; and `oakum logs`.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
setup() { detached_setup; }
teardown() { detached_teardown; }

quietly() { keep "$@" >/dev/null; }
log_of() { oak inspect "$1" | jq -r '.[0].LogPath'; }

@test "docker's json-file: stream, time in nanoseconds, escapes" {
  quietly --name f1 box sh -c 'printf "a<b>&\"\\\\\t\001\342\202\254\n"; echo err >&2'
  oak wait f1
  local log
  log=$(log_of f1)
  [[ $log == "$place"/store/containers/*/monitor/*-json.log ]]
  jq -es 'length == 2 and all(keys == ["log", "stream", "time"])
    and all(.time | test("^20[0-9-]+T[0-9:]+\\.[0-9]{9}Z$"))
    and (map(select(.stream == "stdout"))[0].log == "a<b>&\"\\\t\u0001€\n") and (map(select(.stream == "stderr"))[0].log == "err\n")' "$log"
  grep -q 'a\\u003cb\\u003e\\u0026\\"\\\\\\t\\u0001€\\n' "$log"
  [ "$(oak logs f1 2>/dev/null)" = "$(printf 'a<b>&"\\\t\001\342\202\254')" ]
  [ "$(oak logs f1 2>&1 >/dev/null)" = err ]
}

@test "long lines come in parts of 16 KiB, and no byte is changed" {
  quietly --name p1 box sh -c 'head -c 40000 /dev/zero | tr "\0" x; echo; head -c 16384 /dev/zero | tr "\0" y; echo; printf "no line feed"'
  oak wait p1
  jq -es 'map(.log | length) == [16384, 16384, 7233, 16385, 13]' "$(log_of p1)"
  oak logs p1 >"$place/out"
  { head -c 40000 /dev/zero | tr '\0' x; echo; head -c 16384 /dev/zero | tr '\0' y; echo; echo 'no line feed'; } | cmp - "$place/out"
}

@test "binary bytes come out as they went in" {
  head -c 300000 /dev/urandom >"$place/random"
  printf '\n' >>"$place/random"
  quietly --name b1 -v "$place/random:/random" box cat /random
  oak wait b1
  jq -es 'all(.log | type == "string")' "$(log_of b1)"
  oak logs b1 | cmp - "$place/random"
}

@test "rotation: no file larger than asked, the oldest goes, no line is cut or lost" {
  quietly --name r1 --log-opt max-size=20k --log-opt max-file=4 box sh -c 'i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done'
  oak wait r1
  local dir last
  dir=$(dirname "$(log_of r1)")
  [ "$(find "$dir" -name '*-json.log*' | wc -l)" -eq 4 ]
  [ -z "$(find "$dir" -name '*-json.log*' -size +20k)" ]
  oak logs r1 >"$place/out"
  last=$(head -n 1 "$place/out")
  [ "$(wc -l <"$place/out")" -gt 500 ]
  seq -f 'line %.0f' "${last#line }" 4999 | cmp - "$place/out"
  quietly --name r2 --log-opt max-size=20k --log-opt max-file=1 box sh -c 'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done'
  oak wait r2
  [ "$(oak logs r2 | tail -n 1)" = 'line 2999' ]
  [ "$(find "$(dirname "$(log_of r2)")" -name '*-json.log*' | wc -l)" -eq 1 ]
}

@test "logs: tail, since, until, timestamps, details, several containers" {
  quietly --name t1 --log-opt tag=web box sh -c 'echo one; sleep 1.2; echo two; echo three'
  oak wait t1
  [ "$(oak logs --tail 2 t1)" = $'two\nthree' ]
  [ -z "$(oak logs -n 0 t1)" ]
  [ "$(oak logs --tail all t1 | wc -l)" -eq 3 ]
  [[ $(oak logs -t t1 | head -n 1) =~ ^20[0-9T:.-]+Z\ one$ ]]
  local middle
  middle=$(oak logs -t --tail 2 t1 | head -n 1 | cut -d' ' -f1)
  [ "$(oak logs --since "$middle" t1)" = $'two\nthree' ]
  [ "$(oak logs --until "$(date -u -d "$middle - 0.5 sec" +%FT%T.%NZ)" t1)" = one ]
  [ "$(oak logs --since 10m t1 | wc -l)" -eq 3 ]
  [ -z "$(oak logs --until 10m t1)" ]
  [ "$(oak logs --details --tail 1 t1)" = 'tag=web three' ]
  quietly --name t2 box echo other
  oak wait t2
  run -0 oak logs t1 t2
  said 0 't1 | one' 't2 | other'
  run oak logs --since yesterday t1
  said 1 'is no time such as'
  run oak logs nosuch
  said 1 'there is no container'
}

@test "logs -f: from the beginning, over rotations, until the container ends" {
  quietly --name f1 --log-opt max-size=10k --log-opt max-file=100 box sh -c 'i=0; while [ $i -lt 6000 ]; do echo "line $i"; i=$((i+1)); [ $((i % 500)) -ne 0 ] || sleep 0.1; done'
  timeout 30 "${oakum[@]}" logs -f f1 >"$place/out"
  seq -f 'line %.0f' 0 5999 | cmp - "$place/out"
  quietly --name f2 box sh -c 'sleep 0.3; echo late; sleep 0.3'
  [ "$(timeout 20 "${oakum[@]}" logs -f f2)" = late ]
  quietly --name f3 box sleep 60
  (sleep 0.5; oak rm -f f3 >/dev/null) &
  timeout 20 "${oakum[@]}" logs -f f3
  [ "$(timeout 20 "${oakum[@]}" logs -f f1 f2 | sort | tail -n 1)" = 'f2 | late' ]
}

@test "what drives a terminal is shown, not done" {
  quietly --name c1 box sh -c 'printf "\033[31mred\033]0;title\007\ttab\r\n"'
  oak wait c1
  run -0 script -qec "'$bin/oakum' --root '$place/store' --state '$place/state' logs c1" /dev/null
  [[ $output == *'\x1b[31mred\x1b]0;title\x07'* ]]
  [[ $output != *$'\e'* && $output != *$'\a'* ]]
  # A file gets the bytes.
  oak logs c1 | cmp - <(printf '\033[31mred\033]0;title\007\ttab\r\n')
}

@test "--log-driver none, and containers without a log" {
  quietly --name n1 --log-driver none box sh -c 'echo nothing; exit 3'
  [ "$(oak wait n1)" = 3 ]
  run oak logs n1
  said 1 '--log-driver none'
  run oak run -d --log-driver fluentd box true
  said 125 'json-file, journald, syslog or none'
  for bad in max-size=x max-file=0 compress=maybe mode=sometimes max-buffer-size=1m max-buffer-size=x 'tag={{.Nothing}}' syslog-facility=daemon syslog-facility=cellar; do
    run oak run -d --network none --log-opt "$bad" box true
    said 125
    one_error "$output"
  done
}

@test "a full disk: the container lives, the loss is counted and told" {
  oak create --name d1 --log-opt max-size=-1 --network none --cgroup-parent "/$group" box sh -c \
    'i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done; sleep 2; echo after; exit 5' >/dev/null
  local dir
  dir=$(echo "$place"/store/containers/*)/monitor
  mkdir -m 700 "$dir"
  mount -t tmpfs -o size=128k tmpfs "$dir"
  head -c 60000 /dev/zero >"$dir/filler"
  oak start d1 >/dev/null
  sleep 1
  rm "$dir/filler"
  run -0 oak wait d1
  oak logs d1 >"$place/out" 2>"$place/err" || true
  local lost
  lost=$(oak inspect d1 | jq '.[0].Log.LostLines')
  umount "$dir"
  [ "$output" = 5 ]
  [ "$lost" -gt 0 ]
  [ "$(tail -n 1 "$place/out")" = after ]
  # Told at each place where some are missing.
  [ "$(sed -n 's/^oakum: \([0-9]*\) lines are missing here, the disk was full$/\1/p' "$place/err" | awk '{ n += $1 } END { print n + 0 }')" -eq "$lost" ]
  [ "$(wc -l <"$place/out")" -eq $((5001 - lost)) ]
}

@test "a container that closes its output, one that writes a line without an end, one that nobody reads" {
  quietly --name h1 box sh -c 'exec >&- 2>&-; sleep 0.3; exit 4'
  [ "$(oak wait h1)" = 4 ]
  quietly --name h2 --log-opt max-size=1m box sh -c 'head -c 50000000 /dev/zero; exit 6'
  [ "$(oak wait h2)" = 6 ]
  [ "$(du -sk "$(dirname "$(log_of h2)")" | cut -f1)" -lt 3500 ]
}
