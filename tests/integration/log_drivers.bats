# SPDX-License-Identifier: Apache-2.0
# Logs that others keep: journald and syslog, both played by a small program in a mount namespace of the test's (the real journald is in
# tests/vm/services-test); what happens when they do not read, go away and come back; and what each line has beside it.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
setup() {
  detached_setup
  listener=''
  mkdir "$place/dev" "$place/journal"
  # The namespace is held by a process that sleeps.
  unshare -m --propagation private sh -c '
    mount -t tmpfs -o mode=755 none /run
    mkdir -p /run/systemd/journal
    mount --bind "$1/journal" /run/systemd/journal
    mount -t tmpfs -o mode=755 none "$1/dev"
    for n in null zero full random urandom tty; do : >"$1/dev/$n"; mount --bind "/dev/$n" "$1/dev/$n"; done
    mkdir "$1/dev/pts" "$1/dev/shm" "$1/dev/mqueue"
    mount --rbind /dev/pts "$1/dev/pts"
    ln -s pts/ptmx "$1/dev/ptmx"; ln -s /proc/self/fd "$1/dev/fd"
    mount --rbind "$1/dev" /dev
    : >"$1/ready"
    exec sleep 600' sh "$place" >/dev/null 2>&1 3>&- &
  space=$!
  wait_for 5 [ -e "$place/ready" ]
}
teardown() {
  [ -z "${listener:-}" ] || { kill -KILL "$listener"; wait "$listener"; } 2>/dev/null || true
  detached_teardown
  [ -z "${space:-}" ] || kill "$space" 2>/dev/null || true
}
inside() { nsenter -t "$space" -m "$@"; }
# keep, in there.
send() { inside "${oakum[@]}" run -d --network none --cgroup-parent "/$group" "$@"; }

# listen KIND: journald or syslog; a line of JSON for each datagram into $place/heard.
listen() {
  local path=/dev/log
  [ "$1" = syslog ] || path=/run/systemd/journal/socket
  # Executed by the shell in the background itself: its process is the one that is stopped and killed.
  nsenter -t "$space" -m python3 - "$path" "$1" >>"$place/heard" 3>&- <<'PY' &
import json, os, socket, struct, sys
path, kind = sys.argv[1:]
try: os.unlink(path)
except FileNotFoundError: pass
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
print('{"listening": true}', flush=True)
while True:
    data, fields = s.recv(1 << 20), {}
    if kind == 'syslog':
        fields = {'MESSAGE': data.decode('latin-1')}
    while kind == 'journald' and data:
        line, _, data = data.partition(b'\n')
        name, eq, value = line.partition(b'=')
        if not eq:
            n, = struct.unpack('<Q', data[:8])
            assert data[8 + n:9 + n] == b'\n', 'no line feed behind the value'
            value, data = data[8:8 + n], data[9 + n:]
        fields.setdefault(name.decode('ascii'), value.decode('latin-1'))
    print(json.dumps(fields), flush=True)
PY
  listener=$!
  wait_for 5 eval '[ "$(grep -c listening "$place/heard")" -ge '"${2:-1}"' ]'
}
# field NAME: of every datagram that has it.
field() { jq -r --arg n "$1" 'select(has($n)) | .[$n]' "$place/heard"; }
heard_last() { field MESSAGE | grep -q "$1"; }

@test "journald: a datagram a line, its fields as docker's; bytes as they are; no line brings a field of its own" {
  listen journald
  id=$(send --name j1 -l team=ship -l other=x -e STAGE=dock --log-driver journald --log-opt 'tag={{.Name}}/{{.ID}}' --log-opt labels=team,none --log-opt env=STAGE box sh -c '
    echo "one PRIORITY=0"; echo two >&2; printf "\377\000\033[31m\tx\n"; printf "MESSAGE\n_UID=0\n"; printf "no line feed"')
  oak wait j1 >/dev/null
  wait_for 5 heard_last 'no line feed'
  jq -sc '.[1] | [.MESSAGE, .PRIORITY, .CONTAINER_NAME, .CONTAINER_ID, .CONTAINER_ID_FULL, .CONTAINER_TAG, .SYSLOG_IDENTIFIER, .IMAGE_NAME, .TEAM, .STAGE, .OTHER, .CONTAINER_PARTIAL_MESSAGE]' "$place/heard" >"$place/first"
  [ "$(cat "$place/first")" = "[\"one PRIORITY=0\",\"6\",\"j1\",\"${id:0:12}\",\"$id\",\"j1/${id:0:12}\",\"j1/${id:0:12}\",\"box:latest\",\"ship\",\"dock\",null,null]" ] || { cat "$place/first"; false; }
  [ "$(jq -r 'select(.MESSAGE == "two") | .PRIORITY' "$place/heard")" = 3 ]
  grep -qF '"MESSAGE": "\u00ff\u0000\u001b[31m\tx"' "$place/heard"
  [ "$(field _UID)" = '' ]
  [ "$(field MESSAGE | grep -cx '_UID=0')" = 1 ]
  run oak logs j1
  said 1 "journalctl CONTAINER_ID_FULL=$id"
  [ "$(oak inspect j1 | jq -r '.[0].Log.Driver')" = journald ]
  [ -z "$(find "$place/store/containers/$id" -name '*json.log*')" ]
}

@test "journald: a long line comes in parts, and a default tag is the id" {
  listen journald
  id=$(send --name j2 --log-driver journald box sh -c 'head -c 40000 /dev/zero | tr "\0" x; echo; echo end')
  oak wait j2 >/dev/null
  wait_for 5 heard_last end
  [ "$(jq -r 'select(.MESSAGE) | "\(.MESSAGE | length) \(.CONTAINER_PARTIAL_MESSAGE)"' "$place/heard" | tr '\n' ,)" = '16384 true,16384 true,7232 null,3 null,' ]
  [ "$(field CONTAINER_TAG | sort -u)" = "${id:0:12}" ]
}

@test "syslog: priority, tag, process; a facility" {
  listen syslog
  send --name s1 --log-driver syslog --log-opt tag=web --log-opt syslog-facility=local3 box sh -c 'echo out; echo err >&2; sleep 1' >/dev/null
  pid=$(state_of s1 Pid)
  oak wait s1 >/dev/null
  wait_for 5 heard_last err
  [ "$(field MESSAGE | sort)" = "<155>web[$pid]: err
<158>web[$pid]: out" ]
  run oak logs s1
  said 1 'does not support reading'
}

@test "nobody listens: an error before the start, and nothing is left" {
  run send --name n1 --log-driver journald box true
  said 125 'nobody takes a log at /run/systemd/journal/socket'
  run send --name n1 --log-driver syslog box true
  said 125 'nobody takes a log at /dev/log'
  [ -z "$(oak ps -aq)" ]
  for bad in '--log-driver journald --log-opt max-size=1m' '--log-driver syslog --log-opt max-file=2' '--log-driver journald --log-opt syslog-facility=user'; do
    # shellcheck disable=SC2086 # words
    run oak run -d --network none $bad box true
    said 125
    one_error "$output"
  done
}

# A listener that does not read: more than its queue and the buffers take.
writer='i=0; while [ $i -lt 60000 ]; do echo "line $i with some more text, so that there is something to keep"; i=$((i+1)); done; echo >/out/done; sleep 60'

@test "mode=blocking: who keeps the log does not read: the container waits, and no line is lost" {
  listen journald
  kill -STOP "$listener"
  mkdir "$place/out"
  send --name b1 --user 0 --userns host -v "$place/out:/out:rw" --log-driver journald box sh -c "$writer" >/dev/null
  sleep 4
  [ ! -e "$place/out/done" ]
  [ "$(state_of b1 Status)" = running ]
  kill -CONT "$listener"
  wait_for 60 [ -e "$place/out/done" ]
  wait_for 30 heard_last 'line 59999 '
  field MESSAGE | cut -d' ' -f2 | cmp - <(seq 0 59999)
  rm -r "$place/out"
}

@test "mode=non-blocking: the container never waits; the oldest lines go, and their number is told" {
  listen journald
  kill -STOP "$listener"
  mkdir "$place/out"
  send --name b2 --user 0 --userns host -v "$place/out:/out:rw" --log-driver journald --log-opt mode=non-blocking --log-opt max-buffer-size=64k box sh -c "$writer" >/dev/null
  wait_for 60 [ -e "$place/out/done" ]
  kill -CONT "$listener"
  wait_for 30 heard_last 'line 59999 '
  wait_for 5 heard_last 'lines are missing here, they were not taken in time'
  told=$(field MESSAGE | sed -n 's/oakum: \([0-9]*\) lines are missing.*/\1/p' | awk '{ n += $1 } END { print n }')
  [ $((told + $(field MESSAGE | grep -c '^line '))) -eq 60000 ]
  field MESSAGE | sed -n 's/^line \([0-9]*\) .*/\1/p' | sort -nc
  oak kill b2 >/dev/null
  oak wait b2 >/dev/null
  [ "$(oak inspect b2 | jq '.[0].Log.LostLines')" = "$told" ]
  rm -r "$place/out"
}

@test "who keeps the log is started again: what is written meanwhile arrives" {
  listen syslog
  send --name a1 --log-driver syslog box sh -c 'i=0; while [ $i -lt 400 ]; do echo "line $i."; i=$((i+1)); sleep 0.02; done' >/dev/null
  wait_for 5 heard_last 'line 20\.'
  kill -KILL "$listener"
  wait "$listener" || true
  sleep 1
  listen syslog 2
  oak wait a1 >/dev/null
  wait_for 10 heard_last 'line 399\.'
  # What was in the dead one's queue is gone with it (max_dgram_qlen + 1 datagrams at the most); what came meanwhile is not.
  field MESSAGE | sed 's/.*line //' >"$place/lines"
  sort -c -n "$place/lines"
  [ "$(wc -l <"$place/lines")" -ge $((399 - $(cat /proc/sys/net/unix/max_dgram_qlen))) ]
  comm -13 <(sort "$place/lines") <(seq -f '%g.' 0 399 | sort) | sort -n >"$place/gone"
  [ ! -s "$place/gone" ] || [ $(($(tail -n 1 "$place/gone" | tr -d .) - $(head -n 1 "$place/gone" | tr -d .))) -lt "$(cat /proc/sys/net/unix/max_dgram_qlen)" ]
}

@test "a scribe that is killed loses no line" {
  listen journald
  send --name k1 --log-driver journald box sh -c 'i=0; while [ $i -lt 300 ]; do echo "line $i."; i=$((i+1)); sleep 0.01; done' >/dev/null
  for _ in 1 2 3; do
    sleep 0.7
    monitors scribe | xargs -r kill -KILL
  done
  oak wait k1 >/dev/null
  wait_for 5 heard_last 'line 299\.'
  # One may come twice: nobody can be asked whether it was taken.
  field MESSAGE | uniq | sed 's/line //' | cmp - <(seq -f '%g.' 0 299)
  [ "$(field MESSAGE | wc -l)" -le 303 ]
}

@test "json-file: labels and environment beside the tag, as docker's readers know them" {
  keep --name f1 -l team=ship -e STAGE=dock --log-opt labels=team --log-opt env=STAGE,NONE --log-opt 'tag={{.ImageName}}|{{.Name}}' --log-opt mode=non-blocking box echo hello >/dev/null
  oak wait f1 >/dev/null
  run -0 oak logs --details f1
  [ "$output" = 'tag=box:latest|f1,team=ship,STAGE=dock hello' ]
  jq -e '.attrs == {tag: "box:latest|f1", team: "ship", STAGE: "dock"}' "$(find "$place/store" -name '*json.log')" >/dev/null
}
