# SPDX-License-Identifier: Apache-2.0
# stats: what containers use, once and live.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
setup() { detached_setup; }
teardown() { detached_teardown; }

quietly() { keep "$@" >/dev/null; }
figure() { oak stats --no-stream --format "{{.$2}}" "$1"; }

@test "stats: docker's columns and fields; processor time of one that works, none of one that sleeps" {
  quietly --name busy --memory 64m box sh -c 'while :; do :; done'
  quietly --name idle box sleep 60
  run -0 oak stats --no-stream
  [[ "${lines[0]}" =~ ^'CONTAINER ID   NAME   CPU %'\ +'MEM USAGE / LIMIT'\ +'MEM %'\ +'NET I/O'\ +'BLOCK I/O'\ +PIDS$ ]]
  [ "${#lines[@]}" -eq 3 ]
  run -0 oak stats --no-stream --format json busy idle
  jq -es 'map(keys) | all(. == ["BlockIO","CPUPerc","Container","ID","MemPerc","MemUsage","Name","NetIO","PIDs"])' <<<"$output"
  jq -es 'map(.Container) == ["busy","idle"] and (.[0].ID | length) == 64' <<<"$output"
  jq -es '(.[0].CPUPerc | rtrimstr("%") | tonumber) > 5 and (.[1].CPUPerc | rtrimstr("%") | tonumber) < 5' <<<"$output"
  jq -es '.[0].MemUsage | endswith(" / 64MiB")' <<<"$output"
  jq -es 'map(.PIDs) == ["1","1"]' <<<"$output"
  run -0 oak stats --no-stream --format 'table {{.Name}}\t{{.PIDs}}' idle
  [ "${lines[0]}" = 'NAME   PIDS' ]
  [ "${lines[1]}" = 'idle   1' ]
  run -0 oak stats --no-stream --no-trunc --format '{{.Container}} {{.ID}}'
  [[ "${lines[0]}" =~ ^[0-9a-f]{64}' '[0-9a-f]{64}$ ]]
}

@test "stats: memory counts what a container has filled, and the part of its limit" {
  quietly --name full --memory 64m --tmpfs /t:size=32m box sh -c 'head -c 16777216 /dev/zero >/t/x; sleep 60'
  wait_for 10 eval '[[ "$(figure full MemPerc)" =~ ^(2[5-9]|3[0-9])[.] ]]'
}

@test "stats: one that has ended is shown with -a or by its name, with zeros; one that is not there is an error" {
  quietly --name over box true
  oak wait over
  quietly --name lives box sleep 60
  [ "$(oak stats --no-stream --format '{{.Name}}')" = lives ]
  [ "$(oak stats -a --no-stream --format '{{.Name}}' | sort | tr '\n' ' ')" = 'lives over ' ]
  run -0 oak stats --no-stream --format '{{.CPUPerc}}|{{.MemUsage}}|{{.MemPerc}}|{{.NetIO}}|{{.BlockIO}}|{{.PIDs}}' over
  [ "$output" = '0.00%|0B / 0B|0.00%|0B / 0B|0B / 0B|0' ]
  run -1 oak stats --no-stream nosuch lives other
  [[ "$output" == *'no container "nosuch"'*'no container "other"'* ]]
  run -1 oak stats --no-stream --format '{{.Nothing}}' lives
}

@test "stats: bytes of the container's own network namespace, without lo" {
  command -v nsenter >/dev/null && command -v ip >/dev/null || skip 'needs nsenter and ip'
  local pid
  quietly --name net box sleep 60
  pid=$(state_of net Pid)
  nsenter -t "$pid" -n ip link add tried type veth peer name other 2>/dev/null || skip 'this kernel has no veth'
  nsenter -t "$pid" -n sh -c 'ip link set lo up; ip addr add 10.99.0.1/24 dev tried; ip link set other up; ip link set tried up'
  nsenter -t "$pid" -n bash -c 'head -c 1200 /dev/zero >/dev/udp/127.0.0.1/9; ip neigh add 10.99.0.3 lladdr 02:00:00:00:00:01 dev tried; head -c 1200 /dev/zero >/dev/udp/10.99.0.3/9'
  run -0 figure net NetIO
  [[ "$output" =~ ^[0-9.]+kB' / '[0-9.]+kB$ ]]
}

@test "stats: live goes on until SIGINT, and draws over itself only on a terminal" {
  quietly --name live box sleep 60
  "${oakum[@]}" stats --format '{{.Name}}' >"$place/out" &
  local pid=$!
  wait_for 15 eval '[ "$(wc -l <"$place/out")" -ge 3 ]'
  kill -INT "$pid"
  wait "$pid"
  [ "$(sort -u "$place/out")" = live ]
  printf -v cmd '%q ' "${oakum[@]}" stats live
  script -qec "timeout --preserve-status -s INT 4 $cmd" "$place/typescript" >/dev/null </dev/null
  grep -q $'\033\\[H' "$place/typescript"
  grep -q $'live.*\033\\[K' "$place/typescript"
}

@test "stats: live ends when all that were named are removed, and follows those that come" {
  quietly --name one box sleep 60
  timeout 20 "${oakum[@]}" stats --format '{{.Name}}' one >"$place/named" &
  local named=$!
  "${oakum[@]}" stats --format '{{.Name}}' >"$place/all" &
  local all=$!
  wait_for 15 grep -q one "$place/all"
  quietly --name two box sleep 60
  wait_for 15 grep -q two "$place/all"
  kill -INT "$all"
  wait "$all"
  oak rm -f one
  wait "$named"
  run ! grep -q two "$place/named"
}
