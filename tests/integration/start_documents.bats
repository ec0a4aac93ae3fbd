# SPDX-License-Identifier: Apache-2.0
# config.json documents that are wrong: the error names the place by JSON path, in one line, and nothing was begun.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() { start_teardown; }

# refused PLACE: the bundle is refused by run and by create, with PLACE in the message.
refused() {
  local command
  for command in run create; do
    run rt $command --bundle "$place/bundle" wrong </dev/null
    [ "$status" -ne 0 ] || { echo "$1: $command accepted it"; return 1; }
    [[ $output == *"$1"* ]] || { echo "$command: no \"$1\" in: $output"; return 1; }
    one_error "$output"
    [ -z "$(rt list -q)" ] || { echo "$1: listed"; return 1; }
    no_cgroup_left
  done
}

# Each line: the place that the message must name, and the change that makes the document wrong.
wrong_documents() {
  cat <<'END'
ociVersion            | del(.ociVersion)
ociVersion            | .ociVersion = "2.0.0"
ociVersion            | .ociVersion = "one"
ociVersion            | .ociVersion = 1
root.path             | .root.path = 5
root.path             | .root.path = "nothing-there"
root.readonly         | .root.readonly = "yes"
process.args          | .process.args = "true"
process.args          | .process.args = []
process.args[0]       | .process.args = [5]
process.cwd           | .process.cwd = "relative"
process.cwd           | .process.cwd = ""
process.user.uid      | .process.user.uid = -1
process.user.uid      | .process.user.uid = 4294967296
process.user.uid      | .process.user.uid = "0"
process.user.umask    | .process.user.umask = -1
process.env[1]        | .process.env += [7]
process.noNewPrivileges | .process.noNewPrivileges = 1
process.terminal      | .process.terminal = "no"
process.capabilities.bounding[0] | .process.capabilities.bounding = [5]
process.capabilities.effective | .process.capabilities.effective = "ALL"
process.rlimits[0].type | .process.rlimits[0].type = "RLIMIT_NOTHING"
process.rlimits[0]    | .process.rlimits[0].soft = 4096
process.rlimits[0].hard | .process.rlimits[0].hard = -2
process.oomScoreAdj   | .process.oomScoreAdj = 5000
hostname              | .hostname = 3
mounts                | .mounts = {}
mounts[0].destination | del(.mounts[0].destination)
mounts[2].type        | .mounts[2].type = 9
mounts[1].options[0]  | .mounts[1].options = [{}]
linux.namespaces[0].type | .linux.namespaces[0].type = "everything"
linux.namespaces      | .linux.namespaces += [{ type: "pid" }]
linux.namespaces      | .linux.namespaces[0].path = "/nothing/there"
linux.uidMappings     | .linux.namespaces += [{ type: "user" }] | .linux.uidMappings = []
linux.uidMappings[0].size | .linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 1, size: -1 }]
linux.resources.pids.limit | .linux.resources.pids.limit = "many"
linux.resources.pids.limit | .linux.resources.pids.limit = 1.5
linux.resources.memory.limit | .linux.resources.memory.limit = 1e30
linux.resources.memory.swappiness | .linux.resources.memory.swappiness = 1000
linux.resources.devices[1].access | .linux.resources.devices[1].access = "rwx"
linux.resources.devices[1].type | .linux.resources.devices[1].type = "z"
linux.resources.cpu.cpus | .linux.resources.cpu = { cpus: "0-x" }
linux.resources.blockIO.weight | .linux.resources.blockIO = { weight: 5 }
linux.resources.hugepageLimits[0] | .linux.resources.hugepageLimits = [{ pageSize: "3KB", limit: 1 }]
linux.devices[0].path | .linux.devices = [{ path: "dev/x", type: "c", major: 1, minor: 3 }]
linux.devices[0].type | .linux.devices = [{ path: "/dev/x", type: "q", major: 1, minor: 3 }]
linux.devices[0]      | .linux.devices = [{ path: "/../../dev/x", type: "c" }]
linux.sysctl          | .linux.sysctl = { "kernel.core_pattern": "|/bin/sh" }
linux.sysctl          | .linux.sysctl = { "kernel.shm_rmid_forced+=\n1": "1" }
linux.sysctl          | .linux.sysctl = { "net.ipv4.ip_forward": 1 }
linux.maskedPaths[0]  | .linux.maskedPaths = [1]
linux.maskedPaths     | .linux.maskedPaths = ["relative"]
linux.readonlyPaths[0] | .linux.readonlyPaths = [null, 3]
linux.seccomp.defaultAction | .linux.seccomp = { syscalls: [] }
linux.seccomp.defaultAction | .linux.seccomp = { defaultAction: "SCMP_ACT_MAYBE" }
linux.seccomp.architectures[0] | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_Z80"] }
linux.seccomp.syscalls[0].action | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["read"] }] }
linux.seccomp.syscalls[0] | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["nothing_here"], action: "SCMP_ACT_ERRNO" }] }
linux.seccomp.syscalls[0].args[0].index | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["read"], action: "SCMP_ACT_ERRNO", args: [{ index: 7, value: 1, op: "SCMP_CMP_EQ" }] }] }
linux.rootfsPropagation | .linux.rootfsPropagation = "public"
process.apparmorProfile | .process.apparmorProfile = "no-such-profile"
process.selinuxLabel  | .process.selinuxLabel = "system_u:system_r:nothing_t:s0"
linux.cgroupsPath     | .linux.cgroupsPath = "/a/../../b"
hooks                 | .hooks = { prestart: [{ path: "relative" }] }
annotations           | .annotations = { a: 1 }
END
}

@test "each wrong value is named by its JSON path" {
  make_root "$place/bundle/rootfs"
  bad=0
  while IFS='|' read -r where filter; do
    make_bundle "$place/bundle" "$filter"
    refused "$(echo $where)" || { echo "   for: $filter"; bad=$((bad + 1)); }
  done < <(wrong_documents)
  [ $bad -eq 0 ]
}

@test "documents that are no documents" {
  make_root "$place/bundle/rootfs"
  make_bundle "$place/bundle"
  good=$(cat "$place/bundle/config.json")
  for ((cut = 1; cut < ${#good}; cut += 397)); do
    printf '%s' "${good:0:cut}" >"$place/bundle/config.json"
    refused config.json
  done
  for text in '' ' ' null 5 '"text"' '[]' "$good}" "$good $good" "${good/\"true\"/\"a\\u0000b\"}"; do
    printf '%s' "$text" >"$place/bundle/config.json"
    refused ''
  done
  printf '{"ociVersion":"1.0.2","ociVersion":"1.0.2"}' >"$place/bundle/config.json"
  refused ociVersion
  { printf '{"ociVersion":"1.0.2","annotations":'; printf '[%.0s' {1..100000}; } >"$place/bundle/config.json"
  refused ''
  head -c 200000 /dev/urandom >"$place/bundle/config.json"
  refused config.json
  rm "$place/bundle/config.json"
  refused config.json
  mkdir "$place/bundle/config.json"
  refused config.json
  rmdir "$place/bundle/config.json"
  mkfifo "$place/bundle/config.json"
  run timeout 10 "$runtime" --root "$place/rt" run --bundle "$place/bundle" wrong </dev/null
  [ "$status" -ne 124 ] && [ "$status" -ne 0 ]
  rm "$place/bundle/config.json"
  head -c 300000000 /dev/zero | tr '\0' ' ' >"$place/bundle/config.json"
  refused config.json
}

@test "container ids that are no ids" {
  make_bundle "$place/bundle"
  mark
  for id in '' . .. ../x /x a/b .hidden 'a b' $'a\nb' "$(printf 'x%.0s' {1..300})"; do
    run rt run --bundle "$place/bundle" -- "$id"
    [ "$status" -ne 0 ] || { echo "accepted: $id"; false; }
    no_cgroup_left
    run rt delete --force -- "$id"
  done
  rm -rf "$place/rt"
  nothing_left
}
