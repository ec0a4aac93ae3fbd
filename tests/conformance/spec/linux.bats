# SPDX-License-Identifier: Apache-2.0
# config-linux.md: what musts.txt has under L.
bats_require_minimum_version 1.5.0
load lib
setup() { spec_setup; }
teardown() {
  [ -z "${helper:-}" ] || kill "$helper" 2>/dev/null || true
  [ -z "${netns:-}" ] || ip netns del "$netns" 2>/dev/null || true
  [ -z "${netns_dir_is_ours:-}" ] || { umount /run/netns && rmdir /run/netns; } 2>/dev/null || true
  spec_teardown
}

# kinds of namespaces and their files
kinds='pid network mount ipc uts user cgroup time'
file_of() { case $1 in network) echo net ;; mount) echo mnt ;; *) echo "$1" ;; esac; }
with_user='| .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'

@test "L-001 the default file systems" {
  shows $'/dev/pts devpts\n/dev/shm tmpfs\n/proc proc\n/sys sysfs' 'for d in /dev/pts /dev/shm /proc /sys; do echo $d $(grep " $d " /proc/mounts | cut -d" " -f3); done'
}
@test "L-010 L-014 a namespace without a path is new" {
  for kind in $kinds; do
    filter='.linux.namespaces += [{ type: $k }]'
    case $kind in
    user) filter="$filter $with_user" ;;
    time) [ -e /proc/self/ns/time ] && [ "$RUNTIME" = oakum ] || continue ;;
    *) filter=. ;;
    esac
    inside "readlink /proc/self/ns/$(file_of $kind)" "$filter" --arg k $kind
    [ "$status" -eq 0 ] || { echo "$kind: $output"; false; }
    [ "$output" != "$(readlink /proc/self/ns/"$(file_of $kind)")" ] || { echo "$kind is the host's"; false; }
  done
}
@test "L-015 a kind that is not listed is the runtime's own" {
  for kind in pid network ipc uts cgroup user time; do
    filter='.linux.namespaces |= map(select(.type != $k))'
    case $kind in
    uts) filter="$filter | del(.hostname)" ;;
    ipc) filter="$filter | .mounts |= map(select(.type != \"mqueue\"))" ;;
    network) filter="$filter | .mounts |= map(select(.type != \"sysfs\"))" ;;
    pid) ;;
    esac
    inside "readlink /proc/self/ns/$(file_of $kind)" "$filter" --arg k $kind
    [ "$status" -eq 0 ] && [ "$output" = "$(readlink /proc/self/ns/"$(file_of $kind)")" ] || { echo "$kind: $output"; false; }
  done
}
@test "L-011 the path of a namespace is absolute" {
  for kind in network uts; do
    refuses linux.namespaces '(.linux.namespaces[] | select(.type == $k)).path = "proc/self/ns/net"' --arg k $kind
  done
}
@test "L-012 a namespace with a path is joined" {
  script='sleep 60' make_bundle "$place/first"
  rt run --detach --bundle "$place/first" --pid-file "$place/first.pid" first >/dev/null 2>&1 3>&-
  first=$(cat "$place/first.pid")
  for kind in network ipc uts pid cgroup; do
    inside "readlink /proc/self/ns/$(file_of $kind)" '(.linux.namespaces[] | select(.type == $k)).path = $p | if $k == "uts" then del(.hostname) else . end' \
      --arg k $kind --arg p "/proc/$first/ns/$(file_of $kind)"
    [ "$status" -eq 0 ] && [ "$output" = "$(readlink "/proc/$first/ns/$(file_of $kind)")" ] || { echo "$kind: $output"; false; }
  done
}
@test "L-013 a path of another kind, or of no namespace, is an error" {
  refuses linux.namespaces '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/uts"'
  refuses linux.namespaces '(.linux.namespaces[] | select(.type == "ipc")).path = "/proc/self/ns/net"'
  refuses linux.namespaces '(.linux.namespaces[] | select(.type == "network")).path = "/etc/passwd"'
  refuses linux.namespaces '(.linux.namespaces[] | select(.type == "network")).path = "/nothing/there"'
}
@test "L-016 a kind twice is an error" {
  for kind in pid network mount ipc uts cgroup; do
    refuses linux.namespaces '.linux.namespaces += [{ type: $k }]' --arg k $kind
  done
}
@test "L-017 the mappings of the user namespace" {
  shows $'0 100000 1000\n1000 200000 5\n0 300000 2000' 'cat /proc/self/uid_map /proc/self/gid_map | tr -s " " | sed "s/^ //"' '.linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }, { containerID: 1000, hostID: 200000, size: 5 }]
    | .linux.gidMappings = [{ containerID: 0, hostID: 300000, size: 2000 }]'
}
@test "L-018 no file of the root or of a volume changes its owner" {
  mkdir "$place/data"
  touch "$place/data/file"
  chown 5:6 "$place/data/file"
  make_bundle "$bundle"
  before=$(find "$bundle/rootfs" "$place/data" -printf '%U:%G %p\n' | sort)
  inside true '.linux.namespaces += [{ type: "user" }] | .mounts += [{ destination: "/home", type: "bind", source: $s, options: ["bind"] }]'"$with_user" --arg s "$place/data"
  said 0
  [ "$before" = "$(find "$bundle/rootfs" "$place/data" -printf '%U:%G %p\n' | sort)" ]
}

device='{ path: $path, type: "c", major: 10, minor: 229, fileMode: 432, uid: 5, gid: 6 }'
@test "L-030 the devices of the list: kind, numbers, mode, owner" {
  shows $'character special file a:e5 660 5:6\nblock special file 7:9 600 0:0\nfifo 644 0:0\ncharacter special file a:e5 666 0:0' \
    'stat -c "%F %t:%T %a %u:%g" /dev/one /dev/sub/two; stat -c "%F %a %u:%g" /dev/three; stat -c "%F %t:%T %a %u:%g" /dev/four' '.linux.devices = ['"$device"',
    { path: "/dev/sub/two", type: "b", major: 7, minor: 9, fileMode: 384, uid: 0, gid: 0 }, { path: "/dev/three", type: "p", fileMode: 420 },
    { path: "/dev/four", type: "u", major: 10, minor: 229, fileMode: 438 }]' --arg path /dev/one
}
@test "L-031 another file at the path is an error" {
  make_root "$bundle/rootfs"
  echo 'a file' >"$bundle/rootfs/dev/one"
  refuses linux.devices '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.devices = ['"$device"']' --arg path /dev/one
  [ "$(cat "$bundle/rootfs/dev/one")" = 'a file' ]
}
@test "L-032 numbers are needed, but for a fifo" {
  for number in major minor; do
    refuses linux.devices '.linux.devices = ['"$device"'] | del(.linux.devices[0][$n])' --arg path /dev/one --arg n $number
  done
  shows fifo 'stat -c %F /dev/one' '.linux.devices = [{ path: "/dev/one", type: "p" }]'
}
@test "L-033 a device outside of /dev" {
  shows $'character special file a:e5 660 5:6' 'stat -c "%F %t:%T %a %u:%g" /opt/sub/one' '.root.readonly = false | .linux.devices = ['"$device"']' --arg path /opt/sub/one
  chown 100000:100000 "$bundle/rootfs/home"
  shows $'character special file a:e5 660 5:6' 'stat -c "%F %t:%T %a %u:%g" /home/one' '.linux.devices = ['"$device"'] | .linux.namespaces += [{ type: "user" }]'"$with_user" --arg path /home/one
  refuses linux.devices '.linux.devices = ['"$device"']' --arg path /etc/passwd
}
@test "L-034 the default devices, usable" {
  shows $'1:3 666\n1:5 666\n1:7 666\n1:8 666\n1:9 666\n5:0 666\n4\nfull' 'for n in null zero full random urandom tty; do stat -c "%t:%T %a" /dev/$n; done
    head -c 4 /dev/zero /dev/urandom 2>/dev/null | tail -c 4 | wc -c; echo x >/dev/null; echo x 2>/dev/null >/dev/full || echo full'
}
@test "L-035 /dev/ptmx is that of the container's devpts" {
  shows same 'test "$(stat -Lc %d:%i /dev/ptmx)" = "$(stat -c %d:%i /dev/pts/ptmx)" && echo same'
}
@test "L-035 /dev/ptmx is that link also where the host's node is listed, as engines do for a privileged container" {
  shows $'pts/ptmx\n0' 'readlink /dev/ptmx; (exec 3<>/dev/ptmx); echo $?' '.linux.devices = [{ path: "/dev/ptmx", type: "c", major: 5, minor: 2 }]'
  [ "$RUNTIME" != oakum ] || refuses ptmx '.linux.devices = [{ path: "/dev/ptmx", type: "c", major: 1, minor: 3 }]' # theirs leave it out
}
@test "L-036 /dev/console is the terminal" {
  timeout 30 "$BATS_TEST_DIRNAME/console" "$place/socket" >"$place/out" 3>&- &
  helper=$!
  wait_for 10 test -S "$place/socket"
  script='stat -c %t:%T /dev/console; echo said >/dev/console; sleep 0.2' make_bundle "$bundle" '.process.terminal = true'
  rt run --detach --console-socket "$place/socket" --bundle "$bundle" box >/dev/null 2>&1 3>&-
  wait "$helper"
  [ "$(tr -d '\r' <"$place/out")" = $'88:0\nsaid' ] || { cat "$place/out"; false; }
}
@test "L-037 L-060 no other device can be used; rules hold in their order" {
  # a block device that every kernel knows; whether there is a disk behind it does not matter to the rule
  probe='mknod /tmp/d b 7 0 2>/dev/null || echo no node; for how in "<" ">>"; do (eval ": $how/dev/d") 2>&1 | grep -q "not permitted" && echo "no $how" || echo "may $how"; done'
  filter='.linux.devices = [{ path: "/dev/d", type: "b", major: 7, minor: 0 }] | .process.capabilities = { bounding: ["CAP_MKNOD"], permitted: ["CAP_MKNOD"], effective: ["CAP_MKNOD"] }'
  rules() { echo ".linux.resources.devices += [$1]"; }
  rule() { echo "{ allow: $1, type: \"b\", major: 7, minor: 0, access: \"$2\" }"; }
  shows $'no node\nno <\nno >>' "$probe" "$filter"
  shows $'no node\nmay <\nno >>' "$probe" "$filter | $(rules "$(rule true rwm), $(rule false wm)")"
  shows $'no node\nno <\nno >>' "$probe" "$filter | $(rules "$(rule true rwm), $(rule false rwm)")"
  shows $'no node\nmay <\nmay >>' "$probe" "$filter | $(rules "$(rule false rwm), $(rule true rw)")"
}

@test "L-042 a name that ends in %d is completed" {
  netns=oakum-must-$$
  mountpoint -q /run/netns || netns_dir_is_ours=1 # ip makes it a mount, and would leave it
  ip netns add "$netns"
  ip -n "$netns" link add oak0 type dummy 2>/dev/null || ip -n "$netns" link add oak0 type veth peer name oak1 || skip 'this kernel has no interface to give'
  ip -n "$netns" link add oak2 type veth peer name oak3 || skip 'this kernel has no veth'
  ip -n "$netns" addr add 192.0.2.7/24 dev oak0
  script='ls /sys/class/net; ip -o -4 addr show scope global' make_bundle "$bundle" '.linux.netDevices = { oak0: { name: "eth%d" }, oak2: { name: "eth%d" } }'
  run timeout 30 nsenter --net="/run/netns/$netns" "$runtime" --root "$place/rt" run --bundle "$bundle" box < <(:)
  said 0 eth0 eth1 192.0.2.7/24
  run ! ip -n "$netns" link show oak0
}

@test "L-050 a cgroup that is in use is an error for create" {
  running 'sleep 60'
  script=true make_bundle "$place/second" '.linux.cgroupsPath = $c' --arg c "/$group/bundle"
  run ! rt_create --bundle "$place/second" second
  is_status box running
  [ "$(rt list -q)" = box ]
}
@test "L-051 L-052 an absolute cgroupsPath begins at the mount point, each time" {
  for time in 1 2; do
    running 'sleep 60' '.linux.cgroupsPath = $c' --arg c "/$group/some/where"
    found=$(find /sys/fs/cgroup -type d -path "*/$group/some/where" | head -n 1)
    case $found in
    /sys/fs/cgroup/*/"$group/some/where" | "/sys/fs/cgroup/$group/some/where") ;;
    *) echo "$found"; false ;;
    esac
    grep -qx "$pid" "$found/cgroup.procs"
    rt delete --force box
  done
}
@test "L-052 a relative cgroupsPath leads to one place" {
  for time in 1 2; do
    running 'sleep 60' '.linux.cgroupsPath = $c' --arg c "$group-relative/x"
    cut -d: -f2- "/proc/$pid/cgroup" | grep relative | sort >"$place/cgroup$time"
    rt delete --force box
  done
  [ -s "$place/cgroup1" ]
  cmp "$place/cgroup1" "$place/cgroup2"
  find /sys/fs/cgroup -depth -type d -path "*$group-relative*" -exec rmdir {} + 2>/dev/null || true
}
@test "L-053 a cgroupsPath that leads upwards is an error" {
  refuses linux.cgroupsPath '.linux.cgroupsPath = "/a/../../b"'
}
@test "L-054 with cgroup v1 the cgroup stays root's" {
  [ ! -e /sys/fs/cgroup/cgroup.controllers ] || skip 'needs cgroup v1'
  running 'sleep 60' '.process.user = { uid: 8, gid: 8 }'
  [ -z "$(find /sys/fs/cgroup -path "*/$group/bundle*" ! -uid 0)" ]
}

@test "L-061 memory: bytes, and -1 for no limit" {
  running 'sleep 60' '.linux.resources.memory = { limit: 67108864, reservation: 33554432 }'
  [ "$(control memory/memory.limit_in_bytes memory.max)" = 67108864 ]
  [ "$(control memory/memory.soft_limit_in_bytes memory.low)" = 33554432 ]
  rt delete --force box
  running 'sleep 60' '.linux.resources.memory = { limit: -1 }'
  case $(control memory/memory.limit_in_bytes memory.max) in
  max | 9223372036854771712) ;;
  *) false ;;
  esac
}
@test "L-062 checkBeforeUpdate: a limit below the usage is refused" {
  running 'dd if=/dev/zero of=/tmp/x bs=1M count=40 2>/dev/null; echo full; sleep 60' '.linux.resources.memory = { limit: 134217728, swap: 134217728, checkBeforeUpdate: true }
    | (.mounts[] | select(.destination == "/tmp")).options = ["size=100m"]'
  wait_for 10 grep -q full "$place/out"
  echo '{ "memory": { "limit": 10485760, "checkBeforeUpdate": true } }' >"$place/update"
  run ! rt update --resources "$place/update" box
  is_status box running
  [ "$(control memory/memory.limit_in_bytes memory.max)" = 134217728 ]
}
@test "L-063 burst is not larger than quota" {
  refuses linux.resources.cpu '.linux.resources.cpu = { quota: 10000, period: 100000, burst: 20000 }'
}
@test "L-064 cpu: shares, quota, period, cpus, mems" {
  [ -d /sys/fs/cgroup/cpu ] || grep -qw cpu /sys/fs/cgroup/cgroup.controllers || skip 'this machine has no controller cpu'
  running 'sleep 60' '.linux.resources.cpu = { shares: 512, quota: 25000, period: 50000, cpus: "0", mems: "0" }'
  case $(control cpu/cpu.cfs_quota_us cpu.max) in
  25000) [ "$(control cpu/cpu.cfs_period_us -)" = 50000 ] && [ "$(control cpu/cpu.shares -)" = 512 ] ;;
  '25000 50000') [ "$(control - cpu.weight)" = 20 ] ;;
  *) false ;;
  esac
  [ "$(control cpuset/cpuset.cpus cpuset.cpus)" = 0 ]
  [ "$(control cpuset/cpuset.mems cpuset.mems)" = 0 ]
}
@test "L-065 an entry of weightDevice says something" {
  refuses weightDevice '.linux.resources.blockIO.weightDevice = [{ major: 8, minor: 0 }]'
}
@test "L-066 throttles by device" {
  [ -d /sys/fs/cgroup/blkio ] || grep -qw io /sys/fs/cgroup/cgroup.controllers || skip 'this machine has no controller for block devices'
  disk=$(lsblk -dno MAJ:MIN 2>/dev/null | head -n 1 | tr -d ' ')
  [ -n "$disk" ] || skip 'this machine has no disk'
  running 'sleep 60' '.linux.resources.blockIO = { throttleReadBpsDevice: [$d + { rate: 1048576 }], throttleWriteBpsDevice: [$d + { rate: 2097152 }],
    throttleReadIOPSDevice: [$d + { rate: 100 }], throttleWriteIOPSDevice: [$d + { rate: 200 }] }' --argjson d "{ \"major\": ${disk%:*}, \"minor\": ${disk#*:} }"
  case $(control blkio/blkio.throttle.read_bps_device io.max) in
  "$disk 1048576")
    [ "$(control blkio/blkio.throttle.write_bps_device -)" = "$disk 2097152" ]
    [ "$(control blkio/blkio.throttle.read_iops_device -)" = "$disk 100" ]
    [ "$(control blkio/blkio.throttle.write_iops_device -)" = "$disk 200" ]
    ;;
  "$disk rbps=1048576 wbps=2097152 riops=100 wiops=200") ;;
  *) false ;;
  esac
}
@test "L-067 huge pages: the limit, reservations included; a size that there is not is an error" {
  refuses hugepageLimits '.linux.resources.hugepageLimits = [{ pageSize: "3KB", limit: 1 }]'
  [ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] && has_controller hugetlb || skip 'this kernel has no pages of 2 MB to limit'
  running 'sleep 60' '.linux.resources.hugepageLimits = [{ pageSize: "2MB", limit: 4194304 }]'
  [ "$(control hugetlb/hugetlb.2MB.limit_in_bytes hugetlb.2MB.max)" = 4194304 ]
  [ "$(control hugetlb/hugetlb.2MB.rsvd.limit_in_bytes hugetlb.2MB.rsvd.max)" = 4194304 ]
}
@test "L-068 network class and priorities: in the kernel, or an error" {
  if [ ! -d /sys/fs/cgroup/net_cls ]; then
    refuses linux.resources.network '.linux.resources.network.classID = 1048577'
  else
    running 'sleep 60' '.linux.resources.network.classID = 1048577'
    [ "$(control net_cls/net_cls.classid -)" = 1048577 ]
    rt delete --force box
  fi
  if [ ! -d /sys/fs/cgroup/net_prio ]; then
    refuses linux.resources.network '.linux.resources.network.priorities = [{ name: "lo", priority: 5 }]'
  fi
}
@test "L-069 pids: a limit, and none" {
  running 'sleep 60' '.linux.resources.pids.limit = 77'
  [ "$(control pids/pids.max pids.max)" = 77 ]
  rt delete --force box
  running 'sleep 60' '.linux.resources.pids.limit = -1'
  [ "$(control pids/pids.max pids.max)" = max ]
}
@test "L-075 pids: 0 is no limit (as for runc and crun)" {
  running 'sleep 60 & sleep 60' '.linux.resources.pids.limit = 0'
  [ "$(control pids/pids.max pids.max)" = max ]
}
@test "L-070 an entry of rdma says something" {
  refuses linux.resources.rdma '.linux.resources.rdma = { mlx5_1: {} }'
}
@test "L-073 unified: a controller that is not there is an error" {
  refuses unified '.linux.resources.unified = { "nosuchcontroller.max": "1" }'
  if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    refuses unified '.linux.resources.unified = { "memory.high": "100000000" }'
  fi
}
@test "L-080 intelRdt without resctrl is an error" {
  ! grep -qw resctrl /proc/mounts || skip 'this machine has resctrl'
  refuses linux.intelRdt '.linux.intelRdt = { closID: "guaranteed", l3CacheSchema: "L3:0=7f0" }'
}
@test "L-081 without intelRdt no resctrl is touched" {
  command -v strace >/dev/null || skip 'needs strace'
  script=true make_bundle "$bundle"
  timeout 60 strace -f -e trace=file -o "$place/trace" "$runtime" --root "$place/rt" run --bundle "$bundle" box < <(:) || skip 'cannot trace'
  run ! grep resctrl "$place/trace"
}

@test "L-100 an errno for an action that has none is an error" {
  refuses linux.seccomp '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 5 }'
  refuses linux.seccomp '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["acct"], action: "SCMP_ACT_KILL", errnoRet: 5 }] }'
  refuses linux.seccomp '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["acct"], action: "SCMP_ACT_ALLOW", errnoRet: 5 }] }'
}
@test "L-101 the errno is EPERM, or the one that is given" {
  shows "mkdir: can't create directory '/tmp/d': Operation not permitted" 'mkdir /tmp/d 2>&1; true' '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }] }'
  shows "mkdir: can't create directory '/tmp/d': File exists" 'mkdir /tmp/d 2>&1; true' '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 17 }] }'
}
@test "L-102 L-103 L-104 L-109 the agent gets one document, the descriptor with it, and the end; nobody there is an error" {
  timeout 30 "$BATS_TEST_DIRNAME/agent" "$place/socket" >"$place/out.agent" 3>&- &
  helper=$!
  wait_for 10 test -S "$place/socket"
  notify='.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: $s, listenerMetadata: "meta data", syscalls: [{ names: ["acct"], action: "SCMP_ACT_NOTIFY" }] }'
  running 'sleep 60' "$notify" --arg s "$place/socket"
  wait "$helper"
  jq -e --argjson pid "$pid" '.descriptors == 1 and .first and .closed and (.document | .fds == ["seccompFd"] and .pid == $pid and .metadata == "meta data"
    and (.ociVersion | startswith("1.")) and .state.id == "box")' "$place/out.agent" || { cat "$place/out.agent"; false; }
  rt delete --force box
  # the socket is still in the directory, and nobody listens
  script='echo it ran' make_bundle "$bundle" "$notify" --arg s "$place/socket"
  run ! rt run --bundle "$bundle" box
  [[ $output != *'it ran'* ]]
}
@test "L-105 listenerPath is ignored where nothing notifies" {
  shows fine 'echo fine' '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nothing/there" }'
}
@test "L-106 listenerMetadata needs listenerPath" {
  refuses listenerMetadata '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "x" }'
}
@test "L-107 a rule names one call or more" {
  refuses linux.seccomp '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: [], action: "SCMP_ACT_ERRNO" }] }'
  refuses linux.seccomp '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ action: "SCMP_ACT_ERRNO" }] }'
}

@test "L-120 the propagation of the root" {
  for word in shared slave private unbindable; do
    make_bundle "$bundle" '.linux.rootfsPropagation = $w | .process.args = ["grep", " / ", "/proc/self/mountinfo"]' --arg w $word
    # in a namespace where the root lies on a shared mount: only there can it be a slave
    run timeout 30 unshare -m --propagation shared "$runtime" --root "$place/rt" run --bundle "$bundle" box < <(:)
    [ "$status" -eq 0 ] || { echo "$word: $output"; false; }
    line=$(grep -E '^[0-9]+ [0-9]+ [^ ]+ [^ ]+ / ' <<<"$output")
    case $word in
    shared) [[ $line == *' shared:'* ]] ;;
    slave) [[ $line == *' master:'* && $line != *' shared:'* ]] ;;
    private) [[ $line != *' shared:'* && $line != *' master:'* && $line != *unbindable* ]] ;;
    unbindable) [[ $line == *' unbindable'* ]] ;;
    esac || { echo "$word: $line"; false; }
  done
}
@test "L-121 L-123 masked and read-only paths are absolute" {
  [ "$RUNTIME" = oakum ] || skip 'others take them'
  refuses linux.maskedPaths '.linux.maskedPaths = ["etc/passwd"]'
  refuses linux.readonlyPaths '.linux.readonlyPaths = ["tmp"]'
}
@test "L-122 what is masked cannot be read" {
  shows $'0\n0\nabsent' 'wc -c </etc/passwd; ls /home | wc -l; ls /nothing 2>/dev/null || echo absent' '.linux.maskedPaths = ["/etc/passwd", "/home", "/nothing"]'
}
@test "L-124 what is read-only cannot be written" {
  shows refused 'touch /etc/x 2>/dev/null && echo written || echo refused' '.root.readonly = false | .linux.readonlyPaths = ["/etc"]'
  shows refused '(echo 1 >/proc/sys/net/ipv4/ip_forward) 2>/dev/null && echo written || echo refused' '.linux.readonlyPaths = ["/proc/sys"]'
  shows written 'touch /etc/x 2>/dev/null && echo written || echo refused' '.root.readonly = false | .linux.readonlyPaths = []'
}
@test "L-125 mountLabel without SELinux is an error" {
  ! grep -qw selinux /sys/kernel/security/lsm 2>/dev/null || skip 'this kernel has SELinux'
  oakum_only
  refuses linux.mountLabel '.linux.mountLabel = "system_u:object_r:container_file_t:s0"'
}
