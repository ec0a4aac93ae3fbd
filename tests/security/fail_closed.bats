# SPDX-License-Identifier: Apache-2.0
# What was asked for and is not possible here is an error that names it, and nothing is made: never a container without it.
#
#   defence                                                  test
#   confine/lsm.c: lsm_check()                               a label whose LSM is absent
#   confine/seccomp_compile.c: add_unknown()                 an unknown call in a rule that refuses, …that allows
#   confine/cgroup_v2.c: enable(), cgroup_write.c: ENOENT    a controller that is missing (two in a row: with one left it is refused)
#   confine/cgroup_limits.c: unified_controller(), on_v2     a controller that is missing
#   confine/sysctl.c: check_one()                            a sysctl outside of its namespace
#   runtime/annotations.c: annotations_check()               an annotation of our own that nobody knows
#   confine/resctrl.c: resctrl_open()                        classes of service without resctrl
#   cli/runtime_run.c: LISTEN_PID                            descriptors of somebody else's socket activation
#   runtime/process.c: make_directory() by sys/root.h        a working directory that is made
#
# Each test was seen to fail with its defence taken out (every row above by itself, and each of the labels, of the two kinds of
# unknown calls, and the making of a directory by path or for exec); change one and see it again.

load ../integration/lib/start

setup() { start_setup; }
teardown() { start_teardown; }

# refused WORDS FILTER: an error with the words; no container, no cgroup, and the program was not run.
refused() {
  rm -rf "$place/b/ran"
  script='echo ran' make_bundle "$place/b" "$2"
  run timeout -k 1 20 "$runtime" --root "$place/rt" run --bundle "$place/b" box </dev/null
  said 1 "$1"
  [[ $output != *$'\nran'* && $output != ran* ]]
  [ -z "$(rt list --quiet)" ]
  no_cgroup_left
}

@test "a label whose LSM is absent" {
  if [ ! -d /sys/kernel/security/apparmor ] && ! grep -q apparmor /sys/kernel/security/lsm 2>/dev/null; then
    refused 'process.apparmorProfile' '.process.apparmorProfile = "docker-default"'
    make_bundle "$place/b"
    script='sleep 60' make_bundle "$place/b"
    rt run --detach --bundle "$place/b" box </dev/null >"$place/out" 2>&1
    run rt exec --apparmor docker-default box echo ran
    rt delete --force box
    said 1 'apparmor'
  fi
  if [ ! -d /sys/fs/selinux/class ]; then
    refused 'process.selinuxLabel' '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
    refused 'linux.mountLabel' '.linux.mountLabel = "system_u:object_r:container_file_t:s0"'
    script='sleep 60' make_bundle "$place/b"
    rt run --detach --bundle "$place/b" box </dev/null >"$place/out" 2>&1
    run rt exec --process-label system_u:system_r:container_t:s0 box echo ran
    said 1 selinuxLabel
    rt delete --force box
    # What engines send where SELinux is off.
    make_bundle "$place/b" '.linux.mountLabel = "" | .process.selinuxLabel = "" | .process.apparmorProfile = ""'
    rt run --bundle "$place/b" unlabelled </dev/null
  fi
}

@test "an unknown call: an error in a rule that refuses it, reported in one that allows it" {
  allow='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["no_such_call"], action: $a}]}'
  for action in KILL_PROCESS KILL TRAP ERRNO; do
    refused 'no_such_call' "\"SCMP_ACT_$action\" as \$a | $allow"
  done
  make_bundle "$place/b" '.linux.seccomp = {defaultAction: "SCMP_ACT_LOG", syscalls: [{names: ["no_such_call"], action: "SCMP_ACT_ALLOW"}]}'
  run timeout -k 1 20 "$runtime" --root "$place/rt" run --bundle "$place/b" box </dev/null
  [[ $output == *no_such_call* ]]
  [[ $output == *unknown* ]]
}

@test "a controller that is missing" {
  refused 'not a control file' '.linux.resources.unified = {"nosuch.max": "1"}'
  refused 'not a file name' '.linux.resources.unified = {"../memory.max": "1"}'
  grep -qw rdma /proc/cgroups || refused 'rdma' '.linux.resources.rdma = {mlx5_0: {hcaHandles: 1}}'
  grep -qw net_prio /proc/cgroups || refused 'network.priorities' '.linux.resources.network.priorities = [{name: "lo", priority: 1}]'
  grep -qw net_cls /proc/cgroups || refused 'network.classID' '.linux.resources.network.classID = 1'
  grep -qw hugetlb /proc/cgroups || refused 'hugepageLimits' '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 0}]'
  if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    refused 'needs cgroup v2' '.linux.resources.unified = {"memory.high": "1000000"}'
  fi
  # Nor by update: what cannot be set is an error, and what was set stays.
  script='sleep 60' make_bundle "$place/b"
  rt run --detach --bundle "$place/b" box </dev/null >"$place/out" 2>&1
  run rt update --resources - box <<<'{"unified": {"nosuch.max": "1"}}'
  said 1 'not a control file'
  if ! grep -qw rdma /proc/cgroups; then
    run rt update --resources - box <<<'{"rdma": {"mlx5_0": {"hcaHandles": 1}}}'
    said 1 rdma
  fi
  rt delete --force box
}

@test "a sysctl outside of its namespace" {
  refused 'kernel.pid_max' '.linux.sysctl = {"kernel.pid_max": "1000"}'
  refused 'vm.overcommit_memory' '.linux.sysctl = {"vm.overcommit_memory": "1"}'
  refused 'net.ipv4.ip_forward' '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))'
  refused 'kernel.msgmax' '.linux.sysctl = {"kernel.msgmax": "1000"} | .linux.namespaces |= map(select(.type != "ipc"))'
}

@test "an annotation of our own that nobody knows" {
  refused 'org.oakum.lanlock' '.annotations["org.oakum.lanlock"] = "on"'
}

@test "classes of service without resctrl" {
  ! grep -q ' resctrl ' /proc/mounts || skip 'resctrl is mounted'
  refused 'resctrl' '.linux.intelRdt = {schemata: ["L3:0=f"]}'
  refused 'resctrl' '.linux.intelRdt = {enableMonitoring: true}'
}

@test "descriptors of somebody else's socket activation are not passed on" {
  echo secret >"$place/secret"
  script='cat <&3' make_bundle "$place/b"
  run env LISTEN_FDS=1 LISTEN_PID=1 "$runtime" --root "$place/rt" run --bundle "$place/b" box 3<"$place/secret" </dev/null
  [[ $status -ne 0 && $output != *secret* ]]
  run env -u LISTEN_PID LISTEN_FDS=1 "$runtime" --root "$place/rt" run --bundle "$place/b" box 3<"$place/secret" </dev/null
  [[ $status -ne 0 && $output != *secret* ]]
  # Meant for it: the shell's pid is the runtime's.
  run sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh "$runtime" --root "$place/rt" run --bundle "$place/b" box 3<"$place/secret" </dev/null
  said 0 secret
}

@test "a working directory that is made: in the root only, and not in a read-only one" {
  mkdir "$place/canary"
  script='pwd; stat -c "%u %a" .' make_bundle "$place/b" '.process.cwd = "/made/for/it" | .root.readonly = false'
  run timeout -k 1 20 "$runtime" --root "$place/rt" run --bundle "$place/b" box </dev/null
  said 0 '/made/for/it' '0 755'
  [ -d "$place/b/rootfs/made/for/it" ]
  # A link that leads out leads to the root's own: what it points to is made there.
  ln -s "$place/canary" "$place/b/rootfs/link"
  script='pwd -P' make_bundle "$place/b" '.process.cwd = "/link/below" | .root.readonly = false'
  run timeout -k 1 20 "$runtime" --root "$place/rt" run --bundle "$place/b" box </dev/null
  [ -z "$(ls "$place/canary")" ]
  said 0 "$place/canary/below"
  refused 'process.cwd' '.process.cwd = "/not/there" | .root.readonly = true'
  [ ! -e "$place/b/rootfs/not" ]
  # exec makes none.
  script='sleep 60' make_bundle "$place/b" '.root.readonly = false'
  rt run --detach --bundle "$place/b" box </dev/null >"$place/out" 2>&1
  run rt exec --cwd /nor/this box true
  rt delete --force box
  said 1 'process.cwd'
  [ ! -e "$place/b/rootfs/nor" ]
}
