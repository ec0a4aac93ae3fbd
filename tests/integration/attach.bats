# SPDX-License-Identifier: Apache-2.0
# Who is attached to a container in the background: attach, start -a, run with --detach-keys.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
setup() { detached_setup; }
teardown() { detached_teardown; }

quietly() { keep "$@" >/dev/null; }
make() { oak create --network none --cgroup-parent "/$group" "$@" >/dev/null; }
monitors() { pgrep -f "^oakum-monitor $1.*$place" || true; }
# on_terminal STEPS… -- COMMAND…: oakum on a terminal.
on_terminal() {
  local steps=()
  while [ "$1" != -- ]; do steps+=("$1"); shift; done
  shift
  "$BATS_TEST_DIRNAME/lib/on-terminal" "${steps[@]}" "${oakum[@]}" "$@"
}
# The terminal's size whenever it is another one.
sizes='exec 4<&0; while sleep 0.02; do n=$(stty size <&4); [ "$n" = "$o" ] || echo "size $n"; o=$n; done & '

@test "start -a: every byte from the first on, to the right stream, the exit code, and the log" {
  make --name a1 box sh -c 'echo out; echo err >&2; head -c 3000000 /dev/zero | tr "\0" x; exit 5'
  status=0; oak start -a a1 >"$place/out" 2>"$place/err" || status=$?
  [ $status -eq 5 ]
  [ "$(cat "$place/err")" = err ]
  { echo out; head -c 3000000 /dev/zero | tr '\0' x; } | cmp - "$place/out"
  [ "$(oak logs a1 2>/dev/null | head -n 1)" = out ]
  status=0; oak start -a a1 >/dev/null 2>&1 || status=$?
  [ $status -eq 5 ]
}

@test "start -a --rm: it is gone when oakum is" {
  make --name r1 --rm box sh -c 'exit 3'
  run -3 oak start -a r1
  [ -z "$(oak ps -aq)" ]
}

@test "start -a -i: what is piped in arrives whole, and its end too" {
  make --name p1 -i box sh -c 'wc -c; exit 4'
  status=0; head -c 5000000 /dev/zero | oak start -a -i p1 >"$place/out" || status=$?
  [ "$status $(cat "$place/out")" = '4 5000000' ]
  # Again: the next run's input is the next one's.
  status=0; echo 12345 | oak start -a -i p1 >"$place/out" || status=$?
  [ "$status $(cat "$place/out")" = '4 6' ]
}

@test "attach: all see what comes, the exit code is the container's, and one that goes is not missed" {
  quietly --name m1 box sh -c 'while [ ! -e /tmp/go ]; do sleep 0.05; done; seq 1 1000; sleep 0.3; exit 6'
  local n pids=() before
  before=$(ls "/proc/$(monitors scribe)/fd" | wc -l)
  for n in 1 2 3; do oak attach m1 >"$place/out$n" & pids+=($!); done
  "${oakum[@]}" attach m1 >"$place/out4" & local gone=$!
  wait_for 5 eval '[ "$(ls "/proc/$(monitors scribe)/fd" | wc -l)" -ge '$((4 + before))' ]'
  kill -KILL "$gone" && wait "$gone" || true
  oak exec m1 touch /tmp/go
  for n in 0 1 2; do status=0; wait "${pids[$n]}" || status=$?; [ $status -eq 6 ]; done
  for n in 1 2 3; do seq 1 1000 | cmp - "$place/out$n"; done
  [ "$(oak wait m1)" = 6 ]
}

@test "attach: run -d -i takes input from any of them, and keeps it open when they go" {
  quietly --name i1 -i box sh -c 'while read -r line; do echo "got $line"; [ "$line" != end ] || exit 3; done; exit 9'
  echo one | timeout -s KILL 1 "${oakum[@]}" attach i1 >/dev/null || true
  [ "$(state_of i1 Running)" = true ]
  (echo two; sleep 0.2; echo end) | { status=0; oak attach i1 >"$place/out" || status=$?; [ $status -eq 3 ]; }
  [ "$(cat "$place/out")" = $'got two\ngot end' ]
  [ "$(oak logs i1)" = $'got one\ngot two\ngot end' ]
  # --no-stdin types nothing.
  quietly --name i2 -i box sh -c 'read -r line; echo "got $line"'
  echo no | timeout -s KILL 1 "${oakum[@]}" attach --no-stdin i2 || true
  echo yes | oak attach i2
  [ "$(oak logs i2)" = 'got yes' ]
}

@test "a terminal: typed, resized, left by the keys, found again; its modes are as before" {
  quietly --name t1 -it box sh -c "$sizes"'while :; do read -r l && echo "[$l]"; [ "$l" != end ] || exit 7; done'
  run -0 on_terminal --size 30x90 --at 'size 30 90' 'send:hello\n' --at '[hello]' 'resize:31x91' --at 'size 31 91' 'send:\x10\x11' -- attach t1
  [[ $output == *'status=0 modes=same'* ]]
  [ "$(state_of t1 Running)" = true ]
  run -0 on_terminal --at 'size 24 80' 'send:x\n' --at '[x]' 'send:q' -- attach --detach-keys q t1
  [[ $output == *'status=0 modes=same'* ]]
  # A key that begins like the keys and is none is typed.
  run -0 on_terminal --size 26x100 --at 'size 26 100' 'send:ctrl-\x10y\n' --at 'y]' 'send:end\n' -- attach t1
  [[ $output == *'status=7 modes=same'* ]]
  [ "$(oak wait t1)" = 7 ]
}

@test "a terminal: restored when oakum is killed, and when the container is" {
  quietly --name k1 -it box sh -c 'echo ready; sleep 60; exit 1'
  local sig
  for sig in 9 15 1; do
    run -0 "$BATS_TEST_DIRNAME/lib/on-terminal" --at started kill:$sig sh -c 'echo started; exec "$@"' sh "${oakum[@]}" attach k1
    [[ $output == *"status=$((128 + sig)) modes=same"* ]]
  done
  [ "$(state_of k1 Running)" = true ]
  (sleep 0.5; oak kill k1 >/dev/null) &
  run -0 on_terminal -- attach k1
  [[ $output == *'status=137 modes=same'* ]]
}

@test "start -ai and run --detach-keys with a terminal begin with its size, and can be left" {
  make --name s1 -it box sh -c 'stty size; read -r l; echo "[$l]"; exit 8'
  run -0 on_terminal --size 12x34 --at '12 34' 'send:\x10\x11' -- start -ai s1
  [[ $output == *'status=0 modes=same'* ]]
  oak rm -f s1 >/dev/null
  run -0 on_terminal --size 12x34 --at '12 34' 'send:\x02d' -- run --name s2 -it --detach-keys ctrl-b,d --network none --cgroup-parent "/$group" box sh -c 'stty size; read -r l; exit 8'
  [[ $output == *'status=0 modes=same'* ]]
  [ "$(state_of s2 Running)" = true ]
  run -0 on_terminal --at '' 'send:x\n' -- attach s2
  [[ $output == *'status=8 modes=same'* ]]
}

@test "signals are passed on, but not with --sig-proxy=false and not with a terminal" {
  quietly --name g1 box sh -c 'trap "echo term; exit 5" TERM; trap "echo usr1" USR1; echo ready; while :; do sleep 0.05; done'
  wait_for 5 eval '[ "$(oak logs g1)" = ready ]'
  "${oakum[@]}" attach g1 >"$place/out" & local pid=$!
  sleep 0.5
  kill -USR1 $pid
  wait_for 5 eval 'grep -q usr1 "$place/out"'
  kill -TERM $pid
  status=0; wait $pid || status=$?
  [ $status -eq 5 ]
  [ "$(cat "$place/out")" = $'usr1\nterm' ]
  oak start g1 >/dev/null
  "${oakum[@]}" attach --sig-proxy=false g1 >/dev/null & pid=$!
  sleep 0.5
  kill -TERM $pid
  status=0; wait $pid || status=$?
  [ $status -eq 143 ]
  [ "$(state_of g1 Running)" = true ]
}

@test "run in the foreground with a monitor: --sig-proxy=false, --restart, --timeout" {
  run -5 oak run --rm --sig-proxy=false --network none --cgroup-parent "/$group" box sh -c 'echo hi; exit 5'
  [ "$output" = hi ]
  [ -z "$(oak ps -aq)" ]
  run -4 oak run --name f1 --restart on-failure:1 --network none --cgroup-parent "/$group" box sh -c 'exit 4'
  [ "$(oak wait f1)" = 4 ]
  [ "$(oak inspect f1 | jq '.[0].RestartCount')" = 1 ]
  run -137 oak run --name f2 --timeout 1 --network none --cgroup-parent "/$group" box sleep 60
  [ "$(state_of f2 TimedOut)" = true ]
  run -0 oak run --rm --sig-proxy=false --log-driver none --network none --cgroup-parent "/$group" box echo shown
  [ "$output" = shown ]
}

@test "who reads slowly, or not at all, holds up neither container nor log, and is told what is missing" {
  make --name w1 --log-opt max-size=-1 box sh -c 'i=0; while [ $i -lt 20 ]; do head -c 8000000 /dev/zero | tr "\0" x; echo; i=$((i+1)); done; exit 2'
  mkfifo "$place/fifo"
  exec 8<>"$place/fifo"
  "${oakum[@]}" start -a w1 >"$place/fifo" 2>"$place/err" & local pid=$!
  [ "$(timeout 60 "${oakum[@]}" wait w1)" = 2 ]
  [ "$(oak logs w1 | wc -c)" -eq 160000020 ]
  # It goes on with what it has; more than it could keep is missing, and said so.
  timeout 60 head -c 1000000 <"$place/fifo" >/dev/null
  kill -KILL $pid
  wait $pid || true
  exec 8<&-
  grep -q 'bytes of output are left out here' "$place/err"
}

@test "killed scribe: who is attached goes on and misses nothing" {
  quietly --name x1 box sh -c 'sleep 1; i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); [ $((i % 100)) -ne 0 ] || sleep 0.1; done; sleep 0.5; exit 7'
  oak attach x1 >"$place/out" 2>"$place/err" & local pid=$! n
  sleep 0.8
  for n in 1 2 3; do kill -KILL $(monitors scribe); sleep 0.6; done
  status=0; wait $pid || status=$?
  [ $status -eq 7 ]
  seq -f 'line %.0f' 0 2999 | cmp - "$place/out"
}

@test "killed monitor: who is attached brings a new one, and the container goes on" {
  quietly --name y1 -i box sh -c 'while read -r l; do echo "[$l]"; [ "$l" != end ] || exit 7; done; exit 9'
  (sleep 0.5; echo a; sleep 2.5; echo b; echo end; sleep 0.1) | oak attach y1 >"$place/out" 2>"$place/err" & local pid=$!
  wait_for 5 eval '[ "$(cat "$place/out")" = "[a]" ]'
  kill -KILL $(monitors keeper) $(monitors scribe)
  status=0; wait $pid || status=$?
  [ "$(cat "$place/out")" = $'[a]\n[b]\n[end]' ]
}

@test "attach: what cannot be attached to is said in one sentence" {
  make --name e1 box true
  run oak attach e1
  said 1 'is not running; start it first'
  run oak attach nosuch
  said 1 'there is no container "nosuch"'
  quietly --name e2 box sleep 60
  oak pause e2 >/dev/null
  run oak attach e2
  said 1 'is paused; unpause it first'
  oak unpause e2 >/dev/null
  for bad in x, ctrl-p,ctrl-Q ctrl- xy; do
    run oak attach --detach-keys "$bad" e2
    said 1 'is no key'
    one_error "$output"
  done
  quietly --name e3 -it box sleep 60
  run oak attach e3 </dev/null
  said 1 'the input device is none'
  "${oakum[@]}" run --name e4 --network none --cgroup-parent "/$group" box sleep 60 & local pid=$!
  wait_for 5 eval '[ "$(state_of e4 Running 2>/dev/null)" = true ]'
  run oak attach e4
  said 1 'runs in the foreground'
  kill -TERM $pid; oak rm -f e4 >/dev/null; wait $pid || true
}

@test "the socket is for its owner only, the scribe stays sealed, and who sends nonsense or descriptors gains nothing" {
  quietly --name z1 -i box sleep 60
  local socket scribe before
  socket=$(echo "$place"/state/.monitor/*/attach)
  [ "$(stat -c '%A %u' "$socket")" = "srw------- $(id -u)" ]
  [ "$(stat -c %a "$(dirname "$socket")")" = 700 ]
  scribe=$(monitors scribe)
  before=$(ls "/proc/$scribe/fd" | wc -l)
  python3 - "$socket" <<'P'
import array, os, socket, struct, sys
os.chdir(os.path.dirname(sys.argv[1]))  # a socket's path is short
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect('attach')
    return s
head = lambda word, sends=0, a=0, b=0: struct.pack('=HBBIQQ', ord(word), 0, sends, 0, a, b)
for nonsense in (b'x', b'\xff' * 24, head('H') + b'y' * 5000, head('Q'), head('S', 0, 2**64 - 1, 5), head('I') + b'z' * 4096):
    s = connect()
    s.send(nonsense)
    s.settimeout(0.2)
    try:
        s.recv(65536)
    except (TimeoutError, ConnectionResetError):
        pass
    s.close()
s = connect()
s.sendmsg([head('H', 1)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0, 1, 2]))])
assert s.recv(65536)[:1] == b'B'
many = [connect() for _ in range(15)]
full = connect()
assert full.recv(65536)[:1] == b'F', 'the seventeenth'
P
  [ "$(monitors scribe)" = "$scribe" ]
  wait_for 5 eval '[ "$(ls "/proc/$scribe/fd" | wc -l)" -eq "$before" ]'
  grep -q '^Seccomp:	2$' "/proc/$scribe/status"
}
