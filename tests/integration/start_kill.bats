# SPDX-License-Identifier: Apache-2.0
# A program of ours is killed, or interrupted, at any point of a start: what is half-made can be listed and removed, and the
# host is as it was.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() { start_teardown; }

strike() { "$helpers/strike" "$@" 2>/dev/null; }
# A point within the first 6 ms, 12 every now and then.
point() { echo $((RANDOM % (RANDOM % 8 ? 6000 : 12000))); }

@test "SIGKILL of oakum run at 100 points: always clean after oakum rm" {
  make_image
  oak_run box true
  mark
  listed=0
  for ((i = 0; i < 100; i++)); do
    program=(true)
    [ $((i % 2)) -eq 0 ] || program=(sleep 60)
    at=$(point)
    strike 9 "$at" "${oakum_run[@]}" --name "victim$i" box "${program[@]}" >/dev/null
    ids=$(oak ps -aq) || { echo "ps fails after $at µs"; false; }
    if [ -n "$ids" ]; then
      listed=$((listed + 1))
      oak rm -f "$ids" >/dev/null || { echo "rm fails after $at µs"; false; }
    fi
    no_cgroup_left || { echo "after $at µs"; oak ps -a; false; }
    oak_run --name "victim$i" box true || { echo "the name is not free after $at µs"; false; }
  done
  echo "# $listed of 100 were listed" >&3
  [ -z "$(oak ps -aq)" ]
  nothing_left
}

@test "SIGKILL of oakum rm: whatever ps names can be removed by its name, the rest by its id" {
  local i id name
  make_image
  oak_run box true
  mark
  for ((i = 0; i < 60; i++)); do
    oak_run --name "victim$i" box true
    strike 9 "$((RANDOM % 1500))" "${oakum[@]}" rm "victim$i" >/dev/null
    while read -r id name; do
      oak rm "${name:-$id}" >/dev/null || { echo "$id \"$name\" cannot be removed"; false; }
    done < <(oak ps -a --no-trunc --format '{{.ID}} {{.Names}}')
    [ -z "$(oak ps -aq)" ]
    oak_run --rm --name "victim$i" box true
  done
  nothing_left
}

@test "SIGKILL of oakum while the container runs ends the container" {
  make_image
  "${oakum[@]}" run --network none --cgroup-parent "/$group" --name victim box sleep 60 &
  wait_for 10 oak exec victim true
  mark
  kill -KILL $!
  wait $! || true
  wait_for 5 sh -c "! cat /sys/fs/cgroup/*/$group/*/cgroup.procs /sys/fs/cgroup/$group/*/cgroup.procs 2>/dev/null | grep -q ."
  run oak ps -a
  said 0 victim
  run oak ps
  [[ "$output" != *victim* ]]
  oak rm victim
  no_cgroup_left
}

@test "SIGKILL of oakum-runtime run, create, start and delete at 100 points each: delete --force always cleans" {
  script='sleep 60' make_bundle "$place/bundle"
  timeout 5 "$runtime" --root "$place/rt" create --bundle "$place/bundle" first </dev/null
  rt delete --force first
  mark
  for command in run create start delete; do
    for ((i = 0; i < 100; i++)); do
      at=$(point)
      case $command in
      run | create) words=("$command" --bundle "$place/bundle" victim) ;;
      start) words=(start victim) ;;
      delete) words=(delete --force victim) ;;
      esac
      case $command in start | delete) rt create --bundle "$place/bundle" victim </dev/null >/dev/null 2>&1 ;; esac
      strike 9 "$at" "$runtime" --root "$place/rt" "${words[@]}" </dev/null >/dev/null
      rt list >/dev/null || { echo "list fails after $command, $at µs"; false; }
      rt delete --force victim || { echo "delete fails after $command, $at µs"; rt list; false; }
      [ -z "$(rt list -q)" ] || { echo "listed after $command, $at µs, and delete"; rt list; false; }
      no_cgroup_left || { echo "after $command, $at µs"; false; }
    done
  done
  nothing_left
}

@test "the runtime killed during exec leaves a container that works" {
  script='sleep 60' make_bundle "$place/bundle"
  rt create --bundle "$place/bundle" host </dev/null >/dev/null 2>&1
  rt start host
  for ((i = 0; i < 30; i++)); do
    strike 9 "$(point)" "$runtime" --root "$place/rt" exec host true </dev/null >/dev/null
  done
  [ "$(rt exec host echo works)" = works ]
  rt delete --force host
  no_cgroup_left
}

@test "Ctrl-C at every stage of oakum run: it ends and leaves nothing, without being asked" {
  make_image
  oak_run box true
  mark
  for signal in 2 15 1; do
    for at in 0 100 200 300 400 600 800 1000 1300 1600 2000 2500 3000 3500 4000 5000 7000 10000 20000 60000; do
      how=$(strike $signal $at "${oakum_run[@]}" --init --name victim box sleep 60) || true
      case $how in
      "exit $((128 + signal))" | "signal $signal" | 'exit 125') ;;
      *) echo "signal $signal after $at µs: $how"; false ;;
      esac
      no_cgroup_left || { echo "signal $signal after $at µs: $how"; false; }
      [ -z "$(oak ps -aq)" ] || { echo "listed: signal $signal after $at µs: $how"; oak ps -a; false; }
    done
  done
  nothing_left
}

@test "Ctrl-C at every stage of oakum-runtime run: it ends and leaves nothing" {
  script='trap "exit 99" INT TERM; while :; do sleep 0.02; done' make_bundle "$place/bundle"
  rt run --bundle "$place/bundle" first </dev/null &
  wait_for 5 rt exec first true
  rt kill first TERM
  wait $! || [ $? -eq 99 ]
  mark
  for at in 0 200 500 1000 1500 2000 2500 3000 4000 5000 8000 50000; do
    # A signal before the program has its trap is lost to a first process (the kernel's rule), so one more comes later.
    (
      for ((i = 0; i < 40; i++)); do
        sleep 0.1
        rt kill victim TERM 2>/dev/null
      done
    ) &
    how=$(strike 2 $at "$runtime" --root "$place/rt" run --bundle "$place/bundle" victim </dev/null) || true
    kill $! && wait $! || true
    case $how in
    'exit 99' | 'signal 2' | 'exit 130' | 'exit 1' | 'exit 125') ;;
    *) echo "SIGINT after $at µs: $how"; false ;;
    esac
    # Killed by the signal's default before anything could clean up: only delete can.
    [ "$how" != 'signal 2' ] || rt delete --force victim
    [ -z "$(rt list -q)" ] || { echo "listed after $at µs: $how"; rt list; false; }
    no_cgroup_left || { echo "SIGINT after $at µs: $how"; false; }
  done
  nothing_left
}
