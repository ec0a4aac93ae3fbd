# SPDX-License-Identifier: Apache-2.0
# What `features` says is what is done: each word of the document is used in a start.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  mkdir -m 700 "$place/rt"
  rt features >"$place/features"
}
teardown() { start_teardown; }

words() { jq -r "$1 | .[]" "$place/features"; }
works() { # FILTER [JQ ARGUMENTS]
  make_bundle "$place/bundle" "$@"
  rt run --bundle "$place/bundle" box </dev/null || { echo "with: $*"; false; }
}

@test "each mount option" {
  mkdir "$place/source"
  for option in $(words .mountOptions); do
    case $option in
    idmap | ridmap) more='{uidMappings: [{containerID: 0, hostID: 1000, size: 10}], gidMappings: [{containerID: 0, hostID: 1000, size: 10}]}' ;;
    *) more='{}' ;;
    esac
    case $option in
    tmpcopyup | sync | dirsync) works '.mounts += [{destination: "/mnt/x", type: "tmpfs", source: "tmpfs", options: [$o]}]' --arg o "$option" ;;
    remount) works '.mounts += [{destination: "/proc", type: "proc", source: "proc", options: [$o, "nodev"]}]' --arg o "$option" ;;
    *) works '.mounts += [{destination: "/mnt/x", type: "none", source: $s, options: ["rbind", $o]} + '"$more"']' --arg o "$option" --arg s "$place/source" ;;
    esac
  done
  for option in unknown rofl; do
    make_bundle "$place/bundle" '.mounts += [{destination: "/mnt/x", type: "none", source: $s, options: ["rbind", $o]}]' --arg o "$option" --arg s "$place/source"
    run rt run --bundle "$place/bundle" box
    said 1 "$option"
  done
}

@test "each action, operator, architecture and flag of seccomp" {
  for action in $(words .linux.seccomp.actions); do
    [ "$action" != SCMP_ACT_NOTIFY ] || continue # needs an agent: has tests of its own
    works '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["acct"], action: $w}]}' --arg w "$action"
  done
  for op in $(words .linux.seccomp.operators); do
    works '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["acct"], action: "SCMP_ACT_ERRNO", args: [{index: 0, value: 1, valueTwo: 1, op: $w}]}]}' --arg w "$op"
  done
  for arch in $(words .linux.seccomp.archs); do
    works '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: [$w]}' --arg w "$arch"
  done
  for flag in $(words .linux.seccomp.supportedFlags); do
    works '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: [$w]}' --arg w "$flag"
  done
  [ -z "$(comm -13 <(words .linux.seccomp.knownFlags | sort) <(words .linux.seccomp.supportedFlags | sort))" ]
}

@test "each namespace, capability and kind of hook" {
  for kind in $(words .linux.namespaces); do
    case $kind in
    mount | pid | ipc | uts | network | cgroup) filter=. ;;
    user) filter='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' ;;
    *) filter=".linux.namespaces += [{type: \"$kind\"}]" ;;
    esac
    case $kind in mount) file=mnt ;; network) file=net ;; *) file=$kind ;; esac
    chmod 755 "$place" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" 2>/dev/null || true
    script="readlink /proc/self/ns/$file" works "$filter" >"$place/ns"
    [ "$(cat "$place/ns")" != "$(readlink "/proc/self/ns/$file")" ]
  done
  works '.process.capabilities.bounding = $l' --argjson l "$(jq -c .linux.capabilities "$place/features")"
  for kind in $(words .hooks); do
    works '.hooks[$k] = [{path: "/bin/sh", args: ["sh", "-c", "exit 0"]}]' --arg k "$kind"
  done
}

@test "the form of the document" {
  jq -e '.ociVersionMin == "1.0.0" and .ociVersionMax == "1.3.0" and (.hooks | length == 6) and .linux.intelRdt == { enabled: true, schemata: true, monitoring: true }
    and .linux.cgroup.v1 and .linux.cgroup.v2 and .linux.mountExtensions.idmap.enabled and .potentiallyUnsafeConfigAnnotations == ["org.oakum.", "run.oci.", "org.systemd.property.", "org.criu.config"]' "$place/features"
}
