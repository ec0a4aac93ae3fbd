# SPDX-License-Identifier: Apache-2.0
# The process- and kernel-object fields of the runtime specification, read back from inside: `inside` (inside.c) asks the kernel.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  make_root "$place/bundle/rootfs"
  cp "$helpers/inside" "$place/bundle/rootfs/bin/inside"
}
teardown() {
  [ -z "${agent_pid:-}" ] || kill "$agent_pid" 2>/dev/null || true
  [ -z "${netns:-}" ] || ip netns del "$netns" 2>/dev/null || true
  [ -z "${netns2:-}" ] || ip netns del "$netns2" 2>/dev/null || true
  [ -z "${netns_dir_is_ours:-}" ] || { umount /run/netns && rmdir /run/netns; } 2>/dev/null || true
  start_teardown
}

# shows EXPECTED FILTER SCRIPT: the container runs SCRIPT and writes EXPECTED.
shows() {
  local want=$1 script=$3
  make_bundle "$place/bundle" "$2"
  run timeout 20 "$runtime" --root "$place/rt" run --bundle "$place/bundle" shows </dev/null
  said 0
  [ "$output" = "$want" ] || { echo "$2: \"$output\", not \"$want\""; return 1; }
}
# refused WORDS FILTER: no container, and the message has WORDS.
refused() {
  script=true make_bundle "$place/bundle" "$2"
  run timeout 20 "$runtime" --root "$place/rt" run --bundle "$place/bundle" refused </dev/null
  [ "$status" -ne 0 ] || { echo "$2: accepted"; return 1; }
  [[ $output == *"$1"* ]] || { echo "$2: no \"$1\" in: $output"; return 1; }
  one_error "$output"
  [ -z "$(rt list -q)" ]
  no_cgroup_left
}
# keep_running [FILTER]: a container `here` that waits.
keep_running() {
  script='sleep 60' make_bundle "$place/bundle" "${1:-.}"
  timeout 20 "$runtime" --root "$place/rt" run --detach --bundle "$place/bundle" here </dev/null >"$place/out" 2>&1 3>&-
}
# exec_doc FILTER PROGRAM...: exec with a process document of its own.
exec_doc() {
  local filter=$1
  shift
  jq -n '{ cwd: "/", user: { uid: 0, gid: 0 }, env: ["PATH=/bin"], args: $ARGS.positional } | '"$filter" --args -- "$@" >"$place/process.json"
  rt exec --process "$place/process.json" here </dev/null
}
online() { sed 's/[-,].*//' /sys/devices/system/cpu/online; }

# ---- process.scheduler

@test "scheduler: SCHED_BATCH with a nice value, also for what the process starts" {
  shows '3 5 0 0' '.process.scheduler = { policy: "SCHED_BATCH", nice: 5 }' 'inside sched | cut -d" " -f1-4'
}
@test "cwd: a directory that only the user may enter, whatever root's capabilities" {
  # Its group has no id in the user namespace, so that no capability of there helps: as FUSE, or NFS that squashes root.
  mapped='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
    | .process.cwd = "/mine"'
  script='pwd; cat file' make_bundle "$place/bundle" "$mapped | .process.user = {uid: 7, gid: 7}"
  mkdir "$place/bundle/rootfs/mine"
  printf '#!/bin/sh\necho here\n' >"$place/bundle/rootfs/mine/file"
  chmod 755 "$place/bundle/rootfs/mine/file"
  chown 100007:5 "$place/bundle/rootfs/mine" && chmod 700 "$place/bundle/rootfs/mine"
  run rt run --bundle "$place/bundle" mine </dev/null
  said 0 /mine 'echo here'
  make_bundle "$place/bundle" "$mapped"' | .process.user = {uid: 7, gid: 7} | .process.args = ["./file"]'
  for nnp in true false; do
    jq ".process.noNewPrivileges = $nnp" "$place/bundle/config.json" >"$place/doc" && mv "$place/doc" "$place/bundle/config.json"
    run rt run --bundle "$place/bundle" mine </dev/null
    said 0 here
    rt create --bundle "$place/bundle" mine </dev/null >"$place/out" 2>&1 3>&-
    rt start mine
    wait_for 5 grep -qx here "$place/out"
    rt delete --force mine
  done
  # An exec the same; nobody else, root neither, and nothing runs elsewhere then.
  script='sleep 60' make_bundle "$place/bundle" "$mapped"' | .process.cwd = "/" | .process.user = {uid: 7, gid: 7}'
  rt run --detach --bundle "$place/bundle" mine </dev/null >/dev/null 2>&1 3>&-
  [ "$(rt exec --cwd /mine --user 7:7 mine ./file)" = here ]
  for user in 0:0 8:7; do
    run rt exec --cwd /mine --user "$user" mine pwd
    [ "$status" -ne 0 ] && [[ $output == *'process.cwd: cannot enter /mine'* ]]
  done
  rt delete --force mine
}
@test "scheduler: SCHED_IDLE" {
  shows '5 0 0 0' '.process.scheduler = { policy: "SCHED_IDLE" }' 'inside sched | cut -d" " -f1-4'
}
@test "scheduler: SCHED_OTHER with a negative nice value" {
  shows '0 -3 0 0' '.process.scheduler = { policy: "SCHED_OTHER", nice: -3 }' 'inside sched | cut -d" " -f1-4'
}
@test "scheduler: SCHED_FLAG_RESET_ON_FORK: the process has it, its children begin anew" {
  make_bundle "$place/bundle" '.process.scheduler = { policy: "SCHED_BATCH", flags: ["SCHED_FLAG_RESET_ON_FORK"] } | .process.args = ["inside", "sched"]'
  run rt run --bundle "$place/bundle" reset </dev/null
  said 0
  [ "$(cut -d' ' -f1-4 <<<"$output")" = '3 0 0 1' ]
}
@test "scheduler: SCHED_FIFO and SCHED_RR with a priority" {
  chrt -f 1 true || skip 'this host gives us no real-time scheduling'
  shows '1 0 7 0' '.process.scheduler = { policy: "SCHED_FIFO", priority: 7 }' 'inside sched | cut -d" " -f1-4'
  shows '2 0 99 0' '.process.scheduler = { policy: "SCHED_RR", priority: 99 }' 'inside sched | cut -d" " -f1-4'
}
@test "scheduler: SCHED_DEADLINE with runtime, deadline and period" {
  chrt -d --sched-runtime 1000000 --sched-deadline 10000000 --sched-period 20000000 0 true || skip 'this host gives us no deadline scheduling'
  make_bundle "$place/bundle" '.process.scheduler = { policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 10000000, period: 20000000 } | .process.args = ["inside", "sched"]'
  run rt run --bundle "$place/bundle" deadline </dev/null
  said 0
  [ "$output" = '6 0 0 0 1000000 10000000 20000000' ]
}
@test "scheduler: what makes no sense is refused before anything is begun" {
  refused 'process.scheduler.priority' '.process.scheduler = { policy: "SCHED_FIFO" }'
  refused 'process.scheduler.priority' '.process.scheduler = { policy: "SCHED_FIFO", priority: 100 }'
  refused 'process.scheduler.priority' '.process.scheduler = { policy: "SCHED_OTHER", priority: 1 }'
  refused 'process.scheduler.policy' '.process.scheduler = { policy: "SCHED_ISO" }'
  refused 'process.scheduler.policy' '.process.scheduler = { policy: "SCHED_FAST" }'
  refused 'process.scheduler.nice' '.process.scheduler = { policy: "SCHED_OTHER", nice: 20 }'
  refused 'process.scheduler' '.process.scheduler = { policy: "SCHED_DEADLINE" }'
  refused 'process.scheduler' '.process.scheduler = { policy: "SCHED_OTHER", runtime: 5 }'
  refused 'process.scheduler.flags' '.process.scheduler = { policy: "SCHED_OTHER", flags: ["SCHED_FLAG_NOTHING"] }'
}
@test "scheduler: a real-time policy in a user namespace that the kernel refuses is an error that names it" {
  local ids='.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  chmod 755 "$place/bundle" "$place/bundle/rootfs"
  refused 'process.scheduler' "$ids"' | .process.scheduler = { policy: "SCHED_OTHER", nice: -5 }'
}
@test "scheduler: exec has the container's, or its document's own" {
  keep_running '.process.scheduler = { policy: "SCHED_BATCH", nice: 2 }'
  run rt exec here inside sched </dev/null
  said 0
  [ "$(cut -d' ' -f1-3 <<<"$output")" = '3 2 0' ]
  run exec_doc '.scheduler = { policy: "SCHED_IDLE" }' inside sched
  said 0
  [ "$(cut -d' ' -f1-3 <<<"$output")" = '5 0 0' ]
  rt delete --force here
}

# ---- process.ioPriority

@test "ioPriority: every class" {
  shows '2 6' '.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 6 }' 'inside ioprio'
  shows '3 7' '.process.ioPriority = { class: "IOPRIO_CLASS_IDLE", priority: 7 }' 'inside ioprio'
  shows '1 0' '.process.ioPriority = { class: "IOPRIO_CLASS_RT", priority: 0 }' 'inside ioprio'
}
@test "ioPriority: what is out of range is refused" {
  refused 'process.ioPriority.priority' '.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 8 }'
  refused 'process.ioPriority.class' '.process.ioPriority = { class: "IOPRIO_CLASS_NONE", priority: 0 }'
  refused 'process.ioPriority.priority' '.process.ioPriority = { class: "IOPRIO_CLASS_BE" }'
}

# ---- process.execCPUAffinity

@test "execCPUAffinity: final is where an exec runs, initial where it is born; the container's init is not touched" {
  [ "$(nproc)" -ge 2 ] || skip 'needs two CPUs'
  local first second all
  first=$(online)
  second=$((first + 1))
  keep_running '.process.execCPUAffinity = { initial: "'$first'", final: "'$second'" }'
  all=$(grep Cpus_allowed_list /proc/self/status | cut -f2)
  local pid
  pid=$(rt state here | jq .pid)
  [ "$(grep Cpus_allowed_list "/proc/$pid/status" | cut -f2)" = "$all" ]
  # the container's own setting
  [ "$(rt exec here sh -c 'grep Cpus_allowed_list /proc/self/status | cut -f2' </dev/null)" = "$second" ]
  # the document's
  [ "$(exec_doc '.execCPUAffinity = { final: "'$first'" }' sh -c 'grep Cpus_allowed_list /proc/self/status | cut -f2')" = "$first" ]
  # initial alone: afterwards all that the container has
  [ "$(exec_doc '.execCPUAffinity = { initial: "'$first'" }' sh -c 'grep Cpus_allowed_list /proc/self/status | cut -f2')" = "$all" ]
  rt delete --force here
}
@test "execCPUAffinity: CPUs that are not there and texts that are no list are errors" {
  keep_running
  run exec_doc '.execCPUAffinity = { final: "8000" }' true
  [ "$status" -ne 0 ]
  [[ $output == *process.execCPUAffinity.final* ]]
  run exec_doc '.execCPUAffinity = { initial: "8000" }' true
  [ "$status" -ne 0 ]
  [[ $output == *process.execCPUAffinity.initial* ]]
  run exec_doc '.execCPUAffinity = { initial: "0-" }' true
  [ "$status" -ne 0 ]
  [[ $output == *execCPUAffinity.initial* ]]
  rt delete --force here
  refused 'process.execCPUAffinity.final' '.process.execCPUAffinity = { final: "3-1" }'
}

# ---- linux.personality

@test "personality: LINUX32 tells a 32-bit machine, also to an exec; LINUX the real one" {
  [ "$(uname -m)" = x86_64 ] || skip 'the names are those of x86-64'
  shows 'i686 8' '.linux.personality = { domain: "LINUX32" }' 'echo $(uname -m) $(inside personality)'
  shows 'x86_64 0' '.linux.personality = { domain: "LINUX" }' 'echo $(uname -m) $(inside personality)'
  keep_running '.linux.personality = { domain: "LINUX32" }'
  [ "$(rt exec here uname -m </dev/null)" = i686 ]
  rt delete --force here
}
@test "personality: other domains, and any flag, are refused" {
  refused 'linux.personality.domain' '.linux.personality = { domain: "SVR4" }'
  refused 'linux.personality.flags' '.linux.personality = { domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"] }'
}

# ---- linux.memoryPolicy

@test "memoryPolicy: modes, nodes and flags arrive in the kernel, also for an exec" {
  [ -e /sys/devices/system/node/node0 ] || skip 'a kernel without NUMA'
  shows '2 1' '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0" }' 'inside mempolicy'
  shows '3 1' '.linux.memoryPolicy = { mode: "MPOL_INTERLEAVE", nodes: "0" }' 'inside mempolicy'
  shows '1 1' '.linux.memoryPolicy = { mode: "MPOL_PREFERRED", nodes: "0" }' 'inside mempolicy'
  shows '4 0' '.linux.memoryPolicy = { mode: "MPOL_LOCAL" }' 'inside mempolicy'
  shows '0 0' '.linux.memoryPolicy = { mode: "MPOL_DEFAULT" }' 'inside mempolicy'
  shows '5 1' '.linux.memoryPolicy = { mode: "MPOL_PREFERRED_MANY", nodes: "0" }' 'inside mempolicy'
  shows "$((2 | 1 << 15)) 1" '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] }' 'inside mempolicy'
  shows "$((3 | 1 << 14)) 1" '.linux.memoryPolicy = { mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_RELATIVE_NODES"] }' 'inside mempolicy'
  keep_running '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0" }'
  [ "$(rt exec here inside mempolicy </dev/null)" = '2 1' ]
  rt delete --force here
}
@test "memoryPolicy: what contradicts itself or does not exist is refused" {
  refused 'linux.memoryPolicy.nodes' '.linux.memoryPolicy = { mode: "MPOL_BIND" }'
  refused 'linux.memoryPolicy.nodes' '.linux.memoryPolicy = { mode: "MPOL_LOCAL", nodes: "0" }'
  refused 'linux.memoryPolicy.nodes' '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "all" }'
  refused 'linux.memoryPolicy' '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "1023" }'
  refused 'linux.memoryPolicy.mode' '.linux.memoryPolicy = { mode: "MPOL_NEAR" }'
  refused 'linux.memoryPolicy.flags' '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"] }'
}

# ---- linux.netDevices: all in a network namespace of the test's own

make_netns() {
  mountpoint -q /run/netns || netns_dir_is_ours=1 # ip makes it a mount, and would leave it
  netns=oakum-test-$$
  ip netns add "$netns" || skip 'cannot make a network namespace'
  ip -n "$netns" link add oak0 type veth peer name oak1 || skip 'this kernel has no veth'
  ip -n "$netns" link set oak1 up
}
rt_there() { timeout 20 nsenter --net="/run/netns/$netns" "$runtime" --root "$place/rt" "$@"; }

@test "netDevices: an interface comes with its name, MTU, hardware address and global addresses, and is up" {
  make_netns
  ip -n "$netns" link set oak0 mtu 1400 address 02:00:00:00:00:07 up
  ip -n "$netns" addr add 192.0.2.7/24 broadcast 192.0.2.255 dev oak0
  ip -n "$netns" addr add 198.51.100.1 peer 198.51.100.2/32 dev oak0
  ip -n "$netns" addr add 2001:db8::7/64 nodad dev oak0
  ip -n "$netns" addr add 169.254.7.7/16 scope link dev oak0
  script='ip addr show dev inner0; ip link show' make_bundle "$place/bundle" '.linux.netDevices = { oak0: { name: "inner0" } }'
  run rt_there run --bundle "$place/bundle" net </dev/null
  said 0 'inner0' 'UP' 'mtu 1400' '02:00:00:00:00:07' 'inet 192.0.2.7/24 brd 192.0.2.255 scope global' 'inet 198.51.100.1 peer 198.51.100.2/32' 'inet6 2001:db8::7/64 scope global'
  [[ $output != *oak0* && $output != *169.254* ]]
}
@test "netDevices: without a name the interface keeps its own; several at once; the host has them no more" {
  make_netns
  ip -n "$netns" link add oak2 type veth peer name oak3
  script='ip -o link show | cut -d: -f2 | cut -d@ -f1 | tr -d " \n"' make_bundle "$place/bundle" '.linux.netDevices = { oak0: {}, oak2: { name: "eth0" } }'
  rt_there create --bundle "$place/bundle" net </dev/null >"$place/out" 2>&1
  run ! ip -n "$netns" link show oak0
  run ! ip -n "$netns" link show oak2
  rt_there start net
  wait_for 5 grep -q eth0 "$place/out"
  [[ $(cat "$place/out") == *oak0* ]]
  rt_there delete --force net
}
@test "netDevices: into a namespace that is there already, where the interface stays" {
  make_netns
  netns2=oakum-test-$$-b
  ip netns add "$netns2"
  ip -n "$netns" addr add 192.0.2.9/24 dev oak0
  script='ip -o addr show dev eth5' make_bundle "$place/bundle" '.linux.netDevices = { oak0: { name: "eth5" } } | (.linux.namespaces[] | select(.type == "network")).path = "/run/netns/'$netns2'"'
  run rt_there run --bundle "$place/bundle" net </dev/null
  said 0 192.0.2.9/24
  ip -n "$netns2" link show eth5
  # the name is taken now: nothing is moved
  run rt_there run --bundle "$place/bundle" net </dev/null
  [ "$status" -ne 0 ]
  [[ $output == *linux.netDevices.oak0* ]]
  ip -n "$netns" link add oak0 type veth peer name oak4
  run rt_there run --bundle "$place/bundle" net </dev/null
  [ "$status" -ne 0 ]
  [[ $output == *'linux.netDevices.oak0'*'eth5 already'* ]]
  ip -n "$netns" link show oak0
}
@test "netDevices: with a user namespace the host's rights move it" {
  make_netns
  ip -n "$netns" addr add 192.0.2.11/24 dev oak0
  script='ip -o addr show dev oak0' make_bundle "$place/bundle" '.linux.netDevices = { oak0: {} } | .linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
  run rt_there run --bundle "$place/bundle" net </dev/null
  said 0 192.0.2.11/24
}
@test "netDevices: no own network namespace, no such interface, two of one name, a pattern: refused, nothing moved" {
  make_netns
  refused 'linux.netDevices.nothing0' '.linux.netDevices = { nothing0: {} }'
  refused 'linux.netDevices' '.linux.netDevices = { lo: {} } | .linux.namespaces |= map(select(.type != "network"))'
  refused 'linux.netDevices' '.linux.netDevices = { a0: { name: "x0" }, b0: { name: "x0" } }'
  refused 'linux.netDevices' '.linux.netDevices = { a0: { name: "x%dy" } }'
  refused 'linux.netDevices' '.linux.netDevices = { a0: { name: "x%s" } }'
  refused 'linux.netDevices' '.linux.netDevices = { "a%d": { name: "x0" } }'
  refused 'linux.netDevices' '.linux.netDevices = { a0: { name: "a/b" } }'
  script=true make_bundle "$place/bundle" '.linux.netDevices = { oak0: {}, missing0: {} }'
  run rt_there run --bundle "$place/bundle" net </dev/null
  [ "$status" -ne 0 ]
  [[ $output == *linux.netDevices.missing0* ]]
  ip -n "$netns" link show oak0
}

# ---- linux.seccomp: SCMP_ACT_NOTIFY

# agent COUNT [ERRNO]: answers; states arrive in $place/states.
agent() {
  "$helpers/inside" agent "$place/agent" "$place/states" "$@" </dev/null >/dev/null 2>&1 3>&- &
  agent_pid=$!
  wait_for 5 test -S "$place/agent"
}
notify='.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: $agent, listenerMetadata: "some metadata", syscalls: [{ names: $names, action: "SCMP_ACT_NOTIFY" }] }'
notify_bundle() {
  local names=$1 filter=${2:-.}
  make_bundle "$place/bundle" "$notify | $filter" --arg agent "$place/agent" --argjson names "$names"
}

@test "notify: the agent gets the listener with the state of the specification, and answers" {
  agent 1 95
  script='mkdir /tmp/d || echo refused' notify_bundle '["mkdir", "mkdirat"]' '.annotations = { who: "me" }'
  run rt run --bundle "$place/bundle" asked </dev/null
  said 0 'Operation not supported' refused
  jq -e --arg bundle "$place/bundle" '.fds == ["seccompFd"] and .metadata == "some metadata" and .pid > 1 and .ociVersion == .state.ociVersion and
    (.state | .id == "asked" and .status == "creating" and .bundle == $bundle and .annotations == { who: "me" }) and .state.pid == .pid' "$place/states"
}
@test "notify: the pid in the state is the host's, for init and for an exec; both ways of no_new_privs" {
  local nnp
  for nnp in true false; do
    rm -f "$place/agent"
    agent 2
    script='mkdir /tmp/d; sleep 60' notify_bundle '["mkdir"]' ".process.noNewPrivileges = $nnp"
    rt run --detach --bundle "$place/bundle" here </dev/null >"$place/out" 2>&1 3>&-
    wait_for 5 test -s "$place/states"
    [ "$(jq .pid "$place/states")" = "$(rt state here | jq .pid)" ]
    rt exec here mkdir /tmp/e </dev/null
    [ "$(jq -s 'length' "$place/states")" = 2 ]
    jq -se '.[1] | .pid != .state.pid and .state.status == "running"' "$place/states"
    [ "$(jq -s '.[1].state.pid' "$place/states")" = "$(rt state here | jq .pid)" ]
    rt delete --force here
    kill "$agent_pid" 2>/dev/null || true
  done
}
@test "notify: the very calls of the handing over may be notified, or forbidden" {
  agent 2
  script='echo went on' notify_bundle '["sendmsg", "write", "writev", "read", "close", "futex", "execve", "mmap", "brk", "exit_group"]'
  run rt run --bundle "$place/bundle" asked </dev/null
  said 0 'went on'
  script='echo went on' notify_bundle '["mkdir"]' '.linux.seccomp.syscalls += [{ names: ["sendmsg", "sched_yield", "close", "clone", "exit"], action: "SCMP_ACT_ERRNO" }]'
  run rt run --bundle "$place/bundle" asked </dev/null
  said 0 'went on'
}
@test "notify: a startContainer hook has the filter too, and a listener of its own" {
  local way
  for way in run create; do
    rm -f "$place/agent" "$place/states"
    agent 3 95
    script='mkdir /tmp/d || echo refused; ls -l /proc/1/fd | grep -c socket; true' notify_bundle '["mkdir"]' \
      '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "mkdir /tmp/e 2>/tmp/said; ls -l /proc/self/fd | grep -c socket >>/tmp/said; true"], env: ["PATH=/bin"]},
        {path: "/bin/sh", args: ["sh", "-c", "grep -q supported /tmp/said && grep -qx 0 /tmp/said"], env: ["PATH=/bin"]}]'
    if [ "$way" = run ]; then
      run rt run --bundle "$place/bundle" asked </dev/null
      said 0 'Operation not supported' refused
      [ "${lines[2]}" = 0 ]
    else
      rt create --bundle "$place/bundle" asked </dev/null >"$place/out" 2>&1 3>&-
      rt start asked
      wait_for 5 grep -q refused "$place/out"
      rt delete --force asked
    fi
    wait_for 5 sh -c "[ \$(jq -s length '$place/states') = 3 ]"
    # In their order, each with its own pid; the container's is the first process's.
    jq -se '(map(.pid) | unique | length) == 3 and (map(.state.pid) | unique) == [.[2].pid] and all(.state.id == "asked" and .state.status == "creating")' "$place/states" || { cat "$place/states"; false; }
    kill "$agent_pid" 2>/dev/null || true
  done
}
@test "notify: between create and start nothing is filtered, start hands the listener over" {
  agent 1 95
  script='mkdir /tmp/d || echo refused' notify_bundle '["mkdir"]'
  rt create --bundle "$place/bundle" asked </dev/null >"$place/out" 2>&1 3>&-
  [ ! -s "$place/states" ]
  rt start asked
  wait_for 5 grep -q refused "$place/out"
  wait_for 5 test -s "$place/states"
  rt delete --force asked
}
@test "notify: no listenerPath, nobody there, a real-time policy: refused" {
  refused 'linux.seccomp.listenerPath' '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }] }'
  refused 'linux.seccomp.listenerPath' '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nothing/there", syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }] }'
  agent 1
  refused 'process.scheduler' '.process.scheduler = { policy: "SCHED_RR", priority: 1 } | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "'"$place"'/agent", syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }] }'
}
@test "notify: no room for the second thread is an error, not a container without an agent" {
  agent 1
  refused 'linux.seccomp: cannot start a thread' '.linux.resources.pids.limit = 1 | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "'"$place"'/agent", syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }] }'
}
@test "notify: listenerPath without a notifying rule is ignored" {
  shows fine '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nothing/there", syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_ERRNO" }] }' 'echo fine'
}
@test "notify: no listener is left open inside, and no second thread" {
  agent 1
  script='ls -l /proc/1/fd | grep -c -e seccomp -e socket; ls /proc/1/task | wc -l' notify_bundle '["mkdir"]'
  run rt run --bundle "$place/bundle" asked </dev/null
  said 0
  [ "$output" = $'0\n1' ]
}

# ---- what was there before

@test "user: additionalGids and umask" {
  shows '8 9 10 12 0027' '.process.user = { uid: 8, gid: 8, umask: 23, additionalGids: [9, 10, 12] }' 'echo $(id -G) $(umask)'
  shows '0 0022' '.process.user = { uid: 0, gid: 0 }' 'echo $(id -G) $(umask)'
}
@test "environment: of two variables of one name the last, also for where the program is looked for" {
  shows $'A=2\nPATH=/bin\nHOME=/' '.process.env = ["A=1", "PATH=/nowhere", "A=2", "PATH=/bin", "HOME=/"] | .process.args = ["env"]' true
}

@test "environment: HOME of the container's own passwd where the document has none, for exec too; nothing is waited for or led out by" {
  user() { echo ".process.user = {uid: $1, gid: $1} | .process.env = [\"PATH=/bin\"]"; }
  shows /root "$(user 0)" 'echo $HOME'
  shows / "$(user 77)" 'echo $HOME'
  keep_running "$(user 0)"
  [ "$(rt exec here sh -c 'echo $HOME')" = /root ]
  [ "$(rt exec --user 77 here sh -c 'echo $HOME')" = / ]
  [ "$(rt exec --env HOME=/set here sh -c 'echo $HOME')" = /set ]
  rt delete --force here
  # A link inside the root is the image's affair; a FIFO, a directory, a huge file, a link to a descriptor: as if the user were unknown.
  etc=$place/bundle/rootfs/etc
  echo 'x:x:0:0:x:/by/a/link:' >"$etc/linked"
  for make in 'ln -s linked' 'ln -s ../../../../etc/linked' mkfifo mkdir 'truncate -s 2M' 'ln -s /proc/self/fd/0' true; do
    rm -rf "$etc/passwd"
    $make "$etc/passwd"
    want=/
    [[ $make != *linked ]] || want=/by/a/link
    script='echo $HOME' make_bundle "$place/bundle" "$(user 0)"
    run timeout 20 "$runtime" --root "$place/rt" run --bundle "$place/bundle" box <"$etc/linked"
    [ "$status:$output" = "0:$want" ] || { echo "$make: $status $output"; false; }
  done
}

@test "oomScoreAdj: set as given, else the caller's" {
  shows '321' '.process.oomScoreAdj = 321' 'cat /proc/self/oom_score_adj'
  shows "$(cat /proc/self/oom_score_adj)" '.' 'cat /proc/self/oom_score_adj'
}
@test "oomScoreAdj: exec has its document's, else the container's, and not that of who called us" {
  keep_running '.process.oomScoreAdj = 300'
  [ "$(rt exec here cat /proc/self/oom_score_adj)" = 300 ]
  [ "$(exec_doc . cat /proc/self/oom_score_adj)" = 300 ]
  [ "$(exec_doc '.oomScoreAdj = 400' cat /proc/self/oom_score_adj)" = 400 ]
  [ "$(sh -c 'echo 200 >/proc/self/oom_score_adj; exec "$@"' sh "$runtime" --root "$place/rt" exec here cat /proc/self/oom_score_adj)" = 300 ]
  # our own comes back: it is only lent to what is forked
  "$runtime" --root "$place/rt" exec here sh -c 'echo begun; sleep 2' >"$place/begun" 3>&- &
  waiting=$!
  wait_for 5 grep -q begun "$place/begun"
  [ "$(cat /proc/$waiting/oom_score_adj)" = "$(cat /proc/self/oom_score_adj)" ]
  wait $waiting
}

@test "signals that the caller ignores are not ignored by the container, nor by exec" {
  command -v python3 >/dev/null || skip 'needs python3'
  ignored=(python3 -c 'import os, signal, sys
for s in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(s, signal.SIG_IGN)
os.execvp(sys.argv[1], sys.argv[1:])')
  script='grep SigIgn /proc/self/status; exit 7' make_bundle "$place/bundle"
  run "${ignored[@]}" timeout 20 "$runtime" --root "$place/rt" run --bundle "$place/bundle" box </dev/null
  [ "$status" = 7 ] && [ "$output" = $'SigIgn:\t0000000000000000' ] || { echo "$status: $output"; false; }
  "${ignored[@]}" "$runtime" --root "$place/rt" create --bundle "$place/bundle" box </dev/null >"$place/out" 2>&1 3>&-
  rt start box
  wait_for 5 grep -q 'SigIgn.*0000000000000000' "$place/out"
  rt delete --force box
  keep_running
  run "${ignored[@]}" timeout 20 "$runtime" --root "$place/rt" exec here grep SigIgn /proc/self/status
  [ "$output" = $'SigIgn:\t0000000000000000' ] || { echo "$output"; false; }
}

@test "rlimits: soft and hard" {
  shows '100 200 0 0' '.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 100, hard: 200 }, { type: "RLIMIT_CORE", soft: 0, hard: 0 }]' \
    'echo $(ulimit -Sn) $(ulimit -Hn) $(ulimit -Sc) $(ulimit -Hc)'
}
@test "hostname, domainname and sysctls are the container's" {
  shows 'here there.example 77' '.hostname = "here" | .domainname = "there.example" | .linux.sysctl = { "net.core.somaxconn": "77" }' \
    'echo $(hostname) $(cat /proc/sys/kernel/domainname) $(cat /proc/sys/net/core/somaxconn)'
}
@test "consoleSize: the terminal has it" {
  make_bundle "$place/bundle" '.process.terminal = true | .process.consoleSize = { height: 33, width: 101 } | .process.args = ["inside", "size"]'
  cat >"$place/receive.py" <<'END'
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
c = s.accept()[0]
_, control, _, _ = c.recvmsg(100, 100)
fd = array.array('i', control[0][2])[0]
try:
    while True:
        sys.stdout.buffer.write(os.read(fd, 1000))
        sys.stdout.flush()
except OSError:
    pass
END
  timeout 20 python3 "$place/receive.py" "$place/console" >"$place/out" 3>&- &
  wait_for 5 test -S "$place/console"
  rt run --detach --console-socket "$place/console" --bundle "$place/bundle" sized </dev/null
  wait_for 5 grep -q '33 101' "$place/out"
  rt delete --force sized
}
@test "features: network devices, memory policies and notification are told, and intelRdt" {
  run rt features
  said 0
  jq -e '.linux | .netDevices.enabled and (.memoryPolicy.modes | index("MPOL_BIND")) and (.memoryPolicy.flags | index("MPOL_F_STATIC_NODES")) and
    (.seccomp.actions | index("SCMP_ACT_NOTIFY")) and .intelRdt.monitoring' <<<"$output"
}
@test "intelRdt without resctrl is refused by name" {
  ! grep -q ' resctrl ' /proc/mounts || skip 'resctrl is mounted'
  refused 'linux.intelRdt' '.linux.intelRdt = { closID: "guaranteed" }'
}
