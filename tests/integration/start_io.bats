# SPDX-License-Identifier: Apache-2.0
# How a container ends and what passes through: exit statuses, standard streams, terminals, signals, zombies.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() { start_teardown; }

terminal() { "$BATS_TEST_DIRNAME/lib/on-terminal" "$@"; }

@test "every exit status from 0 to 255 comes out" {
  make_image
  for ((i = 0; i < 256; i++)); do
    status=0
    oak_run box sh -c "exit $i" || status=$?
    [ $status -eq $i ] || { echo "$status, not $i"; false; }
  done
}

@test "every exit status comes out of the runtime" {
  for i in 0 1 2 77 124 125 126 127 128 129 200 254 255; do
    script="exit $i" make_bundle "$place/bundle"
    status=0
    rt run --bundle "$place/bundle" code || status=$?
    [ $status -eq $i ] || { echo "$status, not $i"; false; }
  done
}

@test "a program that a signal ended gives 128+n" {
  make_image
  for signal in HUP:129 INT:130 ABRT:134 KILL:137 SEGV:139 PIPE:141 TERM:143; do
    status=0
    env --default-signal "${oakum_run[@]}" --init box sh -c "kill -${signal%:*} \$\$" || status=$?
    [ $status -eq "${signal#*:}" ] || { echo "$signal: $status"; false; }
  done
}

@test "oakum kill from outside gives 137" {
  make_image
  oak_run --name victim box sleep 60 &
  wait_for 10 oak exec victim true
  oak kill victim
  status=0
  wait $! || status=$?
  [ $status -eq 137 ]
}

@test "125: oakum failed, 126: not executable, 127: not found; each in one line" {
  make_image
  run oak_run --no-such-flag box true
  said 125 no-such-flag
  run oak_run no-such-image true
  said 125 no-such-image
  one_error "$output"
  run oak_run --memory 1 box true
  said 125
  for not_executable in /etc/passwd /etc; do
    run oak_run box $not_executable
    said 126 $not_executable
    one_error "$output"
  done
  for not_there in /bin/nothing nothing ./nothing; do
    run -127 oak_run box $not_there
    said 127 nothing
    one_error "$output"
  done
  for fd in {3..25}; do
    run oak_run --workdir /proc/self/fd/$fd box true
    [ "$status" -ge 125 ]
    one_error "$output"
  done
}

@test "standard input and output pass untouched: all bytes, 10 MB, in both directions" {
  make_image
  head -c 10000000 /dev/urandom >"$place/random"
  for ((i = 0; i < 256; i++)); do
    printf "\\x$(printf %02x $i)"
  done >"$place/bytes"
  for file in random bytes; do
    want=$(sha256sum <"$place/$file")
    [ "$(oak_run -i box cat <"$place/$file" | sha256sum)" = "$want" ]
    [ "$(cat "$place/$file" | oak_run -i box sha256sum)" = "$want" ]
    [ "$(oak_run -i box sh -c 'cat >&2' <"$place/$file" 2>&1 >/dev/null | sha256sum)" = "$want" ]
  done
  script=cat make_bundle "$place/bundle"
  [ "$(rt run --bundle "$place/bundle" cat <"$place/random" | sha256sum)" = "$(sha256sum <"$place/random")" ]
}

@test "without -i the program reads nothing" {
  make_image
  [ -z "$(echo secret | oak_run box cat)" ]
}

@test "a reader that goes away ends the writer" {
  make_image
  run timeout 20 bash -c 'set -o pipefail; "$@" | head -c 1000 | wc -c' bash "${oakum_run[@]}" --init box yes
  said 141 1000
}

@test "no descriptor of ours or of the caller reaches the program" {
  make_image
  canary_make "$place/canary"
  script='ls /proc/self/fd' make_bundle "$place/bundle"
  (
    for fd in {3..20}; do
      eval "exec $fd<$place/canary/dir"
    done
    oak_run box ls /proc/self/fd
    rt run --bundle "$place/bundle" fds
  ) >"$place/fds" </dev/null
  [ "$(tr '\n' ' ' <"$place/fds")" = '0 1 2 3 0 1 2 3 ' ] || { cat "$place/fds"; false; } # 3 is ls's own
}

@test "-t gives a terminal of the right size, and follows it" {
  make_image
  run terminal --size 33x99 --at ready resize:40x120 "${oakum_run[@]}" -it box sh -c 'stty size; tty; test -t 0 && test -t 1 && test -t 2 && echo all; trap "stty size; exit 5" WINCH
      echo ready; while :; do sleep 0.02; done'
  said 0 '33 99' /dev/pts/0 all '40 120' 'status=5 modes=same'
}

@test "the terminal has its size before the program begins" {
  make_image
  script='stty size' make_bundle "$place/bundle" '.process.terminal = true'
  for ((i = 0; i < 30; i++)); do
    run terminal --size 31x97 "$runtime" --root "$place/rt" run --bundle "$place/bundle" size
    said 0 '31 97' status=0
    run terminal --size 31x97 "${oakum_run[@]}" -it box stty size
    said 0 '31 97' status=0
  done
}

@test "-t: what is typed arrives, Ctrl-C is a signal inside, Ctrl-D an end" {
  make_image
  command=("${oakum_run[@]}" -it box)
  run terminal --at ready 'send:hello\n' "${command[@]}" sh -c 'echo ready; read -r x; echo "[$x]"; exit 4'
  said 0 '[hello]' 'status=4 modes=same'
  run terminal --at ready 'send:\x03' "${command[@]}" sh -c 'trap "echo interrupted; exit 6" INT; echo ready; while :; do sleep 0.02; done'
  said 0 interrupted 'status=6 modes=same'
  run terminal --at ready 'send:\x04' "${command[@]}" sh -c 'echo ready; cat; echo ended'
  said 0 ended 'status=0 modes=same'
}

@test "-t: large output arrives whole" {
  make_image
  terminal "${oakum_run[@]}" -t box \
    seq 1 50000 >"$place/out"
  [ "$(grep -c '^[0-9][0-9]*$' "$place/out")" -eq 50000 ]
  [ "$(grep '^[0-9][0-9]*$' "$place/out" | sha256sum)" = "$(seq 1 50000 | sha256sum)" ]
}

@test "-t: what a slow reader has not taken yet when the program ends is not lost" {
  make_image
  # A pipe holds 64 KiB; what is beyond is with oakum and in the terminal when the program ends.
  for size in 60000 66000 70000 75000 80000 90000 200000; do
    got=$(oak_run -t box sh -c "head -c $size /dev/zero | tr '\\0' x" </dev/null | { sleep 0.5; wc -c; })
    [ "$got" -eq $size ] || { echo "$got of $size bytes"; false; }
  done
}

@test "-t: the terminal's modes come back when oakum is killed" {
  make_image
  for signal in 9 15 11; do
    run terminal --at ready kill:$signal "${oakum_run[@]}" -it --name victim box sh -c 'echo ready; exec sleep 2'
    said 0 'modes=same'
    oak rm -f victim >/dev/null 2>&1 || true
  done
}

@test "-t without a terminal: an error, or a terminal inside all the same; never a hang" {
  make_image
  run timeout 10 "${oakum_run[@]}" -it box true </dev/null
  [ "$status" -ne 124 ]
  no_cgroup_left
}

@test "/dev/stdout and /dev/stderr can be opened anew, where they are pipes" {
  make_image
  for user in 0 1000 65532; do
    for namespace in private host; do
      [[ "$(oak_run --userns $namespace --user $user box sh -c 'echo one >/dev/stdout; echo two >/dev/stderr; echo three >/proc/self/fd/1' 2>&1 | cat)" = *$'one\ntwo\nthree' ]]
    done
  done
  oak run -d --name held box sleep 60
  for user in 0 1000; do
    [ "$(oak exec --user $user held sh -c 'echo one >/dev/stdout; echo two >/dev/stderr' 2>&1 | cat)" = $'one\ntwo' ]
  done
  oak rm -f held
  # A pipe with a name is somebody's file.
  mkfifo "$place/named"
  cat "$place/named" >"$place/out" &
  oak_run --user 1000 box sh -c 'echo direct; echo anew >/dev/stdout' >"$place/named" 2>/dev/null || true
  wait $!
  [ "$(cat "$place/out")" = direct ] && [ "$(stat -c %u "$place/named")" = 0 ]
}

@test "signals are forwarded" {
  make_image
  for signal in HUP INT QUIT TERM USR1 USR2; do
    : >"$place/out" # here: the background may be late to do it, and the last round's "ready" be taken for this one's
    env --default-signal=INT,QUIT "${oakum_run[@]}" box \
      sh -c "trap 'echo got $signal; exit 7' $signal; echo ready; while :; do sleep 0.02; done" >"$place/out" &
    wait_for 10 grep -q ready "$place/out"
    kill -$signal $!
    status=0
    wait $! || status=$?
    [ $status -eq 7 ] && grep -q "got $signal" "$place/out" || { echo "$signal: $status"; cat "$place/out"; false; }
  done
}

@test "--init reaps zombies and passes signals and statuses on" {
  make_image
  run oak_run --init box sh -c 'for i in 1 2 3 4 5 6 7 8; do sh -c "sleep 0.1 &"; done; sleep 0.6
    grep -l "^State:.Z" /proc/[0-9]*/status | wc -l; exit 9'
  [ "$status" -eq 9 ] && [ "$output" = 0 ] || { echo "$status: $output"; false; }
}

@test "oakum stop: the stop signal, then SIGKILL" {
  make_image
  oak_run --name polite box sh -c 'trap "exit 3" TERM; while :; do sleep 0.02; done' &
  wait_for 10 oak exec polite true
  sleep 0.2
  oak stop polite
  status=0
  wait $! || status=$?
  [ $status -eq 3 ]
  oak_run --name deaf box sh -c 'trap "" TERM; while :; do sleep 0.02; done' &
  wait_for 10 oak exec deaf true
  oak stop --time 1 deaf || oak stop -t 1 deaf
  status=0
  wait $! || status=$?
  [ $status -eq 137 ]
}
