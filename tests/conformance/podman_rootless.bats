#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# podman of an ordinary user, with $RUNTIME as the runtime: podman makes the user namespace and calls the runtime as its root.
# The user is in no file of the host: the file's namespace has its own /etc/passwd, group, subuid and subgid.

load lib/engine

uid=61234

setup_file() {
  needs podman conmon busybox jq script setpriv newuidmap
  [ -u "$(command -v newuidmap)" ] || skip 'newuidmap is not setuid here'
  [ -e /etc/subuid ] && [ -e /etc/subgid ] || skip 'needs /etc/subuid and /etc/subgid to exist'
  world_begin podman-rootless
  mkdir -p "$place/user/run" "$place/user/home/.config/containers" "$place/user/etc" "$place/bin"
  # The program may lie where the user cannot go, the caller's wrapper included.
  if [ -z "${WRAP:-}" ] && [ "$RUNTIME" = oakum ]; then
    cp "$OAKUM_BUILD"/src/bin/oakum-runtime "$place/bin/"
    runtime=$place/bin/oakum-runtime
  fi
  cat >"$place/user/etc/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "tested"
[engine.runtimes]
tested = ["$runtime"]
CONF
  printf '{"default": [{"type": "insecureAcceptAnything"}]}' >"$place/user/home/.config/containers/policy.json"
  echo "user:x:$uid:$uid::$place/user/home:/bin/sh" >>"$place/passwd"
  echo "user:x:$uid:" >>"$place/group"
  echo 'user:4000000:65536' >>"$place/subid"
  image_tar "$place/user/home/box.tar"
  chmod 700 "$place/user/run"
  chown -R $uid:$uid "$place/user"
  p import -c 'CMD ["sh"]' -c 'ENV PATH=/bin' "$place/user/home/box.tar" box
}

teardown_file() {
  if [ -n "${ns:-}" ]; then
    p rm -af -t 0 || true
    # podman's pause process, which holds the user namespace, ends by this; and what of the store belongs to ids of the range.
    p system migrate || true
    inside chown -R 0:0 "$place/user" || true
  fi
  world_end
}

setup() {
  name=box$BATS_TEST_NUMBER
  known_difference
}
teardown() { p rm -f -t 0 -i "$name" || true; }

# In a cgroup of the test's, which is not the user's: as somebody without delegation has it.
p() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  inside timeout -k 2 30 sh -c 'echo 0 >"$1/cgroup.procs"; user=$2 uid=$3; shift 3; cd /
    exec setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all env -i PATH="$PATH" TERM=dumb HOME="$user/home" \
      XDG_RUNTIME_DIR="$user/run" TMPDIR=/tmp CONTAINERS_CONF="$user/etc/containers.conf" podman --log-level error "$@"' \
    sh "$cgroups" "$place/user" $uid "$@" 3>&-
}
flags() { words=(--name "$name" --network none); }
box() { flags; try p run --rm "${words[@]}" "$@"; }
up() { flags; p run -d "${words[@]}" "$@"; }

@test 'run: output and exit status' {
  box box echo hello
  is 0 hello
  box box sh -c 'exit 42'
  is 42
}

@test 'run: root inside is the user outside, with the range behind' {
  box box sh -c 'id -u; cat /proc/self/uid_map | tr -s " "'
  is 0 "0
 0 $uid 1
 1 4000000 65536"
}

@test 'run: 127 for a program that is not there' {
  box box /nonexistent
  is 127
}

@test 'run -i: standard input arrives' {
  flags
  # shellcheck disable=SC2034 # used by is
  output=$(echo sent | p run -i --rm "${words[@]}" box cat) status=$?
  is 0 sent
}

@test 'run -t: a terminal' {
  box -t box tty
  is 0 $'/dev/pts/0*'
}

@test 'run -d, exec, exec -t, exec --user, logs, stop, rm' {
  up box sh -c 'echo begun; sleep 100'
  try p exec "$name" sh -c 'id -u; exit 3'
  is 3 0
  try p exec -t "$name" tty
  is 0 '/dev/pts/*'
  try p exec --user 8:8 "$name" id -u
  is 0 8
  try p logs "$name"
  is 0 begun
  p stop -t 0 "$name"
  try p inspect -f '{{.State.Status}}' "$name"
  is 0 exited
  p rm "$name"
}

@test 'kill with a signal' {
  up box sh -c 'trap "exit 5" USR1; echo ready; while :; do sleep 0.1; done'
  wait_for 10 sh -c "true"
  until p logs "$name" | grep -q ready; do sleep 0.1; done
  p kill -s USR1 "$name"
  try p wait "$name"
  is 0 5
}

@test 'run --user: an id of the range' {
  box --user 1000:1000 box id
  is 0 'uid=1000*gid=1000*'
}

@test 'run --userns=keep-id' {
  box --userns keep-id box id -u
  is 0 $uid
}

@test 'run --userns=auto' {
  box --userns auto box sh -c 'id -u; head -n 1 /proc/self/uid_map | tr -s " "'
  is 0 '0
 0 1 *'
}

@test "run --network host: the host's /sys, read-only" {
  try p run --rm --name "$name" --network host box sh -c 'ls /sys/class/net; touch /sys/x'
  [[ $output == *lo* && $output == *'Read-only file system'* ]]
}

@test 'run --pid host' {
  box --pid host box sh -c 'ls /proc | grep -c "^[0-9]"'
  [ "$status" -eq 0 ] && [ "$output" -gt 5 ]
}

@test "another container's network, pid, ipc and uts namespaces" {
  up box sleep 100
  try p run --rm --network "container:$name" --pid "container:$name" --ipc "container:$name" --uts "container:$name" box \
    sh -c 'ls /sys/class/net; ps | grep -c "sleep 100$"'
  is 0 'lo
1'
}

@test "run --device: the host's node" {
  box --device /dev/zero:/dev/zero box stat -c %t:%T /dev/zero
  is 0 1:5
}

@test 'run -v: a volume that is written' {
  box -v vol:/v box sh -c 'touch /v/a; stat -c %u /v/a'
  is 0 0
}

@test 'run --sysctl of its own network' {
  box --sysctl net.ipv4.ip_forward=1 box cat /proc/sys/net/ipv4/ip_forward
  is 0 1
}

@test 'run --privileged' {
  box --privileged box sh -c 'id -u; ls /dev/null'
  is 0 '0
/dev/null'
}

@test 'run --cap-drop all --security-opt no-new-privileges' {
  box --cap-drop all --security-opt no-new-privileges box grep -E 'CapBnd|NoNewPrivs' /proc/self/status
  is 0 'CapBnd:	0000000000000000
NoNewPrivs:	1'
}

@test 'healthcheck' {
  up --health-cmd 'true' box sleep 100
  try p healthcheck run "$name"
  [ "$status" -eq 0 ]
}

@test 'top, ps' {
  up box sleep 100
  try p top "$name" args
  [[ $output == *'sleep 100'* ]]
  try p ps --format '{{.Names}} {{.Status}}'
  [[ $output == *"$name Up"* ]]
}
