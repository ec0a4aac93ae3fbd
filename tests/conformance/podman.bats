#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# podman and conmon with $RUNTIME as the runtime; no daemon: every command is a process of its own in the file's namespace.

load lib/engine

setup_file() {
  needs podman conmon busybox jq script
  world_begin podman
  mkdir "$place/store" "$place/libpod" "$place/etc"
  export CONTAINERS_CONF=$place/etc/containers.conf CONTAINERS_STORAGE_CONF=$place/etc/storage.conf
  # No limits above the caller's, which root without CAP_SYS_RESOURCE could not give to any container.
  cat >"$CONTAINERS_CONF" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "tested"
infra_command = "sleep 3600"
[engine.runtimes]
tested = ["$runtime"]
CONF
  cat >"$CONTAINERS_STORAGE_CONF" <<CONF
[storage]
driver = "overlay"
graphroot = "$place/store"
runroot = "/run/store"
CONF
  printf '{"default": [{"type": "insecureAcceptAnything"}]}' >"$place/etc/policy.json"
  image_tar "$place/box.tar"
  p import -c 'CMD ["sh"]' -c 'ENV PATH=/bin' "$place/box.tar" box
}

teardown_file() {
  [ -z "${ns:-}" ] || p rm -af -t 0 || true
  world_end
}

setup() {
  name=box$BATS_TEST_NUMBER
  known_difference
}
teardown() {
  [ -z "${manager:-}" ] || kill "$manager" 2>/dev/null || true
  rm -f "$place/manager"
  p rm -f -t 0 -i "$name" || true
}

# In a cgroup of the test's, where conmon stays when podman has ended.
p() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  inside timeout -k 2 30 sh -c 'echo 0 >"$1/cgroup.procs"; shift; exec podman "$@"' sh "$cgroups" \
    --tmpdir /run/libpod --cgroup-manager cgroupfs "$@" 3>&-
}
flags() { words=(--name "$name" --network none --cgroup-parent "/$group-boxes"); }
box() { flags; try p run --rm "${words[@]}" "$@"; }
up() { flags; p run -d "${words[@]}" "$@"; }
field() { p inspect -f "$1" "$name"; }
field_is() { [ "$(field "$1")" = "$2" ]; }

@test 'run: output and exit status' {
  box box echo hello
  is 0 hello
  box box sh -c 'exit 42'
  is 42
}

@test 'run: 127 for a program that is not there, 126 for one that cannot run' {
  box box /nonexistent
  is 127
  box box /etc/passwd
  is 126
}

@test 'run -i: standard input arrives' {
  flags
  # shellcheck disable=SC2034 # used by is
  output=$(echo sent | p run -i --rm "${words[@]}" box cat) status=$?
  is 0 sent
}

@test 'run -t: a terminal' {
  flags
  printf '#!/bin/sh\nexec podman --tmpdir /run/libpod run -it --rm %s box sh -c "test -t 0; echo tty=\\$?; sleep 0.3"\n' "${words[*]}" >"$place/tty"
  try inside timeout -k 2 30 script -qec "sh $place/tty" /dev/null </dev/null
  is 0 '*tty=0*'
}

@test 'run -u: user and groups' {
  box -u mail box sh -c 'id -u; id -g; id -G'
  is 0 $'8\n8\n8 29'
  box -u 1000:1001 --group-add 29 box sh -c 'id -u; id -g; id -G'
  is 0 $'1000\n1001\n1001 29'
}

@test 'run --read-only --tmpfs' {
  box --read-only --tmpfs /scratch:size=1m box sh -c 'touch /x 2>/dev/null; echo $?; touch /scratch/x; echo $?; touch /tmp/x; echo $?'
  is 0 $'1\n0\n0'
}

@test 'run -v: bind mounts with options, volumes with the image content' {
  mkdir -p "$place/bind" && echo there >"$place/bind/file"
  box -v "$place/bind:/a:ro" -v "$place/bind:/b:noexec,nosuid" -v vol1:/etc box sh -c 'cat /a/file; touch /a/x 2>/dev/null; echo $?; grep " /b " /proc/self/mountinfo | grep -c noexec; grep -c mail /etc/passwd'
  is 0 $'there\n1\n1\n1'
}

@test 'run: a tmpfs that begins with what the image has there (tmpcopyup)' {
  box --mount type=tmpfs,destination=/etc box grep -c mail /etc/passwd
  is 0 1
}

@test 'run --cap-drop all, --cap-add' {
  box --cap-drop all box grep CapEff /proc/self/status
  is 0 '*0000000000000000'
  box --cap-drop all --cap-add net_raw box grep CapEff /proc/self/status
  is 0 '*0000000000002000'
}

@test 'run: default seccomp profile, none, own' {
  box box grep '^Seccomp:' /proc/self/status
  is 0 '*2'
  box --security-opt seccomp=unconfined box grep '^Seccomp:' /proc/self/status
  is 0 '*0'
  echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}' >"$place/profile.json"
  box --security-opt seccomp="$place/profile.json" box sh -c 'mkdir /tmp/x 2>/dev/null; echo $?; touch /tmp/y; echo $?'
  is 0 $'1\n0'
}

@test 'run --security-opt no-new-privileges, mask, unmask' {
  box --security-opt no-new-privileges box grep NoNewPrivs /proc/self/status
  is 0 '*1'
  box --security-opt mask=/proc/version box sh -c 'cat /proc/version | wc -c'
  is 0 0
}

@test 'run --pids-limit' {
  box --pids-limit 10 box sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done'
  is_one 0 '*fork*' || is 2 '*fork*'
}

@test 'run --memory: the program is killed' {
  box --memory 8m --memory-swap 8m box dd if=/dev/zero of=/dev/null bs=64M count=1
  is 137
}

@test 'run --cpus --cpu-shares --memory reach the cgroup' {
  box --cpus 0.5 --cpu-shares 512 --memory 64m box sh -c 'cd /sys/fs/cgroup; cat cpu/cpu.cfs_quota_us cpu/cpu.shares memory/memory.limit_in_bytes 2>/dev/null || cat cpu.max memory.max'
  is_one 0 $'50000\n512\n67108864' $'50000 100000\n67108864'
}

@test 'run --ulimit --sysctl --shm-size --umask and more' {
  box --ulimit nofile=100:200 --ulimit nproc=1000:1000 --sysctl net.ipv4.ip_forward=1 --shm-size 2m --umask 0077 box sh -c 'ulimit -Sn; ulimit -Hn; cat /proc/sys/net/ipv4/ip_forward; df -k /dev/shm | tail -n 1 | awk "{print \$2}"; umask'
  is 0 $'100\n200\n1\n2048\n0077'
}

@test 'run --userns=auto' {
  box --userns=auto:size=4096 box cat /proc/self/uid_map
  is 0 '*0*300000*4096*'
}

@test 'run --userns=keep-id' {
  flags
  try p run --rm "${words[@]}" --userns=keep-id box cat /proc/self/uid_map
  if [[ $output == *'keep-id is only supported in rootless mode'* ]]; then skip "podman $(podman --version | cut -d' ' -f3) does it for ordinary users only"; fi
  is 0
}

@test 'run --group-add keep-groups' {
  flags
  try inside timeout -k 2 30 setpriv --groups 0,1234 podman --tmpdir /run/libpod --cgroup-manager cgroupfs run --rm "${words[@]}" --group-add keep-groups box grep ^Groups: /proc/self/status
  is 0 '*1234*'
}

@test 'run --uidmap and --gidmap' {
  box --uidmap 0:200000:1000 --gidmap 0:200000:1000 box sh -c 'touch /tmp/x; stat -c %u /tmp/x; cat /proc/self/uid_map; echo 1 >/proc/sys/kernel/panic'
  is 1 '0*0*200000*1000*'
}

@test 'run --pid host, --network host, --ipc host, --uts host' {
  try p run --rm --name "$name" --cgroup-parent "/$group-boxes" --pid host --ipc host --uts host --network host box sh -c 'for n in pid ipc uts net; do readlink /proc/self/ns/$n; done'
  is 0 "$(inside readlink /proc/self/ns/pid /proc/self/ns/ipc /proc/self/ns/uts /proc/self/ns/net)"
}

@test 'run --init' {
  command -v catatonit >/dev/null || skip 'needs catatonit'
  box --init --init-path "$(command -v catatonit)" box cat /proc/1/comm
  is 0 '*init*'
}

@test 'run --cgroupns=host' {
  box --cgroupns=host box grep -c "$group-boxes" /proc/self/cgroup
  is 0 '[1-9]*'
}

@test 'run --systemd=always' {
  box --systemd=always box sh -c 'test -d /sys/fs/cgroup/systemd || test -e /sys/fs/cgroup/cgroup.procs; echo $?; touch /run/x; echo $?'
  is 0 $'0\n0'
}

@test 'run --hooks-dir: an OCI hook' {
  mkdir -p "$place/hooks"
  printf '#!/bin/sh\ncat >%s/hook.state\n' "$place" >"$place/hook"
  chmod 755 "$place/hook"
  printf '{"version": "1.0.0", "hook": {"path": "%s/hook"}, "when": {"always": true}, "stages": ["prestart"]}' "$place" >"$place/hooks/h.json"
  flags
  try p --hooks-dir "$place/hooks" run --rm "${words[@]}" box true
  is 0
  jq -e '.id and .pid > 0 and .bundle and (.status == "created" or .status == "creating")' "$place/hook.state"
}

@test 'exec: output, status, user, environment, directory, terminal' {
  up box sleep 60
  try p exec "$name" echo in
  is 0 in
  try p exec "$name" sh -c 'exit 3'
  is 3
  try p exec -u mail -e X=y -w /tmp "$name" sh -c 'echo $(id -u) $X $(pwd)'
  is 0 '8 y /tmp'
  try p exec "$name" /nonexistent
  is 127
  try p exec -t "$name" sh -c 'test -t 1; echo tty=$?'
  is 0 '*tty=0*'
}

@test 'run --privileged, exec --privileged' {
  [ "$RUNTIME" = oakum ] || all_capabilities # oakum gives those that there are
  box --privileged box sh -c 'grep ^CapEff /proc/self/status; test -e /dev/kmsg; echo $?; mount -t tmpfs t /tmp; echo $?'
  is 0 "*$(sed -n 's/^CapBnd:\s*0*//p' /proc/self/status)*0*0"
  up box sleep 60
  try p exec --privileged "$name" grep CapEff /proc/self/status
  is 0 "*$(sed -n 's/^CapBnd:\s*0*//p' /proc/self/status)"
}

@test 'exec -d' {
  up box sleep 60
  p exec -d "$name" touch /tmp/detached
  wait_for 5 p exec "$name" test -e /tmp/detached
}

@test 'logs' {
  up box sh -c 'echo out; echo err >&2'
  p wait "$name"
  try p logs "$name"
  is_one 0 '*out*err*' '*err*out*'
}

@test 'stop: SIGTERM, and SIGKILL after the time' {
  up box sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
  sleep 0.3
  p stop -t 10 "$name"
  field_is '{{.State.ExitCode}}' 7
  p rm "$name"
  up box sh -c 'trap "" TERM; while :; do sleep 0.1; done'
  p stop -t 1 "$name"
  field_is '{{.State.ExitCode}}' 137
}

@test 'kill, start, restart' {
  up box sh -c 'trap "exit 9" USR1; while :; do sleep 0.1; done'
  sleep 0.3
  p kill -s USR1 "$name"
  try p wait "$name"
  is 0 9
  p start "$name"
  p restart -t 0 "$name"
  field_is '{{.State.Status}}' running
  p kill "$name"
  try p wait "$name"
  is 0 137
}

@test 'create, init, start' {
  flags
  p create "${words[@]}" box echo started
  p init "$name"
  try p start -a "$name"
  is 0 started
}

@test 'pause and unpause' {
  up box sleep 60
  p pause "$name"
  field_is '{{.State.Status}}' paused
  p unpause "$name"
  field_is '{{.State.Status}}' running
}

@test 'update' {
  p update --help 2>/dev/null | grep -q -- --memory || skip 'this podman has no update'
  up --memory 64m box sleep 60
  try p update --memory 32m --memory-swap 64m --cpu-shares 300 "$name"
  is 0
  try p exec "$name" sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.shares 2>/dev/null || cat memory.max'
  is 0 '33554432*'
}

@test 'top, stats' {
  up box sleep 60
  try p top "$name"
  is 0 '*sleep 60*'
  try p stats --no-stream --format '{{.PIDs}}' "$name"
  is 0 1
}

@test 'cp, diff, commit' {
  up box sleep 60
  echo file >"$place/file"
  p cp "$place/file" "$name:/tmp/file"
  try p exec "$name" cat /tmp/file
  is 0 file
  p cp "$name:/etc/passwd" "$place/copied"
  grep -q mail "$place/copied"
  try p diff "$name"
  is 0 '*A /tmp/file*'
  p commit -q "$name" "committed$name"
}

@test 'healthcheck run' {
  up --health-cmd 'test ! -e /tmp/bad' --health-interval disable --health-retries 1 box sleep 60
  p healthcheck run "$name"
  p exec "$name" touch /tmp/bad
  try p healthcheck run "$name"
  is 1
}

@test 'pod: two containers that share network, ipc and host name' {
  p pod create --name "pod$name" --network none --infra-image box --infra-command 'sleep 60' --cgroup-parent "/$group-boxes"
  p run -d --pod "pod$name" --name "$name" box sleep 60
  try p run --rm --pod "pod$name" box sh -c 'readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; hostname'
  is 0 "$(p exec "$name" sh -c 'readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; hostname')"
  p pod rm -f -t 0 "pod$name"
}

@test 'kube play: a pod from YAML' {
  command -v catatonit >/dev/null || skip 'needs catatonit'
  printf '%s\n' 'apiVersion: v1' 'kind: Pod' 'metadata: {name: kube}' 'spec:' '  containers:' \
    '  - {name: a, image: localhost/box, command: [sleep, "60"]}' \
    '  - {name: b, image: localhost/box, command: [sleep, "60"], securityContext: {readOnlyRootFilesystem: true, runAsUser: 8}}' >"$place/kube.yaml"
  try p play kube --network none "$place/kube.yaml"
  [ "$status" -eq 0 ] || { echo "$output"; p play kube --down "$place/kube.yaml"; return 1; }
  try p exec kube-b id -u
  is 0 8
  p play kube --down "$place/kube.yaml"
}

@test 'build: RUN steps' {
  mkdir -p "$place/context"
  printf 'FROM localhost/box\nRUN echo built >/made\nUSER mail\nRUN id -u >/tmp/uid\nCMD cat /made /tmp/uid\n' >"$place/context/Dockerfile"
  try p build --network none --cgroup-parent "/$group-build" --runtime "$runtime" --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 -t "made$name" "$place/context"
  [ "$status" -eq 0 ] || { echo "$output"; return 1; }
  box "made$name"
  is 0 $'built\n8'
}

@test 'checkpoint' {
  criu check >/dev/null 2>&1 || skip 'needs a criu that works on this kernel'
  up box sleep 60
  p container checkpoint "$name"
  p container restore "$name"
}

# A stand-in for criu: says that it is one (podman asks for its version), ends what it is to dump, and restores a `sleep`.
stand_in() {
  mkdir -p "$place/path"
  cat >"$place/path/criu" <<'END'
#!/bin/sh
case $1 in
swrk) exec python3 -c 'import socket, sys
s = socket.socket(fileno=int(sys.argv[1]))
s.recv(4096)
s.send(bytes.fromhex("080a10015206080310112001"))' "$2" ;;
dump) for a; do case $a in --tree=*) pid=${a#*=} ;; --images-dir=*) touch "${a#*=}/inventory.img" ;; esac; done; kill -KILL "$pid" ;;
restore) for a; do case $a in --pidfile=*) file=${a#*=} ;; esac; done; sleep 60 </dev/null >/dev/null 2>&1 & echo "$!" >"$file" ;;
esac
END
  chmod 755 "$place/path/criu"
}

@test 'checkpoint and restore: all but the work of criu' {
  [ "$RUNTIME" = oakum ] || skip 'runc and crun speak a protocol of its own with criu'
  command -v python3 >/dev/null || skip 'needs python3'
  stand_in
  up box sleep 60
  PATH=$place/path:$PATH p container checkpoint "$name"
  wait_for 5 field_is '{{.State.Running}}' false
  PATH=$place/path:$PATH p container restore "$name"
  wait_for 5 field_is '{{.State.Running}}' true
  p rm -f -t 0 "$name"
}

# manage: a service manager's socket; a line for each message.
manage() {
  python3 - "$place/manager" >"$place/heard" 3>&- <<'PY' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('listening', flush=True)
while True:
    print(s.recv(4096).decode().strip().replace('\n', ' '), flush=True)
PY
  manager=$!
  wait_for 5 grep -q listening "$place/heard"
}

@test 'run --sdnotify=container: the program says when it is ready, and the service manager hears it' {
  local helper=$OAKUM_BUILD/tests/integration/inside
  [ -x "$helper" ] || skip "$helper is not built"
  command -v python3 >/dev/null || skip 'needs python3'
  manage
  flags
  NOTIFY_SOCKET=$place/manager p run -d --sdnotify=container -v "$helper:/inside:ro" "${words[@]}" box sh -c '/inside notify READY=1; sleep 60'
  wait_for 5 grep -q READY=1 "$place/heard"
  [ "$(grep -c READY=1 "$place/heard")" -eq 1 ]
  grep -q "MAINPID=" "$place/heard"
  p rm -f -t 0 "$name"
  rm "$place/manager"
  kill "$manager"
  # In the foreground too.
  manage
  NOTIFY_SOCKET=$place/manager box --sdnotify=container -v "$helper:/inside:ro" box sh -c '/inside notify READY=1; sleep 1'
  is 0 '*sent*'
  grep -q READY=1 "$place/heard"
}

@test 'a runtime error reaches the person' {
  box --sysctl net.ipv4.nonexistent=1 box true
  [ "$status" -ge 125 ] && is "$status" '*nonexistent*'
}

@test 'the lines of the documentation for containers.conf, and none with a path' {
  local docs=$BATS_TEST_DIRNAME/../../docs/deployment.md conf=$place/etc/documented.conf
  {
    printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n'
    sed -n '/^## Podman/,/^## containerd/ { /^\[engine\]/,/^```/ { /^```/d; p } }' "$docs" | sed -e "s,/usr/local/bin/oakum-runtime,$runtime," \
      -e 's/^cgroup_manager = "systemd"/cgroup_manager = "cgroupfs"/' -e '/^\[engine\]/a events_logger = "file"\nlock_type = "file"'
  } >"$conf"
  grep -qF "oakum = [\"$runtime\"]" "$conf"
  flags
  CONTAINERS_CONF=$conf try p --runtime oakum run --rm "${words[@]}" box echo by name
  is 0 'by name'
  try p --runtime "$runtime" run --rm "${words[@]}" box echo by path
  is 0 'by path'
}

@test 'ten containers at once' {
  local i pids=()
  for i in 1 2 3 4 5 6 7 8 9 10; do
    p run --rm --network none --cgroup-parent "/$group-boxes" box echo "$i" >"$place/out$i" 3>&- &
    pids+=($!)
  done
  wait "${pids[@]}"
  try sort -n "$place"/out?*
  is 0 $'1\n2\n3\n4\n5\n6\n7\n8\n9\n10'
}
