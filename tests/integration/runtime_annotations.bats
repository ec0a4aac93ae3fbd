#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Annotations that are instructions: crun's run.oci.*, and ours.

bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  make_root "$place/bundle/rootfs"
}
teardown() {
  [ -z "${listener:-}" ] || kill "$listener" 2>/dev/null || true
  start_teardown
}

# go FILTER SCRIPT: the container runs SCRIPT.
go() {
  script=$2 make_bundle "$place/bundle" "$1"
  run timeout 20 "$runtime" --root "$place/rt" run --bundle "$place/bundle" go </dev/null
}

@test 'run.oci.hooks.stdout and stderr: hooks of every kind write there, also those of start and delete' {
  printf '#!/bin/sh\necho "out $1"; echo "err $1" >&2\n' >"$place/hook"
  chmod 755 "$place/hook"
  install -D -m 755 "$place/hook" "$place/bundle/rootfs/hook"
  script=true make_bundle "$place/bundle" '.annotations = {"run.oci.hooks.stdout": "\($p)/out", "run.oci.hooks.stderr": "\($p)/err"}
    | .hooks = ({prestart, createRuntime, createContainer, poststart, poststop} | with_entries({key, value: [{path: "\($p)/hook", args: ["hook", .key]}]})
      + {startContainer: [{path: "/hook", args: ["hook", "startContainer"], env: ["PATH=/bin"]}]})' --arg p "$place"
  rt create --bundle "$place/bundle" hooked </dev/null
  rt start hooked
  rt delete --force hooked
  [ "$(cat "$place/out")" = $'out prestart\nout createRuntime\nout createContainer\nout startContainer\nout poststart\nout poststop' ] || { cat "$place/out"; false; }
  [ "$(cat "$place/err")" = $'err prestart\nerr createRuntime\nerr createContainer\nerr startContainer\nerr poststart\nerr poststop' ] || { cat "$place/err"; false; }
  go '.annotations = {"run.oci.hooks.stdout": "/nonexistent/out"} | .hooks = {poststart: [{path: "/bin/true"}]}' true
  said 1 run.oci.hooks.stdout /nonexistent/out
}

@test 'run.oci.keep_original_groups: the groups of the caller stay; without it they do not' {
  local with
  for with in '.' '.process.user.uid = 8'; do
    script='grep ^Groups: /proc/self/status' make_bundle "$place/bundle" "$with"' | .process.user.additionalGids = [7] | .annotations["run.oci.keep_original_groups"] = "1"'
    run timeout 20 setpriv --groups 1234,5678 -- "$runtime" --root "$place/rt" run --bundle "$place/bundle" groups </dev/null
    said 0 $'Groups:\t1234 5678'
    script='grep ^Groups: /proc/self/status' make_bundle "$place/bundle" "$with"' | .process.user.additionalGids = [7]'
    run timeout 20 setpriv --groups 1234,5678 -- "$runtime" --root "$place/rt" run --bundle "$place/bundle" groups </dev/null
    said 0 $'Groups:\t7'
  done
}

@test 'run.oci.keep_original_groups holds for exec' {
  script='sleep 60' make_bundle "$place/bundle" '.annotations["run.oci.keep_original_groups"] = "1"'
  rt run --detach --bundle "$place/bundle" groups </dev/null >/dev/null 2>&1 3>&-
  run timeout 20 setpriv --groups 1234 -- "$runtime" --root "$place/rt" exec groups grep ^Groups: /proc/self/status
  said 0 $'Groups:\t1234'
  rt delete --force groups
}

# A filter that answers mkdir (83) with errno 7 and lets the rest pass; in base64.
filter() {
  python3 -c 'import base64, struct
program = [(0x20, 0, 0, 0), (0x15, 0, 1, 83), (6, 0, 0, 0x00050007), (6, 0, 0, 0x7fff0000)]
print(base64.b64encode(b"".join(struct.pack("<HBBI", *i) for i in program)).decode())'
}

@test 'run.oci.seccomp_bpf_data: the filter itself, for the container and for exec' {
  [ "$(uname -m)" = x86_64 ] || skip 'the program has numbers of x86-64'
  local bpf
  bpf=$(filter)
  go '.annotations["run.oci.seccomp_bpf_data"] = "'"$bpf"'" | .root.readonly = false | del(.linux.seccomp)' 'mkdir /tmp/x'
  said 1 'Argument list too long'
  # Not both: the program takes the profile's place, as with crun.
  script='sleep 60' make_bundle "$place/bundle" '.annotations["run.oci.seccomp_bpf_data"] = "'"$bpf"'" | .linux.seccomp = {defaultAction: "SCMP_ACT_KILL"}'
  rt run --detach --bundle "$place/bundle" raw </dev/null >/dev/null 2>&1 3>&-
  run rt exec raw mkdir /tmp/x
  said 1 'Argument list too long'
  rt delete --force raw
  go '.annotations["run.oci.seccomp_bpf_data"] = "AAAA"' true
  said 1 run.oci.seccomp_bpf_data
  go '.annotations["run.oci.seccomp_bpf_data"] = "'"${bpf:0:8}!${bpf:9}"'"' true
  said 1 run.oci.seccomp_bpf_data
}

@test 'run.oci.seccomp_fail_unknown_syscall: a name that nobody knows is an error' {
  local profile='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "no_such_call"], action: "SCMP_ACT_ALLOW"}]}'
  go "$profile" 'echo runs'
  said 0 runs
  go "$profile"' | .annotations["run.oci.seccomp_fail_unknown_syscall"] = "1"' true
  said 1 no_such_call
  go "$profile"' | .annotations["run.oci.seccomp_fail_unknown_syscall"] = "0"' true
  said 0
}

# listen SOCKET: takes one connection, tells what came: the text and what the descriptor is.
listen() {
  python3 - "$1" >"$place/received" 3>&- <<'PY' &
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(1)
c, _ = s.accept()
text, control, _, _ = c.recvmsg(65536, 256)
fds = array.array('i')
for level, kind, data in control:
    fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
print(text.decode()[:40], os.readlink(f'/proc/self/fd/{fds[0]}'), *[l.split()[1] for l in open(f'/proc/self/fdinfo/{fds[0]}') if l.startswith('Pid:')], flush=True)
PY
  listener=$!
  wait_for 5 test -S "$1"
}

@test 'run.oci.pidfd_receiver and --pidfd-socket: a pidfd of the first process, of exec that of its own' {
  listen "$place/sock"
  script='sleep 60' make_bundle "$place/bundle" '.annotations["run.oci.pidfd_receiver"] = "'"$place"'/sock"'
  rt run --detach --pid-file "$place/pid" --bundle "$place/bundle" receiver </dev/null >/dev/null 2>&1 3>&-
  wait "$listener"
  grep -q "pidfd.* $(cat "$place/pid")\$" "$place/received" || { cat "$place/received"; false; }
  rm "$place/sock"
  listen "$place/sock"
  rt exec --detach --pidfd-socket "$place/sock" --pid-file "$place/pid2" receiver sleep 50 </dev/null >/dev/null 2>&1 3>&-
  wait "$listener"
  grep -q "pidfd.* $(cat "$place/pid2")\$" "$place/received" || { cat "$place/received"; false; }
  rt delete --force receiver
  # Nobody there: no container.
  go '.annotations["run.oci.pidfd_receiver"] = "'"$place"'/none"' true
  said 1 run.oci.pidfd_receiver
  [ -z "$(rt list -q)" ]
}

@test 'run.oci.seccomp.receiver: takes the place of a listenerPath' {
  listen "$place/sock"
  script='sleep 60' make_bundle "$place/bundle" '.annotations["run.oci.seccomp.receiver"] = "'"$place"'/sock"
    | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["umount2"], action: "SCMP_ACT_NOTIFY"}]}'
  rt run --detach --bundle "$place/bundle" receiver </dev/null >/dev/null 2>&1 3>&-
  wait "$listener"
  grep -q 'ociVersion.*seccomp' "$place/received" || { cat "$place/received"; false; }
  rt delete --force receiver
  go '.annotations["run.oci.seccomp.receiver"] = "relative"' true
  said 1 run.oci.seccomp.receiver 'absolute'
  # crun's variable says it where neither of them does.
  rm "$place/sock"
  listen "$place/sock"
  script='sleep 60' make_bundle "$place/bundle" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["umount2"], action: "SCMP_ACT_NOTIFY"}]}'
  RUN_OCI_SECCOMP_RECEIVER=$place/sock rt run --detach --bundle "$place/bundle" receiver </dev/null >/dev/null 2>&1 3>&-
  wait "$listener"
  grep -q 'ociVersion.*seccomp' "$place/received" || { cat "$place/received"; false; }
  rt delete --force receiver
  RUN_OCI_SECCOMP_RECEIVER=relative run rt run --bundle "$place/bundle" receiver </dev/null
  said 1 RUN_OCI_SECCOMP_RECEIVER 'absolute'
}

@test 'run.oci.timens_offset: written to the new time namespace' {
  [ -e /proc/self/timens_offsets ] || skip 'no time namespaces'
  go '.linux.namespaces += [{type: "time"}] | .annotations["run.oci.timens_offset"] = "boottime 1000000000 0"' 'cut -d. -f1 /proc/uptime'
  said 0
  [ "$output" -gt 1000000000 ]
  go '.linux.namespaces += [{type: "time"}] | .annotations["run.oci.timens_offset"] = "nonsense"' true
  said 1 run.oci.timens_offset
}

@test 'what is not done is refused, what is not known is named in the log; others say nothing' {
  go '.annotations["run.oci.handler"] = "krun"' true
  said 1 run.oci.handler krun
  go '.annotations["run.oci.seccomp.plugins"] = "x.so"' true
  said 1 run.oci.seccomp.plugins
  go '.annotations["run.oci.mount_context_type"] = "nocontext"' true
  said 1 run.oci.mount_context_type
  go '.annotations["run.oci.no_such"] = "1" | .annotations["module.wasm.image/variant"] = "compat"' 'echo runs'
  said 0 runs 'run.oci.no_such: is not known and ignored' 'module.wasm.image/variant: is not known and ignored'
  go '.annotations["io.kubernetes.cri.container-type"] = "sandbox"' 'echo runs'
  [ "$output" = runs ]
}

@test 'run.oci.delegate-cgroup: an error where cgroups are not of version 2 alone, or where the container has none' {
  [ ! -e /sys/fs/cgroup/cgroup.controllers ] || skip 'version 2 here; tried in tests/vm/run'
  go '.annotations["run.oci.delegate-cgroup"] = "payload"' 'echo ran'
  said 1 run.oci.delegate-cgroup 'version 2'
  go '.annotations["run.oci.delegate-cgroup"] = ""' 'echo ran'
  said 0 ran
  script='echo ran' make_bundle "$place/bundle" '.annotations["run.oci.delegate-cgroup"] = "payload"'
  run timeout 20 "$runtime" --root "$place/rt" --cgroup-manager disabled run --bundle "$place/bundle" go </dev/null
  said 1 run.oci.delegate-cgroup 'no cgroup'
}

@test 'run.oci.systemd.*: what is not followed is named in the log' {
  go '.annotations["run.oci.systemd.subgroup"] = "payload"' 'echo ran'
  said 0 ran 'run.oci.systemd.subgroup: is ignored by this cgroup driver'
  go '.annotations["run.oci.systemd.subgroup"] = ""' 'echo ran'
  said 0 ran
  [[ $output != *subgroup* ]]
  go '.annotations["run.oci.systemd.force_cgroup_v1"] = "/sys/fs/cgroup"' 'echo ran'
  said 0 ran 'run.oci.systemd.force_cgroup_v1: is ignored'
}
