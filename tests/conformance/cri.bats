#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# containerd's CRI plug-in, as the kubelet uses it for a pod with a RuntimeClass: two containers, $RUNTIME being the runtime handler and its
# binary; the default runtime is one that cannot run, so nothing here can have used it. The client is
# lib/cri; images come from a tar archive, the network from Debian's CNI plug-ins.

bats_require_minimum_version 1.5.0
load lib/engine

setup_file() {
  needs containerd ctr busybox jq tar
  /usr/bin/python3 -c 'import grpc' 2>/dev/null || skip 'needs python3-grpcio'
  [ -x /usr/lib/cni/ptp ] || skip 'needs containernetworking-plugins'
  world_begin cri
  mkdir -p "$place/lib" "$place/cni" "$place/logs"
  jq -n --arg d "$place/ipam" '{cniVersion: "0.4.0", name: "oakum-conf", plugins: [{type: "ptp", ipMasq: false,
    ipam: {type: "host-local", dataDir: $d, ranges: [[{subnet: "10.213.77.0/24"}]]}}]}' >"$place/cni/10.conflist"
  cat >"$place/config.toml" <<CONF
version = 2
root = "$place/lib"
state = "/run/containerd-state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs"]
[grpc]
address = "/run/ctr.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "docker.io/library/pause:1"
stream_server_port = "0"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "$place/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "default"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.default]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.default.options]
BinaryName = "$place/there-is-no-default"
CONF
  # The table of the documentation, for this runtime.
  sed -n '/^\[plugins.*cri"\.containerd\.runtimes\.oakum\]/,/^```/ { /^```/d; p }' "$BATS_TEST_DIRNAME/../../docs/deployment.md" | sed -E \
    -e "s/runtimes\.oakum/runtimes.$RUNTIME/; s,\"/usr.*/oakum-runtime\",\"$runtime\",; s/(SystemdCgroup =) true/\1 false/" >>"$place/config.toml"
  grep -qF "BinaryName = \"$runtime\"" "$place/config.toml"
  daemon "$place/containerd.log" containerd --config "$place/config.toml" --log-level debug
  wait_for 20 inside timeout 10 ctr -a /run/ctr.sock version || { tail "$place/containerd.log"; return 1; }
  oci_archive "$place/image.tar" docker.io/library/box:latest docker.io/library/pause:1
  inside timeout 60 ctr -a /run/ctr.sock -n k8s.io images import "$place/image.tar"
  cri RunPodSandbox "$(pod shared)" | jq -r .pod_sandbox_id >"$place/pod"
  [ -s "$place/pod" ] || { tail -n 20 "$place/containerd.log"; return 1; }
}

teardown_file() {
  local id
  if [ -n "${place:-}" ]; then
    for id in $(cri ListPodSandbox | jq -r '.items[]?.id'); do
      cri StopPodSandbox "{\"pod_sandbox_id\": \"$id\"}" && cri RemovePodSandbox "{\"pod_sandbox_id\": \"$id\"}"
    done >/dev/null 2>&1 || true
    if [ -n "${CONTAINERD_LOG:-}" ]; then cp "$place/containerd.log" "$CONTAINERD_LOG"; fi
  fi
  world_end
}

setup() {
  known_difference
  sandbox=$(cat "$place/pod")
}

cri() { inside timeout -k 2 60 "$BATS_TEST_DIRNAME/lib/cri" /run/ctr.sock "$@"; }

# pod NAME [FILTER]: a request for a pod.
pod() {
  jq -n --arg n "$1" --arg g "/$group-pods/$1" --arg l "$place/logs" --arg h "$RUNTIME" '{runtime_handler: $h, config: {metadata: {name: $n, uid: $n, namespace: "default"},
    hostname: "pod-\($n)", log_directory: $l, linux: {cgroup_parent: $g, security_context: {namespace_options: {pid: 1}}}}} | '"${2:-.}"
}

# create NAME FILTER PROGRAM...: a container in $sandbox, which was made with $pod_filter; its id.
create() {
  local name=$1 filter=$2
  shift 2
  cri CreateContainer "$(jq -n --arg n "$name" --arg s "$sandbox" --argjson p "$(pod shared "${pod_filter:-.}" | jq .config)" \
    '{pod_sandbox_id: $s, sandbox_config: $p, config: ({metadata: {name: $n}, image: {image: "docker.io/library/box:latest"}, command: $ARGS.positional,
      log_path: "\($n).log", linux: {security_context: {namespace_options: {pid: 1}}}} | '"$filter"')}' --args -- "$@")" | jq -r .container_id
}
start() { cri StartContainer "{\"container_id\": \"$1\"}" >/dev/null; }
# up NAME FILTER PROGRAM...: its id in $id.
up() { id=$(create "$@") && start "$id"; }
state() { cri ContainerStatus "{\"container_id\": \"$1\"}" | jq -r ".status | ${2:-.state // 0}"; }
exited() { [ "$(state "$1")" = 2 ]; }
gone() { cri RemoveContainer "{\"container_id\": \"$1\"}" >/dev/null; }
# in_it ID PROGRAM...: ExecSync; "STATUS:OUTPUT".
in_it() {
  cri ExecSync "$(jq -n --arg c "$1" '{container_id: $c, cmd: $ARGS.positional, timeout: 10}' --args -- "${@:2}")" | jq -r '"\(.exit_code // 0):\(.stdout // "")\(.stderr // "")"'
}
log() { cut -d' ' -f2,4- "$place/logs/$1.log"; }
# once NAME FILTER PROGRAM...: the container's log after it has ended.
once() {
  up "$@"
  wait_for 10 exited "$id"
  log "$1"
  gone "$id"
}

@test 'RunPodSandbox: ready, with an address and the runtime handler' {
  try cri PodSandboxStatus "{\"pod_sandbox_id\": \"$sandbox\"}"
  is 0 '*10.213.77.*'
  [ "$(jq -r '.status | "\(.state // 0) \(.runtime_handler)"' <<<"$output")" = "0 $RUNTIME" ]
}

@test 'RunPodSandbox: the handler of a RuntimeClass decides; another name, or none, does not come here' {
  try cri RunPodSandbox "$(pod nobody '.runtime_handler = "nobody"')"
  [ "$status" -ne 0 ]
  is "$status" '*no runtime for "nobody"*'
  try cri RunPodSandbox "$(pod default 'del(.runtime_handler)')"
  [ "$status" -ne 0 ]
  is "$status" '*there-is-no-default*'
}

@test 'two containers share network, ipc and host name, not pids' {
  local a b kind
  up first . sleep 600
  a=$id
  up second . sleep 600
  b=$id
  for kind in net ipc uts; do
    [ "$(in_it "$a" readlink /proc/self/ns/$kind)" = "$(in_it "$b" readlink /proc/self/ns/$kind)" ]
  done
  [ "$(in_it "$a" readlink /proc/self/ns/pid)" != "$(in_it "$b" readlink /proc/self/ns/pid)" ]
  [ "$(in_it "$b" hostname)" = 0:pod-shared ]
  in_it "$a" sh -c 'echo served | nc -l -p 8080 >/dev/null 2>&1 & sleep 0.2'
  [ "$(in_it "$b" nc -w 5 127.0.0.1 8080)" = 0:served ]
  gone "$a"
  gone "$b"
}

@test 'ExecSync: output, both streams, status, an end by the time' {
  up exec . sleep 600
  [ "$(in_it "$id" echo in)" = 0:in ]
  [ "$(in_it "$id" sh -c 'echo out; echo err >&2; exit 3')" = $'3:out\nerr' ]
  try cri ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"sleep\", \"60\"], \"timeout\": 1}"
  is 1 '*imeout*'
  try cri ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"/nonexistent\"]}"
  is 1 '*nonexistent*'
  [ "$(in_it "$id" echo still)" = 0:still ]
  gone "$id"
}

@test 'logs: both streams, in the form of the interface' {
  try once logs . sh -c 'echo out; echo err >&2'
  is_one 0 $'stdout out\nstderr err' $'stderr err\nstdout out'
}

@test 'environment, directory, user and groups, mounts' {
  mkdir -p "$place/bind" && echo there >"$place/bind/file"
  try once fields '.envs = [{key: "A", value: "b"}] | .working_dir = "/tmp" | .mounts = [{container_path: "/m", host_path: "'"$place"'/bind", readonly: true}]
    | .linux.security_context += {run_as_user: {value: 8}, run_as_group: {value: 9}, supplemental_groups: [77]}' \
    sh -c 'echo $IMAGE $A $(pwd) $HOME $(id -u):$(id -g); grep ^Groups /proc/self/status | grep -c 77; cat /m/file; touch /m/x 2>/dev/null; echo $?'
  is 0 $'stdout yes b /tmp / 8:9\nstdout 1\nstdout there\nstdout 1'
}

@test 'security context: read-only root, no_new_privs, seccomp, capabilities, masked paths' {
  try once secure '.linux.security_context += {readonly_rootfs: true, no_new_privs: true, seccomp: {profile_type: 0}, capabilities: {drop_capabilities: ["ALL"], add_capabilities: ["CHOWN"]},
    masked_paths: ["/proc/timer_list"], readonly_paths: ["/proc/sys"]}' \
    sh -c 'touch /x 2>/dev/null; echo $?; grep -E "^(NoNewPrivs|Seccomp|CapEff):" /proc/self/status | tr -s "\t" " "; wc -c </proc/timer_list; touch /proc/sys/x 2>/dev/null; echo $?'
  is 0 $'stdout 1\nstdout CapEff: 0000000000000001\nstdout NoNewPrivs: 1\nstdout Seccomp: 2\nstdout 0\nstdout 1'
}

@test 'resources reach the cgroup, and UpdateContainerResources changes them' {
  [ -d /sys/fs/cgroup/memory ] || skip 'looks at files of cgroup v1'
  up limits '.linux.resources = {memory_limit_in_bytes: 67108864, cpu_period: 100000, cpu_quota: 50000, cpu_shares: 512}' sleep 600
  local dir="$group-pods/shared/$id"
  [ "$(cat "/sys/fs/cgroup/memory/$dir/memory.limit_in_bytes" "/sys/fs/cgroup/cpu/$dir/cpu.cfs_quota_us" "/sys/fs/cgroup/cpu/$dir/cpu.shares" | tr '\n' ' ')" = '67108864 50000 512 ' ]
  cri UpdateContainerResources "{\"container_id\": \"$id\", \"linux\": {\"memory_limit_in_bytes\": 134217728, \"cpu_period\": 100000, \"cpu_quota\": 20000, \"cpuset_cpus\": \"0\"}}"
  [ "$(cat "/sys/fs/cgroup/memory/$dir/memory.limit_in_bytes" "/sys/fs/cgroup/cpu/$dir/cpu.cfs_quota_us" "/sys/fs/cgroup/cpuset/$dir/cpuset.cpus" | tr '\n' ' ')" = '134217728 20000 0 ' ]
  gone "$id"
}

@test 'ContainerStats: cpu and memory' {
  up stats . sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; sleep 600'
  try cri ContainerStats "{\"container_id\": \"$id\"}"
  is 0
  jq -e '.stats | .cpu.usage_core_nano_seconds.value > 0 and .memory.working_set_bytes.value > 0' <<<"$output"
  gone "$id"
}

@test 'an end: status and reason; killed for lack of memory' {
  up ends . sh -c 'exit 42'
  wait_for 10 exited "$id"
  [ "$(state "$id" '"\(.exit_code) \(.reason)"')" = '42 Error' ]
  gone "$id"
  up oom '.linux.resources = {memory_limit_in_bytes: 8388608}' sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; exit 1'
  wait_for 10 exited "$id"
  [[ $(state "$id" .reason) == OOMKilled ]] || [ "$(state "$id" .exit_code)" = 1 ]
  gone "$id"
}

@test 'StopContainer: SIGTERM, and SIGKILL after the time' {
  up stops . sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'
  sleep 0.3
  cri StopContainer "{\"container_id\": \"$id\", \"timeout\": 5}"
  [ "$(state "$id" '"\(.state) \(.exit_code)"')" = '2 9' ]
  cri StopContainer "{\"container_id\": \"$id\", \"timeout\": 5}" # stopped already: no error
  gone "$id"
  up stops2 . sleep 600
  cri StopContainer "{\"container_id\": \"$id\", \"timeout\": 1}"
  [ "$(state "$id" '"\(.state) \(.exit_code)"')" = '2 137' ]
  gone "$id"
}

@test 'a program that is not there: the error says so, and the pod goes on' {
  id=$(create missing . /nonexistent)
  try start "$id"
  is 1 '*nonexistent*'
  gone "$id"
  up after . sleep 600
  gone "$id"
}

@test 'pids of the pod: one namespace' {
  sandbox=$(cri RunPodSandbox "$(pod pids '.config.linux.security_context.namespace_options.pid = 0')" | jq -r .pod_sandbox_id)
  up one '.linux.security_context.namespace_options.pid = 0' sleep 601
  up two '.linux.security_context.namespace_options.pid = 0' sleep 602
  [[ $(in_it "$id" ps) == *'sleep 601'* ]]
  cri StopPodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
  cri RemovePodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
}

@test 'a pod on the network of the node' {
  sandbox=$(cri RunPodSandbox "$(pod node '.config.linux.security_context.namespace_options.network = 2 | del(.config.hostname)')" | jq -r .pod_sandbox_id)
  up node '.linux.security_context.namespace_options.network = 2' sleep 600
  try in_it "$id" readlink /proc/self/ns/net
  is 0 "0:$(inside readlink /proc/self/ns/net)"
  cri StopPodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
  cri RemovePodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
}

@test 'privileged' {
  [ "$RUNTIME" = oakum ] || all_capabilities # oakum gives those that there are
  pod_filter='.config.linux.security_context.privileged = true'
  sandbox=$(cri RunPodSandbox "$(pod privileged "$pod_filter")" | jq -r .pod_sandbox_id)
  up privileged '.linux.security_context.privileged = true' sleep 600
  [[ $(in_it "$id" grep CapEff /proc/self/status) == *"$(sed -n 's/^CapBnd:\s*0*//p' /proc/self/status)" ]]
  cri StopPodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
  cri RemovePodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
}

@test 'StopPodSandbox and RemovePodSandbox: nothing is left' {
  local address
  sandbox=$(cri RunPodSandbox "$(pod last)" | jq -r .pod_sandbox_id)
  up last . sleep 600
  address=$(cri PodSandboxStatus "{\"pod_sandbox_id\": \"$sandbox\"}" | jq -r .status.network.ip)
  [[ $(inside ip route show "$address") == *veth* ]]
  cri StopPodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
  [ "$(cri PodSandboxStatus "{\"pod_sandbox_id\": \"$sandbox\"}" | jq .status.state)" = 1 ]
  cri RemovePodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
  [ -z "$(inside ip route show "$address")" ]
  [ -z "$(find /sys/fs/cgroup -path "*/$group-pods/last/*" -type d)" ]
  [ "$(cri ListPodSandbox | jq '.items | length')" = 1 ]
}
