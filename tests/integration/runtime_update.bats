# SPDX-License-Identifier: Apache-2.0
# pause, resume, update and events of the runtime.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  mkdir -m 700 "$place/rt"
}
teardown() { start_teardown; }

up() { # ID [FILTER]: a container that counts
  local id=$1
  shift
  script='i=0; while :; do i=$((i + 1)); echo $i >/tmp/n; sleep 0.02; done' make_bundle "$place/$id" "$@"
  rt run --detach --bundle "$place/$id" "$id" </dev/null >/dev/null 2>&1
}
count() { nsenter -t "$(rt state "$1" | jq .pid)" -m cat /tmp/n; }
status_of() { rt state "$1" | jq -r .status; }
# limit FILE1 FILE2 ID: what the kernel has, by the name of version 1 or 2.
limit() {
  local file
  for file in /sys/fs/cgroup/*/"$group/$3/$1" /sys/fs/cgroup/"$group/$3/$2"; do
    [ ! -e "$file" ] || { cat "$file"; return; }
  done
}

@test "a paused container stands still, is shown as paused, and goes on" {
  mark
  up box
  wait_for 5 count box
  rt pause box
  [ "$(status_of box)" = paused ]
  [ "$(rt list --format json | jq -r '.[0].status')" = paused ]
  before=$(count box)
  sleep 0.3
  [ "$(count box)" = "$before" ]
  run rt pause box
  said 1 'paused already'
  run rt exec box true
  said 1 paused
  run rt delete box
  said 1 paused force
  [ "$(status_of box)" = paused ]
  rt resume box
  [ "$(status_of box)" = running ]
  wait_for 5 sh -c "[ \"\$(nsenter -t $(rt state box | jq .pid) -m cat /tmp/n)\" != '$before' ]"
  run rt resume box
  said 1 'not paused'
  rt delete --force box
  rm -r "$place/box"
  nothing_left
}

@test "exec --ignore-paused begins when the container is resumed" {
  up box
  rt pause box
  rt exec --ignore-paused box echo now >"$place/said" &
  pid=$!
  sleep 0.3
  [ ! -s "$place/said" ]
  rt resume box
  wait $pid
  [ "$(cat "$place/said")" = now ]
  rt delete --force box
}

@test "kill and delete --force of a paused container" {
  mark
  up box
  rt pause box
  rt kill box KILL
  wait_for 5 sh -c "[ \"\$($runtime --root $place/rt state box | jq -r .status)\" = stopped ]"
  rt delete box
  up box
  rt pause box
  rt delete --force box
  up box '.linux.namespaces |= map(select(.type != "pid"))'
  rt exec --detach box sleep 60 </dev/null >/dev/null 2>&1
  rt pause box
  rt delete --force box
  rm -r "$place/box"
  nothing_left
}

@test "a foreground run takes away what pause and update have joined" {
  script='sleep 60' make_bundle "$place/box" 'del(.linux.resources.memory)'
  mark
  "$runtime" --root "$place/rt" run --bundle "$place/box" box </dev/null >/dev/null 2>&1 &
  wait_for 5 sh -c "[ \"\$($runtime --root $place/rt state box | jq -r .status)\" = running ]"
  rt pause box
  rt update --memory 64m box
  rt resume box
  rt pause box
  rt kill box KILL
  wait $! || true
  nothing_left
}

@test "pause of what does not run is refused" {
  run rt pause nobody
  said 1 'does not exist'
  script=true make_bundle "$place/box"
  rt create --bundle "$place/box" box </dev/null >/dev/null 2>&1
  run rt pause box
  said 1 created
  rt start box
  wait_for 5 sh -c "[ \"\$($runtime --root $place/rt state box | jq -r .status)\" = stopped ]"
  for command in pause resume 'update --memory 1g' 'events --stats'; do
    run rt $command box
    said 1 'not running'
  done
  rt delete box
}

@test "update by flags: in the kernel, for exec, and on disk" {
  up box
  rt update --memory 100m --memory-reservation 50m --pids-limit 77 --cpu-quota 20000 --cpu-period 50000 --cpu-share 512 --cpuset-cpus 0 --cpuset-mems 0 box
  [ "$(limit memory.limit_in_bytes memory.max box)" = 104857600 ]
  [ "$(limit pids.max pids.max box)" = 77 ]
  case $(limit cpu.cfs_quota_us cpu.max box) in 20000 | '20000 50000') ;; *) false ;; esac
  case $(limit cpu.shares cpu.weight box) in 512 | 5?) ;; *) false ;; esac
  [ "$(limit cpuset.cpus cpuset.cpus box)" = 0 ]
  [ "$(jq -c '.linux.resources | [.memory.limit, .memory.reservation, .pids.limit, .cpu.quota, .cpu.period, .cpu.shares, .cpu.cpus, .cpu.mems]' "$place/rt/box/config.json")" = '[104857600,52428800,77,20000,50000,512,"0","0"]' ]
  # what was not named is as it was
  [ "$(jq -c '.linux.resources.devices, .process, .mounts' "$place/rt/box/config.json")" = "$(jq -c '.linux.resources.devices, .process, .mounts' "$place/box/config.json")" ]
  rt exec box true
  rt exec box sh -c 'grep -q oakum /proc/self/cgroup || grep -q : /proc/self/cgroup'
  rt update --cpu-shares 1024 --memory -1 --pids-limit -1 box
  [ "$(limit pids.max pids.max box)" = max ]
  [ "$(limit memory.limit_in_bytes memory.max box)" != 104857600 ]
  rt delete --force box
  no_cgroup_left
}

@test "update of a class of service that the container does not have: refused, and nothing is recorded" {
  up box
  for flag in --l3-cache-schema=L3:0=f --mem-bw-schema=MB:0=20; do
    run rt update "$flag" --pids-limit 77 box
    said 1 'no class of service of its own'
  done
  [ "$(jq -c .linux.intelRdt "$place/rt/box/config.json")" = null ]
  [ "$(limit pids.max pids.max box)" != 77 ]
  rt update --l3-cache-schema '' --pids-limit 77 box
  [ "$(limit pids.max pids.max box)" = 77 ]
  rt delete --force box
}

@test "update by document, from a file and from standard input; flags win" {
  up box
  echo '{"memory": {"limit": 209715200}, "pids": {"limit": 50}, "cpu": {"shares": 0, "quota": 0}}' >"$place/resources"
  rt update --resources "$place/resources" box
  [ "$(limit pids.max pids.max box)" = 50 ]
  rt update -r - --pids-limit 51 box <"$place/resources"
  [ "$(limit pids.max pids.max box)" = 51 ]
  [ "$(limit memory.limit_in_bytes memory.max box)" = 209715200 ]
  # nought is "not given"
  [ "$(jq -c .linux.resources.cpu "$place/rt/box/config.json")" = null ]
  rt delete --force box
}

@test "a wrong update changes nothing and says what is wrong" {
  up box
  cp "$place/rt/box/config.json" "$place/before"
  echo '{"memory": {"limit": "much"}}' >"$place/resources"
  run rt update --resources "$place/resources" box
  said 1 --resources memory.limit
  run rt update --kernel-memory 64m box
  said 1 memory.kernel
  run rt update --cpuset-cpus 9999 box
  said 1 cpu.cpus
  run rt update --cpu-share -5 box
  said 1 --cpu-share
  run rt update --blkio-weight 5 box
  said 1 blockIO.weight
  run rt update --memory lots box
  said 1 --memory
  run rt update --resources /no/such box
  said 1 /no/such
  cmp "$place/before" "$place/rt/box/config.json"
  rt delete --force box
  no_cgroup_left
}

@test "a device that update allows can be used, one that it takes away cannot" {
  up box '.linux.devices = [{path: "/dev/other", type: "c", major: 10, minor: 237, fileMode: 438}] | .process.capabilities.bounding = ["CAP_MKNOD"]'
  run rt exec box sh -c 'echo >/dev/null && ! head -c0 /dev/other'
  said 0
  jq '{devices: (.linux.resources.devices + [{allow: true, type: "c", major: 10, minor: 237, access: "rw"}, {allow: false, type: "c", major: 1, minor: 5, access: "rwm"}])}' "$place/box/config.json" >"$place/resources"
  rt update --resources "$place/resources" box
  run rt exec box sh -c 'head -c0 /dev/other && head -c1 /dev/null && ! head -c1 /dev/zero'
  said 0
  rt delete --force box
}

@test "an update with devices leaves the default ones, and what is recorded is what was given" {
  up box '.linux.devices = [{path: "/dev/other", type: "c", major: 10, minor: 237, fileMode: 438}]'
  echo '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 237, "access": "r"}]}' >"$place/resources"
  rt update --resources "$place/resources" box
  run rt exec box sh -c 'for d in null zero full random urandom tty ptmx other; do ( : </dev/$d ) 2>&1; done; echo >/dev/null && head -c1 /dev/zero >/dev/null && echo done'
  [ "$status" -eq 0 ]
  [[ $output != *permitted* && $output == *done ]] || { echo "$output"; false; }
  run rt exec box sh -c ': >/dev/other'
  [ "$status" -ne 0 ]
  [ "$(jq -c '.linux.resources.devices | length' "$place/rt/box/config.json")" = 2 ]
  # everything but one may be said after the list as well
  echo '{"devices": [{"allow": false, "access": "rwm"}, {"allow": false, "type": "c", "major": 1, "minor": 8, "access": "r"}]}' >"$place/resources"
  rt update --resources "$place/resources" box
  run rt exec box sh -c 'echo >/dev/null && head -c1 /dev/urandom >/dev/null && ! head -c1 /dev/random && ! head -c0 /dev/other'
  said 0
  rt delete --force box
}

@test "memory.checkBeforeUpdate: a limit below the use is refused, with swap and without" {
  up box '.linux.resources.memory.limit = 67108864 | .linux.resources.memory.swap = 134217728'
  echo '{"memory": {"limit": 4096, "swap": 134217728, "checkBeforeUpdate": true}}' >"$place/resources"
  run rt update --resources "$place/resources" box
  said 1 memory.limit 'in use'
  echo '{"memory": {"swap": 4096, "checkBeforeUpdate": true}}' >"$place/resources"
  run rt update --resources "$place/resources" box
  said 1 memory.swap 'in use'
  [ "$(limit memory.limit_in_bytes memory.max box)" = 67108864 ]
  rt delete --force box
}

@test "events --stats: one line with every part, true numbers" {
  up box
  rt events --stats box >"$place/stats"
  [ "$(wc -l <"$place/stats")" -eq 1 ]
  jq -e '.type == "stats" and .id == "box" and .data.pids.limit == 256 and .data.pids.current >= 1 and .data.memory.usage.limit == 268435456
    and .data.memory.usage.usage > 0 and (.data.cpu.usage.total >= 0) and (.data.cpu.throttling | has("periods"))
    and (.data.blkio.ioServiceBytesRecursive | type == "array") and (.data.hugetlb | type == "object")' "$place/stats" || { cat "$place/stats"; false; }
  first=$(jq .data.cpu.usage.total "$place/stats")
  # Where version 1 counts by processor, cpuacct is a hierarchy of the container's also where cpu is another one.
  if [ -d /sys/fs/cgroup/cpuacct ]; then
    grep -qE "cpuacct.*:/$group" "/proc/$(rt state box | jq .pid)/cgroup"
    jq -e '.data.cpu.usage | (.percpu | add) == .total and (.percpu_user | length) == (.percpu | length) and (.percpu_kernel | length) == (.percpu | length)' "$place/stats"
  fi
  rt exec box sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done'
  wait_for 10 sh -c "[ \$($runtime --root $place/rt events --stats box | jq .data.cpu.usage.total) -gt $first ]"
  rt delete --force box
}

@test "events --stats: every field that runc has" {
  [ -d /sys/fs/cgroup/cpuacct ] || skip 'version 2 has other files'
  command -v runc >/dev/null || skip 'needs runc'
  up box '.linux.resources.cpu.cpus = "0"'
  rt events --stats box >"$place/stats"
  rt delete --force box
  runc --root "$place/runc" run --detach --bundle "$place/box" theirs </dev/null >"$place/said" 2>&1 3>&- || { cat "$place/said"; false; }
  runc --root "$place/runc" events --stats theirs >"$place/theirs" || { runc --root "$place/runc" delete --force theirs; false; }
  runc --root "$place/runc" delete --force theirs
  # Empty there, always.
  jq 'del(.data.intel_rdt, .data.network_interfaces)' "$place/theirs" >"$place/theirs.some"
  for file in stats theirs.some; do
    jq -r '[paths | select(.[1:3] != ["memory", "raw"]) | map(strings) | join(".")] | unique[]' "$place/$file" >"$place/$file.paths"
  done
  [ "$(wc -l <"$place/theirs.some.paths")" -gt 30 ]
  [ -z "$(comm -13 "$place/stats.paths" "$place/theirs.some.paths")" ] || { diff "$place/stats.paths" "$place/theirs.some.paths"; false; }
  [ "$(jq -c '.data.cpuset' "$place/stats")" = "$(jq -c --argjson o "$(jq -c .data.cpuset "$place/stats")" '.data.cpuset as $t | $o | with_entries(.value = $t[.key])' "$place/theirs")" ]
}

@test "events: reports at the interval, out-of-memory kills, the end with the container" {
  up box '.linux.resources.memory.limit = 20971520 | .linux.resources.memory.swap = 20971520'
  "$runtime" --root "$place/rt" events --interval 300ms box >"$place/events" &
  pid=$!
  wait_for 5 sh -c "[ \$(grep -c stats $place/events) -ge 2 ]"
  run rt exec box sh -c 'head -c 100000000 /dev/zero | tail'
  wait_for 5 grep -q '"type":"oom"' "$place/events"
  rt delete --force box
  wait $pid
  run rt events --interval 0 box
  said 1 --interval
}
