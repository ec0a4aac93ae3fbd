# SPDX-License-Identifier: Apache-2.0
# The value of each budget flag of `oakum run` is found where the kernel keeps it: the whole way from the command line. On cgroup v1
# here; on v2 by tests/vm/budgets-test. Where this kernel lacks the file, oakum's error must say so, and the test is skipped with it.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  [ ! -e /sys/fs/cgroup/cgroup.controllers ] || skip 'cgroup v2 here; tried by tests/vm/budgets-test'
  make_image
}
teardown() { start_teardown; }

# arrives FILE VALUE FLAGS...: FILE, of the container's own cgroup, is VALUE.
arrives() {
  local file=$1 value=$2
  shift 2
  run oak_run "$@" box sh -c "cat /sys/fs/cgroup/*/$file"
  [ "$status" -ne 125 ] || kernel_lacks "$1"
  [ "$status:$output" = "0:$value" ] || { echo "$*: $file is \"$output\" ($status), not \"$value\""; return 1; }
}
# kernel_lacks FLAG: the start was refused, in one sentence that names the flag, and what the sentence says is so.
kernel_lacks() {
  one_error "$output"
  [[ $output == "oakum: $1: linux.resources."*': Operation not supported' || $output == "oakum: $1: linux.resources."*'No such file'* ||
    $output == "oakum: $1: linux.resources."*'no cgroup controller'* ]] || { echo "refused: $output"; return 1; }
  no_cgroup_left
  skip "this kernel has no $1: ${output#oakum: }"
}
# A block device that can be limited: a whole one that is there. "MAJOR:MINOR" in $number.
block_device() {
  local dir
  for dir in /sys/block/*; do
    [ "$(cat "$dir/size")" -gt 0 ] && [ -b "/dev/${dir##*/}" ] || continue
    disk=/dev/${dir##*/}
    number=$(cat "$dir/dev")
    return
  done
  skip 'no block device is there to limit'
}

@test "--memory-swap: memory and swap together, -1 for no limit" {
  arrives memory.memsw.limit_in_bytes 50331648 -m 32m --memory-swap 48m
  arrives memory.memsw.limit_in_bytes 33554432 -m 32m --memory-swap 32m
  arrives memory.memsw.limit_in_bytes 9223372036854771712 -m 32m --memory-swap -1
}

@test "--memory-reservation" {
  arrives memory.soft_limit_in_bytes 16777216 --memory-reservation 16m -m 32m
}

@test "--memory-swappiness" {
  arrives memory.swappiness 7 --memory-swappiness 7
  arrives memory.swappiness 0 --memory-swappiness 0
  run oak_run --memory-swappiness 101 box true
  said 125 --memory-swappiness
}

@test "--cpuset-cpus and --cpuset-mems: in the cgroup, and the process is held to them" {
  local last
  last=$(sed 's/.*[-,]//' /sys/fs/cgroup/cpuset/cpuset.cpus)
  arrives cpuset.cpus "$last" --cpuset-cpus "$last"
  arrives cpuset.mems 0 --cpuset-mems 0
  run oak_run --cpuset-cpus "$last" --cpuset-mems 0 box grep _allowed_list: /proc/self/status
  said 0 $'Cpus_allowed_list:\t'"$last" $'Mems_allowed_list:\t0'
}

@test "--cpu-period and --cpu-quota" {
  arrives cpu.cfs_quota_us 20000 --cpu-quota 20000 --cpu-period 50000
  arrives cpu.cfs_period_us 50000 --cpu-period 50000 --cpu-quota 20000
}

@test "--blkio-weight" {
  arrives 'blkio*.weight' 300 --blkio-weight 300
}

@test "--blkio-weight-device" {
  block_device
  run oak_run --blkio-weight-device "$disk:300" box sh -c 'cat /sys/fs/cgroup/*/blkio*.weight_device'
  [ "$status" -ne 125 ] || kernel_lacks --blkio-weight-device
  said 0 "$number 300"
}

@test "--device-read-bps, -write-bps, -read-iops, -write-iops: each in its own file, of the device that was named" {
  block_device
  arrives blkio.throttle.read_bps_device "$number 1048576" --device-read-bps "$disk:1mb"
  arrives blkio.throttle.write_bps_device "$number 2097152" --device-write-bps "$disk:2mb"
  arrives blkio.throttle.read_iops_device "$number 30" --device-read-iops "$disk:30"
  arrives blkio.throttle.write_iops_device "$number 40" --device-write-iops "$disk:40"
}

@test "what is no block device is refused by the name of the flag, as is one that is not there" {
  local flag
  for flag in device-read-bps device-write-bps device-read-iops device-write-iops blkio-weight-device; do
    run oak_run "--$flag" /dev/null:20 box true
    said 125 "--$flag: /dev/null is not a block device"
    run oak_run "--$flag" /dev/not-there:20 box true
    said 125 "--$flag: the device /dev/not-there"
  done
  run oak_run --device /dev/not-there box true
  said 125 '--device: the device /dev/not-there'
  no_cgroup_left
}

@test "--device-cgroup-rule: in the list, and the device opens; without it not" {
  local list
  run -0 oak_run box sh -c 'cat /sys/fs/cgroup/*/devices.list'
  list=$output
  [[ $list != *'10:229'* ]]
  arrives devices.list "$list"$'\nc 10:229 r' --device-cgroup-rule 'c 10:229 r'
  # A node of it that the container has from outside. No user namespace: the rule alone decides.
  [ -c /dev/fuse ] && [ "$(stat -c %t:%T /dev/fuse)" = a:e5 ] || skip 'the rest needs /dev/fuse'
  mkdir "$place/nodes" && mknod -m 666 "$place/nodes/fuse" c 10 229
  run oak_run --userns host --user 0 --security-opt landlock=off -v "$place/nodes:/nodes:dev" box sh -c 'exec 3</nodes/fuse'
  [ "$status" -ne 0 ]
  [[ $output == *'not permitted'* ]]
  run oak_run --userns host --user 0 --security-opt landlock=off -v "$place/nodes:/nodes:dev" --device-cgroup-rule 'c 10:229 r' box sh -c 'exec 3</nodes/fuse && echo opened'
  said 0 opened
  run oak_run --userns host --user 0 --security-opt landlock=off -v "$place/nodes:/nodes:dev" --device-cgroup-rule 'c 10:229 r' box sh -c 'exec 3<>/nodes/fuse'
  [ "$status" -ne 0 ]
}

@test "--annotation: in the specification that is enforced, and in the runtime's state" {
  local id
  id=$(oak run -d --network none --cgroup-parent "/$group" --annotation org.example.one=1=2 --annotation two --annotation org.example.one=3 box sleep 60)
  [ "$("$bin/oakum-runtime" --root "$place/state" state "$id" | jq -c '.annotations | [.["org.example.one"], .two]')" = '["3",""]' ]
  jq -e '.annotations["org.example.one"] == "3"' "$place/store/containers/$id/config.json"
  oak rm -f "$id"
}
