# SPDX-License-Identifier: Apache-2.0
# Budgets hold: the kernel ends or refuses what goes beyond, and the rest of the host does not notice.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() { start_teardown; }

@test "beyond --memory: killed, 137" {
  make_image
  run oak_run --memory 16m box tail /dev/zero
  said 137
  run oak_run --memory 64m box sh -c 'head -c 20000000 /dev/zero | tail -c 20000000 | wc -c'
  said 0 20000000
}

@test "memory is 512 MiB by default, and files in tmpfs count" {
  make_image
  run oak_run --memory 16m --tmpfs /big:size=64m box sh -c 'dd if=/dev/zero of=/big/x bs=1M count=40'
  [ "$status" -ne 0 ]
  oak_run --name budget box sleep 60 &
  wait_for 10 oak exec budget true
  [ "$(cat /sys/fs/cgroup/memory/"$group"/*/memory.limit_in_bytes /sys/fs/cgroup/"$group"/*/memory.max 2>/dev/null)" = 536870912 ]
  [ "$(cat /sys/fs/cgroup/pids/"$group"/*/pids.max /sys/fs/cgroup/"$group"/*/pids.max 2>/dev/null)" = 256 ]
  oak rm -f budget
}

@test "beyond --pids-limit: fork is refused" {
  make_image
  run oak_run --pids-limit 8 box sh -c 'i=0; while [ $i -lt 20 ]; do sleep 5 & i=$((i + 1)); done; echo all'
  [ "$status" -ne 0 ]
  [[ $output == *fork* && $output != *all* ]]
  run oak_run --pids-limit 64 box sh -c 'i=0; while [ $i -lt 20 ]; do sleep 0.2 & i=$((i + 1)); done; echo all'
  said 0 all
}

@test "a fork bomb is held and removed" {
  make_image
  oak_run box true
  mark
  oak run --network none --cgroup-parent "/$group" --name bomb box sh -c 'b() { b | b & b; }; b' >/dev/null 2>&1 &
  sleep 1
  oak rm -f bomb
  wait $! || true
  nothing_left
}

@test "files: 1024 by default, --ulimit lowers it, core dumps are off" {
  make_image
  [ "$(oak_run box sh -c 'ulimit -n; ulimit -c' | tr '\n' ' ')" = '1024 0 ' ]
  [ "$(oak_run --ulimit nofile=64:64 box sh -c 'ulimit -n')" = 64 ]
  run oak_run --ulimit nofile=8:8 box sh -c 'exec 3</dev/null 4</dev/null 5</dev/null 6</dev/null 7</dev/null && exec 8</dev/null; echo all'
  [[ $output != *all* ]] || { echo "$output"; false; }
}

@test "an unwritable limit is an error, not a silence" {
  make_image
  for flag in '--memory 1' '--memory -5' '--pids-limit x' '--cpus 0.0000001' '--ulimit nofile=10:5' '--ulimit nofile=' '--memory 99999999999g' \
    '--cpuset-cpus 4096' '--memory-swap 1m --memory 64m' '--shm-size -1' '--cpu-shares -3' '--blkio-weight 5'; do
    run oak_run $flag box true
    [ "$status" -eq 125 ] || { echo "$flag: $status $output"; false; }
    [ -n "$output" ]
    no_cgroup_left
  done
}
