#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# oakum-runtime and oakum as an ordinary user: with one id, with a range, and as root of a user namespace.
bats_require_minimum_version 1.5.0
load lib/start
load lib/user
setup() { user_setup; }
teardown() { user_teardown; }

# ---- oakum-runtime, one id

@test "one id: root inside is the caller outside, and holds nothing" {
  script='id -u; cat /proc/self/uid_map; grep -E "CapEff|CapBnd|NoNewPrivs" /proc/self/status; cat /proc/self/setgroups' config
  run as oakum-runtime run box
  said 0 '0      12345          1' 'CapEff:	0000000000000000' 'CapBnd:	0000000000000000' 'NoNewPrivs:	1' deny
}

@test "one id: another user than root" {
  script='id -u; touch /tmp/x; stat -c %u /tmp/x' config '.root.readonly = false | .process.user = {uid: 1000, gid: 1000}
    | .linux.uidMappings[0].containerID = 1000 | .linux.gidMappings[0].containerID = 1000'
  run as oakum-runtime run box
  said 0 '1000
1000'
  [ "$(stat -c %u "$place/bundle/rootfs/tmp/x")" = $user_uid ]
}

@test "/dev: the host's nodes, bound, and none but those" {
  script='for i in null zero full random urandom tty; do stat -c "%n %t:%T" /dev/$i; done; ls /dev; echo x >/dev/null' config
  run as oakum-runtime run box
  said 0 '/dev/null 1:3' '/dev/zero 1:5' '/dev/full 1:7' '/dev/random 1:8' '/dev/urandom 1:9' '/dev/tty 5:0'
  [[ $output != *kmsg* && $output != *mem* ]]
  [ "$(stat -c %u:%a /dev/null)" = 0:666 ]
}

@test "a bind mount keeps what root has locked in its source, whatever its options ask; other options hold" {
  mkdir "$place/volume"
  locked() { # SOURCE-OPTIONS OPTIONS: what the container sees
    mount -t tmpfs -o "$1" tmpfs "$place/volume"
    script='grep " /mnt " /proc/self/mounts | cut -d" " -f4' config ".mounts += [{destination: \"/mnt\", type: \"bind\", source: \"$place/volume\", options: [$2]}]"
    run as oakum-runtime run box </dev/null
    umount "$place/volume"
  }
  locked ro '"rbind", "rw"'
  said 0 ro,
  locked nosuid,nodev,noexec '"bind", "rw", "exec", "dev", "suid"'
  said 0 rw,nosuid,nodev,noexec
  locked ro,noexec '"bind", "rw", "exec", "nosuid"'
  said 0 ro,nosuid,noexec
  locked rw '"bind", "rw", "exec"'
  said 0 rw,
  [[ $output != *noexec* ]]
}

@test "a device that is not the host's node of that name is refused" {
  config '.linux.devices = [{path: "/dev/zero", type: "c", major: 1, minor: 1}]'
  run as oakum-runtime run box
  said 1 'linux.devices[0] (/dev/zero)' 'is not device 1:1'
}

@test "masks, read-only paths, sysctls of its own network" {
  script='cat /proc/keys /proc/timer_list; ls /sys/firmware; echo x >/proc/sys/kernel/domainname; touch /sys/x; cat /proc/sys/net/ipv4/ip_forward' \
    config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
  run as oakum-runtime run box
  said 0 'Read-only file system' 1
  [[ $output != *$'\n0'* ]]
}

@test "the host's network: /sys is the host's, read-only, and its cgroups are covered" {
  script='ls /sys/class/net; grep " /sys " /proc/self/mountinfo; touch /sys/x; ls -A /sys/fs/cgroup' \
    config '.linux.namespaces |= map(select(.type != "network")) | (.mounts[] | select(.destination == "/sys")).options -= ["ro"]'
  run as oakum-runtime run box
  said 0 lo 'Read-only file system'
  [[ $(grep ' /sys ' <<<"$output") == *ro,* ]]
  [[ $output != *memory* ]]
}

@test "create, state, start, exec, ps, list, kill, delete; nothing is left" {
  config '.process.args = ["sleep", "100"]'
  as oakum-runtime create --pid-file "$place/run/pid" box </dev/null >/dev/null
  [ "$(stat -c %a:%u "$place/run/oakum")" = 700:$user_uid ]
  [ "$(as oakum-runtime state box | jq -r .status)" = created ]
  as oakum-runtime start box
  [ "$(as oakum-runtime state box | jq -r .status)" = running ]
  run as oakum-runtime exec box sh -c 'id -u; readlink /proc/1/exe; exit 7'
  said 7 0 /bin/busybox
  run as oakum-runtime ps --format json box
  [ "$(jq -c . <<<"$output")" = "[$(cat "$place/run/pid")]" ]
  run as oakum-runtime list -q
  said 0 box
  run as oakum-runtime delete box
  said 1 running
  as oakum-runtime kill --all box KILL
  wait_for 5 as sh -c 'oakum-runtime state box | grep -q stopped'
  as oakum-runtime delete box
  run as oakum-runtime list -q
  said 0
  [ -z "$output" ]
  as oakum-runtime delete --force box
}

@test "a terminal, in run and exec" {
  config '.process.args = ["tty"] | .process.terminal = true'
  run as script -qec 'oakum-runtime run box' /dev/null </dev/null
  said 0 /dev/pts/
  config '.process.args = ["sleep", "100"]'
  as oakum-runtime run -d box </dev/null >/dev/null 2>&1
  run as script -qec 'oakum-runtime exec -t box tty' /dev/null </dev/null
  said 0 /dev/pts/
  as oakum-runtime delete --force box
}

@test "exec: no capabilities that were not asked for, and those are the container's namespace's; no way into the host" {
  script='sleep 100' config
  as oakum-runtime run -d box </dev/null >/dev/null 2>&1
  run as oakum-runtime exec --cap CAP_SYS_TIME box sh -c 'grep CapEff /proc/self/status; date -s 12:00 2>&1 >/dev/null'
  said 0 'CapEff:	0000000002000000' 'not permitted'
  run as oakum-runtime exec box sh -c 'grep CapEff /proc/self/status; ls /proc/self/fd | wc -l; ls /home'
  said 0 'CapEff:	0000000000000000' 4
  as oakum-runtime delete --force box
}

# ---- budgets

@test "a budget that was asked for and cannot be had is an error that names it; without one there is no cgroup" {
  config '.linux.resources.memory.limit = 100000000'
  run as oakum-runtime run box
  said 1 'a limit needs a cgroup that this user may write'
  config '.linux.resources.pids.limit = 100'
  run as oakum-runtime run box
  said 1 'a limit needs a cgroup that this user may write'
  [ -z "$(ls "$place/run/oakum")" ]
  config .
  as oakum-runtime run box
  run as oakum-runtime --rootless false run box
  said 1 cgroup
  run as oakum-runtime --rootless nonsense run box
  said 1 'auto, true or false'
}

@test "--cgroup-manager disabled: no cgroup is made, no limit asked about" {
  config '.linux.resources.memory.limit = 100000000'
  as oakum-runtime --cgroup-manager disabled run box
  run as oakum-runtime --cgroup-manager nonsense run box
  said 1 nonsense
}

@test "pause, update: an error that says that there is no cgroup" {
  config '.process.args = ["sleep", "100"]'
  as oakum-runtime run -d box </dev/null >/dev/null 2>&1
  run as oakum-runtime pause box
  said 1 'has no cgroup'
  run as oakum-runtime update --memory 100m box
  said 1 'has no cgroup'
  as oakum-runtime delete --force box
}

@test "a delegated cgroup (v1 here): limits are set in it, pause works" {
  local group=oakum-user-$$ c
  [ -d /sys/fs/cgroup/pids ] && [ -d /sys/fs/cgroup/freezer ] || skip 'needs cgroup v1 (version 2: the machine lane)'
  for c in pids memory freezer; do
    mkdir "/sys/fs/cgroup/$c/$group"
    chown -R $user_uid "/sys/fs/cgroup/$c/$group"
  done
  config '.process.args = ["sleep", "100"] | .linux.resources.pids.limit = 77 | .linux.cgroupsPath = $g' --arg g "/$group/box"
  as oakum-runtime run -d box </dev/null >/dev/null 2>&1 || failed=1
  [ -n "${failed:-}" ] || limit=$(cat "/sys/fs/cgroup/pids/$group/box/pids.max")
  as oakum-runtime delete --force box
  for c in pids memory freezer; do
    rmdir "/sys/fs/cgroup/$c/$group"
  done
  [ "${limit:-}" = 77 ]
}

@test "a delegated cgroup of version 2: found beside ours, pause works, no budget that it cannot keep" {
  local group=oakum-user-$$
  script='sleep 100' config
  # In a namespace of its own, where version 2 is what there is; the same tree as the host's.
  cat >"$place/delegated" <<'SH'
mount -t cgroup2 none /sys/fs/cgroup && cd /sys/fs/cgroup && mkdir -p "$group/app" || exit 77
chown -R "$user_uid" "$group"
echo 0 >"$group/app/cgroup.procs"
as oakum-runtime run -d box </dev/null >/dev/null 2>&1
ls -d "$group"/*/
as oakum-runtime pause box && as oakum-runtime state box | grep status
as oakum-runtime resume box
as oakum-runtime ps --format json box | grep -c '\[[0-9]'
as oakum-runtime exec box cat /proc/self/cgroup | grep 0::
as oakum-runtime delete --force box
ls -d "$group"/*/
echo 0 >cgroup.procs
rmdir "$group/app" "$group"
SH
  run env group="$group" user_uid=$user_uid place="$place" unshare -m --propagation private bash -c "$(declare -f as); . '$place/delegated'"
  rmdir "/sys/fs/cgroup/unified/$group/app" "/sys/fs/cgroup/unified/$group" "/sys/fs/cgroup/$group/app" "/sys/fs/cgroup/$group" 2>/dev/null || true
  [ "$status" -ne 77 ] || skip 'no cgroup version 2 can be mounted here'
  said 0 "$group/oakum-box/" paused
  [ "$(tail -n 1 <<<"$output")" = "$group/app/" ]
}

# ---- a range of ids

@test "a range: users and groups of the container are ids of the range" {
  needs_newuidmap
  script='id; touch /tmp/x' config "$range | .root.readonly = false | .process.user = {uid: 1000, gid: 1000, additionalGids: [29]}"
  chmod 1777 "$place/bundle/rootfs/tmp"
  run as sub oakum-runtime run box
  said 0 'uid=1000 gid=1000 groups=29'
  [ "$(stat -c %u:%g "$place/bundle/rootfs/tmp/x")" = 2000999:2000999 ]
  rm "$place/bundle/rootfs/tmp/x"
}

@test "a range that is not the user's is refused with newuidmap's words" {
  needs_newuidmap
  config "$range"
  run as oakum-runtime run box
  said 1 'the id maps cannot be set' newuidmap
  [ -z "$(ls "$place/run/oakum")" ]
}

@test "one id: further groups are an error, since they cannot be given" {
  config '.process.user.additionalGids = [29]'
  run as oakum-runtime run box
  said 1 additionalGids
}

@test "no user namespace in the specification: an error that says what to do" {
  config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  run as oakum-runtime run box
  said 1 'spec --rootless'
}

# ---- whose directories

@test "a state directory of somebody else is refused, by the user and by root" {
  config .
  mkdir -m 755 "$place/foreign"
  run as oakum-runtime --root "$place/foreign" run box
  said 1 'belongs to uid'
  TEST_XDG_RUNTIME_DIR=$place/foreign run as oakum-runtime run box
  said 1 XDG_RUNTIME_DIR 'belongs to uid'
  run "$bin/oakum-runtime" --root "$place/run" list
  said 1 "belongs to uid $user_uid"
  # Root's is /run/oakum, which the command makes.
  # shellcheck disable=SC2016 # expanded by the inner shell
  XDG_RUNTIME_DIR=$place/run run unshare -m --propagation private sh -c 'mount -t tmpfs none /run && exec "$1" list' sh "$bin/oakum-runtime"
  said 0
  run "$bin/oakum" --root "$place/home" --state "$place/run" run box
  said 125 "belongs to uid $user_uid"
  chmod 777 "$place/run"
  run as oakum-runtime run box
  said 1 XDG_RUNTIME_DIR 'can be written by others'
  TEST_XDG_RUNTIME_DIR=relative run as oakum-runtime run box
  said 1 'not an absolute path'
}

@test "without XDG_RUNTIME_DIR: the usual place, or an error that asks for one" {
  config .
  [ ! -e /run/user/$user_uid ] || skip "there is a /run/user/$user_uid"
  TEST_XDG_RUNTIME_DIR='' run as oakum-runtime run box
  said 1 'XDG_RUNTIME_DIR is not set'
  as oakum-runtime --root "$place/run/own" run box
}

# ---- inside a user namespace, as under podman

@test "root of a user namespace, without one in the specification" {
  script='id -u; cat /proc/self/uid_map; stat -c %t:%T /dev/null' config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  run as unshare -Urm oakum-runtime run box
  said 0 '0      12345          1' 1:3
}

@test "root of a user namespace: joined network, ipc, uts and pid namespaces; hooks stay outside of them" {
  local ns='.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  cat >"$place/bundle/both" <<'SH'
jq '.process.args = ["sleep", "100"]' config.json >c && cat c >config.json
oakum-runtime run -d one </dev/null >/dev/null 2>&1
pid=$(oakum-runtime state one | jq .pid)
jq --arg p "/proc/$pid/ns/" '(.linux.namespaces[] | select(.type == "network")).path = $p + "net"
  | (.linux.namespaces[] | select(.type == "ipc" or .type == "uts" or .type == "pid")) |= (.path = $p + .type)
  | del(.hostname) | .process.args = ["sh", "-c", "ps; readlink /proc/self/ns/net"]
  | .hooks = {poststop: [{path: "/bin/sh", args: ["sh", "-c", "readlink /proc/self/ns/net /proc/self/ns/pid >hook"]}]}' config.json >c && cat c >config.json
oakum-runtime run two
readlink "/proc/$pid/ns/net"
readlink /proc/self/ns/net /proc/self/ns/pid >mine
oakum-runtime delete --force one
SH
  config "$ns"
  run as unshare -Urm sh both
  said 0 'sleep 100'
  [ "$(sed -n '/^net:/p' <<<"$output" | sort -u | wc -l)" -eq 1 ]
  cmp "$place/bundle/hook" "$place/bundle/mine"
}

@test "root of a user namespace: exec comes back with the status" {
  script='sleep 100' config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  run as unshare -Urm sh -c 'oakum-runtime run -d box </dev/null >/dev/null 2>&1; oakum-runtime exec box sh -c "id -u; exit 9"; s=$?; oakum-runtime delete --force box; exit $s'
  said 9 0
}

@test "oomScoreAdj: lower than the caller's is reported, not fatal; higher is set" {
  script='cat /proc/1/oom_score_adj' config '.process.oomScoreAdj = 500'
  run as oakum-runtime run box
  said 0 500
  script='cat /proc/1/oom_score_adj' config '.process.oomScoreAdj = -500'
  run as oakum-runtime --log-level info run box
  said 0 'process.oomScoreAdj'
}

# ---- the runtime's own file

@test "a program file of the user's own cannot be written through /proc/self/exe" {
  chown -R $user_uid "$place/bin"
  script=true config
  as oakum-runtime create --pid-file "$place/run/pid" box </dev/null >/dev/null 2>&1
  pid=$(cat "$place/run/pid")
  exe=$(readlink "/proc/$pid/exe")
  # access(2) tells of a read-only mount, also to root; -w of the file itself is true.
  writable=no
  [ ! -w "/proc/$pid/exe" ] || writable=yes
  as oakum-runtime delete --force box
  [[ $exe == */oakum-runtime ]]
  [ -w "$place/bin/oakum-runtime" ]
  [ $writable = no ]
}

# ---- oakum

import_box() { # [sub]
  tar -C "$place/bundle/rootfs" --owner=0 --group=0 -cf "$place/home/box.tar" .
  as "$@" oakum import "$place/home/box.tar" box >/dev/null
}

@test "oakum: import, images, run, rmi with a range; owners are kept, the sealed user is 65532" {
  needs_newuidmap
  import_box sub
  [ "$(stat -c %a:%u "$place/home/.local/share/oakum")" = 700:$user_uid ]
  run as sub oakum images
  said 0 box
  run as sub oakum run --rm box sh -c 'id -u; stat -c %u /bin/busybox; grep CapEff /proc/self/status; touch /x'
  said 1 65532 0 'CapEff:	0000000000000000' 'Read-only file system' 'no cgroup'
  run as sub oakum run --rm --read-only=false --user 8:8 box sh -c 'id -u; mkdir /tmp/a && touch /tmp/a/b && stat -c %u /tmp/a/b'
  said 0 '8
8'
  run as sub oakum rmi box
  said 0 Deleted
  [ -z "$(ls "$place/home/.local/share/oakum/layers")" ]
}

@test "oakum: with one id the container's user is the caller" {
  import_box
  run as oakum run --rm box sh -c 'id -u; cat /proc/self/uid_map'
  said 0 '65532          0          1'
  run as oakum run --rm --user 0 --read-only=false box sh -c 'id -u; touch /x; stat -c %u /x'
  said 0 '0
0'
  run as oakum run --rm --group-add 29 box true
  said 125 '/etc/subuid'
  run as oakum run --rm -v vol:/v:rw box sh -c 'touch /v/x && stat -c %u /v/x'
  said 0 65532
}

@test "oakum: a budget asked for is an error, a default one is reported, 0 silences it" {
  import_box
  run as oakum run --rm --memory 50m box true
  said 125 'a limit needs a cgroup'
  run as oakum run --rm box true
  said 0 'the default limit of both is off'
  run as oakum run --rm --memory 0 --pids-limit 0 box true
  said 0
  [ -z "$output" ]
}

@test "oakum: ps, exec, inspect, stop, rm of a container that another oakum runs" {
  needs_newuidmap
  import_box sub
  # shellcheck disable=SC2016 # expanded by the inner shell
  run as sub sh -c 'oakum run --name one box sleep 100 2>/dev/null & n=0
    until oakum ps | grep -q one || [ $n -gt 50 ]; do sleep 0.1; n=$((n + 1)); done
    oakum exec --user 0 one id -u
    oakum exec one sh -c "id -u; exit 4"; echo status $?
    oakum inspect one | grep -c "no cgroup that this user may write"
    oakum stop -t 0 one; wait; oakum ps -a; oakum rm one; oakum ps -aq; echo end'
  said 0 '0
65532
status 4' 'Exited (137)'
  [[ $output == *$'one\nend' ]]
}

@test "oakum: two at once share one user namespace, and the register forgets the dead" {
  needs_newuidmap
  import_box sub
  # shellcheck disable=SC2016 # expanded by the inner shell
  run as sub sh -c 'oakum run --name aa box sleep 100 2>/dev/null & p1=$!; oakum run --name bb box sleep 100 2>/dev/null & p2=$!
    n=0; until [ "$(oakum ps -q | wc -l)" = 2 ] || [ $n -gt 80 ]; do sleep 0.1; n=$((n + 1)); done
    readlink /proc/$p1/ns/user /proc/$p2/ns/user | sort -u | wc -l
    oakum exec aa true && oakum exec bb true && echo both
    oakum rm -f aa bb; wait; oakum run --rm box true 2>/dev/null; ls $XDG_RUNTIME_DIR/oakum/.userns | wc -l'
  said 0 '1
both'
  [ "$(tail -n 1 <<<"$output")" -le 2 ]
}

@test "oakum: --pid and --ipc container, with a range and with one id" {
  needs_newuidmap
  local kind
  for kind in '' sub; do
    # shellcheck disable=SC2086 # no word when it is empty
    import_box $kind
    # shellcheck disable=SC2016,SC2086 # expanded by the inner shell
    run as $kind sh -c 'oakum run --rm --name one box sleep 101 2>/dev/null & n=0
      until oakum exec one true 2>/dev/null || [ $n -gt 50 ]; do sleep 0.1; n=$((n + 1)); done
      oakum run --rm --pid container:one --ipc container:one box sh -c "ps; readlink /proc/self/ns/user"
      oakum exec one readlink /proc/self/ns/user
      oakum rm -f one; wait; oakum ps -aq; echo end'
    said 0 'sleep 101' 'user:['
    [ "$(grep -c '^user:' <<<"$output")" -eq 2 ]
    [ "$(grep '^user:' <<<"$output" | sort -u | wc -l)" -eq 1 ]
  done
}

@test "oakum: binds are not id-mapped: the caller's files belong to root inside" {
  needs_newuidmap
  import_box sub
  mkdir "$place/home/dir"
  chown $user_uid "$place/home/dir"
  run as sub oakum run --rm -v "$place/home/dir:/d:rw" --user 0 box sh -c 'stat -c %u /d; touch /d/x'
  said 0 0
  [ "$(stat -c %u "$place/home/dir/x")" = $user_uid ]
  run as sub oakum run --rm -v "$place/home/dir:/d" --user 0 box touch /d/y
  said 1 'Read-only'
}

@test "oakum system info and --help need nothing" {
  run as oakum system info
  said 0 'ids' 'partly'
  run as oakum run --help
  said 0 Usage
}

@test "a network that only root can have says so" {
  needs_newuidmap
  as sub oakum import "$place/bundle/rootfs" box >/dev/null
  run as sub oakum run --rm --network bridge box true
  said 125 '--network bridge needs root'
}

@test "export and image diff work without root; image mount says that it does not" {
  needs_newuidmap
  as sub oakum import "$place/bundle/rootfs" box >/dev/null
  echo new >"$place/bundle/rootfs/etc/new"
  as sub oakum import "$place/bundle/rootfs" other >/dev/null
  run -0 as sub oakum image diff -t files box other
  said 0 'A /etc/new'
  as sub oakum run --name one --network none --read-only=false --user 0 box sh -c 'echo x >/etc/mine'
  as sub oakum export one >"$place/one.tar"
  tar -tvf "$place/one.tar" --numeric-owner | grep -Eq ' 0/0 .* etc/mine$'
  as sub oakum rm one
  run as sub oakum image mount box
  said 1 "host's root only"
}

# ---- oakum, in the background

# background [sub]: a container of this user's, its log, its monitor killed, its end, a restart.
background() {
  import_box "$@"
  as "$@" oakum run -d --name b1 --memory 0 --pids-limit 0 --restart on-failure:1 box sh -c 'id -u; echo again >/dev/stdout; sleep 4; exit 3' >/dev/null
  wait_for 10 eval '[[ $(as '"$*"' oakum logs b1) == *again* ]]'
  [ "$(as "$@" oakum ps --format json | jq -r .State)" = running ]
  pgrep -f "^oakum-monitor keeper.*$place" | xargs kill -KILL
  as "$@" oakum ps -q >/dev/null
  run as "$@" oakum wait b1
  said 0 3
  [ "$(as "$@" oakum logs b1 | grep -c again)" -eq 2 ]
  run as "$@" oakum start b1
  said 0 b1
  run as "$@" oakum rm -f b1
  said 0 b1
  wait_for 5 eval '! pgrep -f "^oakum-monitor .*$place"'
  [ -z "$(ls -A "$place/home/.local/share/oakum/containers")" ]
}

@test "oakum: run -d, logs, wait, restart with a range, and a keeper that is killed" {
  needs_newuidmap
  background sub
}

@test "oakum: run -d, logs, wait, restart with one id, and a keeper that is killed" {
  background
}

# health [sub]: a check that takes too long, in a container without a cgroup: its processes are found by parents and sessions.
health() {
  import_box "$@"
  as "$@" oakum run -d --name h1 --memory 0 --pids-limit 0 --health-interval 300ms --health-timeout 500ms --health-retries 1 \
    --health-cmd 'sleep 4721 & setsid sleep 4722 & sleep 4723' box sleep 600 >/dev/null
  wait_for 20 eval "[[ \$(as $* oakum ps --format '{{.Status}}') == *unhealthy* ]]"
  as "$@" oakum inspect h1 | jq -e '.[0].State.Health.Log[0] | .ExitCode == -1 and .Output == "Health check exceeded timeout (500ms)"'
  sleep 1
  [ "$(pgrep -c -f '^sleep 472[123]$')" -le 3 ]
  as "$@" oakum run -d --name h2 --memory 0 --pids-limit 0 --health-interval 300ms --health-cmd 'id -u' box sleep 600 >/dev/null
  wait_for 20 eval "[[ \$(as $* oakum ps --filter name=h2 --format '{{.Status}}') == *'(healthy)'* ]]"
  as "$@" oakum rm -f h1 h2 >/dev/null
  wait_for 5 eval '! pgrep -f "^sleep 472[123]$"'
}

@test "oakum: health checks without a cgroup, with a range" {
  needs_newuidmap
  health sub
}

@test "oakum: health checks without a cgroup, with one id" { health; }

@test "oakum: a secret is a file of the container's user, with one id and with a range, and can be rotated" {
  import_box
  as oakum secret create pg <<<first >/dev/null
  run as oakum run --rm --secret pg box sh -c 'cat /run/secrets/pg; stat -c "%u %a" /run/secrets/pg; echo x >/run/secrets/pg'
  said 1 first '65532 400' 'Read-only file system'
  run as oakum run --rm --secret pg,uid=7 box true
  said 125 'the container has no user 7'
  needs_newuidmap
  run as sub oakum run --rm --secret pg --secret pg,target=other,uid=7 box sh -c 'cat /run/secrets/pg; stat -c "%u %a" /run/secrets/*'
  said 0 first '65532 400' '7 400'
  as sub oakum run -d --name web --secret pg box sleep 60 >/dev/null
  run as sub oakum secret rotate pg <<<second
  said 0 web
  run as sub oakum exec web cat /run/secrets/pg
  said 0 second
  as sub oakum rm -f web >/dev/null
}
