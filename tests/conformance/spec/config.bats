# SPDX-License-Identifier: Apache-2.0
# config.md: what musts.txt has under C.
bats_require_minimum_version 1.5.0
load lib
setup() { spec_setup; }
teardown() {
  [ -z "${helper:-}" ] || kill "$helper" 2>/dev/null || true
  spec_teardown
}

@test "C-001 ociVersion is needed, and a version" {
  refuses ociVersion 'del(.ociVersion)'
  for version in '' 1 1.0 v1.0.0 1.0.0.0 01.0.0 1.0.0- one; do
    [ "$RUNTIME" = oakum ] || break # others read on, as soon as there is anything
    refuses ociVersion '.ociVersion = $v' --arg v "$version"
  done
}
@test "C-002 each earlier 1.x, and what is between two, is read" {
  for version in 1.0.0 1.0.0-rc5 1.0.2 1.0.2-dev 1.1.0 1.1.0+dev 1.2.0 1.2.1 1.3.0; do
    shows read 'echo read' '.ociVersion = $v' --arg v "$version"
  done
}
@test "C-003 root is needed" {
  refuses root 'del(.root)'
  refuses root 'del(.root.path)'
}
@test "C-004 root.path: absolute, or relative to the bundle" {
  shows here 'echo here' '.root.path = "rootfs"'
  shows here 'echo here' '.root.path = $p' --arg p "$bundle/rootfs"
  shows here 'echo here' '.root.path = "./rootfs/../rootfs/"'
}
@test "C-005 root.path is a directory" {
  refuses root '.root.path = "nothing"'
  touch "$bundle/file"
  refuses root '.root.path = "file"'
}
@test "C-006 readonly, and not" {
  shows refused 'touch /etc/x 2>/dev/null && echo done || echo refused' '.root.readonly = true'
  shows 'done' 'touch /etc/x && echo done' '.root.readonly = false'
  shows 'done' 'touch /etc/y && echo done' 'del(.root.readonly)'
}

@test "C-010 mounts in the order of the list: a later one lies on an earlier one, and may lie within it" {
  mkdir "$place/a" "$place/b"
  echo a >"$place/a/name"
  echo b >"$place/b/name"
  shows $'b\nwithin' 'cat /mnt/name; touch /tmp/sub/within; ls /tmp/sub' '.mounts += [
    { destination: "/mnt", type: "bind", source: $a, options: ["bind"] }, { destination: "/mnt", type: "bind", source: $b, options: ["bind"] },
    { destination: "/tmp/sub", type: "tmpfs", source: "tmpfs", options: ["size=64k"] }]' --arg a "$place/a" --arg b "$place/b"
  shows a 'cat /mnt/name' '.mounts += [
    { destination: "/mnt", type: "bind", source: $b, options: ["bind"] }, { destination: "/mnt", type: "bind", source: $a, options: ["bind"] }]' \
    --arg a "$place/a" --arg b "$place/b"
}
@test "C-011 a relative destination is relative to /" {
  shows tmpfs 'grep " /etc/there " /proc/mounts | cut -d" " -f3' '.root.readonly = false | .mounts += [{ destination: "etc/there", type: "tmpfs", source: "tmpfs" }]'
}
@test "C-013 a relative source is relative to the bundle" {
  mkdir -p "$bundle/data"
  echo 'of the bundle' >"$bundle/data/file"
  shows 'of the bundle' 'cat /mnt/file' '.mounts += [{ destination: "/mnt", type: "bind", source: "data", options: ["bind", "ro"] }]'
}
@test "C-014 the option makes the bind mount, whatever the type" {
  mkdir "$place/data"
  echo bound >"$place/data/file"
  for type in none bind tmpfs; do
    for option in bind rbind; do
      shows bound 'cat /mnt/file' '.mounts += [{ destination: "/mnt", type: $t, source: $s, options: [$o] }]' --arg t $type --arg o $option --arg s "$place/data"
    done
  done
  shows bound 'cat /mnt/file' '.mounts += [{ destination: "/mnt", source: $s, options: ["rbind"] }]' --arg s "$place/data"
}

# option WORDS SHOWN NOT: a tmpfs with the options of WORDS has SHOWN among its options and NOT not.
option() {
  inside 'sed -n "s/^[^ ]* \/mnt [^ ]* \([^ ]*\) .*/,\1,/p" /proc/mounts' '.mounts += [{ destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ($w | split(" ")) }]' --arg w "$1"
  [ "$status" -eq 0 ] || { echo "$1: $output"; return 1; }
  [ -z "$2" ] || [[ $output == *",$2,"* ]] || { echo "$1: no $2 in $output"; return 1; }
  [ -z "$3" ] || [[ $output != *",$3,"* ]] || { echo "$1: $3 in $output"; return 1; }
}
@test "C-015 options of a single mount, as the kernel shows them" {
  option ro ro rw
  option rw rw ro
  option 'ro rw' rw ro
  option nosuid nosuid ''
  option 'nosuid suid' '' nosuid
  option nodev nodev ''
  option 'nodev dev' '' nodev
  option noexec noexec ''
  option 'noexec exec' '' noexec
  option noatime noatime relatime
  option 'noatime atime' '' noatime
  option nodiratime nodiratime ''
  option 'nodiratime diratime' '' nodiratime
  option relatime relatime ''
  option strictatime '' relatime
  option 'strictatime nostrictatime' relatime ''
  option norelatime '' noatime
  option sync sync ''
  option 'sync async' '' sync
  option dirsync dirsync ''
  option lazytime lazytime ''
  option 'lazytime nolazytime' '' lazytime
  for word in defaults silent loud iversion noiversion; do
    option $word '' ro
  done
}
@test "C-015 C-025 the same words on a bind mount are taken, but for the two that only a file system has" {
  mkdir "$place/data"
  for word in async atime defaults dev diratime exec iversion lazytime loud noatime nodev nodiratime noexec noiversion nolazytime norelatime \
    nostrictatime nosuid relatime ro rw silent strictatime suid; do
    shows fine 'echo fine' '.mounts += [{ destination: "/mnt", type: "bind", source: $s, options: ["bind", $w] }]' --arg w $word --arg s "$place/data"
  done
  oakum_only
  for word in sync dirsync; do
    refuses "$word" '.mounts += [{ destination: "/mnt", type: "bind", source: $s, options: ["bind", $w] }]' --arg w $word --arg s "$place/data"
  done
}

# apart COMMANDS: in a mount namespace of its own, where $src is a directory with a tmpfs at sub; then the container.
apart() { # SETUP SCRIPT FILTER [JQ ARGUMENTS]
  local setup=$1 script=$2 filter=$3
  shift 3
  mkdir -p "$place/src/sub"
  make_bundle "$bundle" "$filter" --arg src "$place/src" "$@"
  run timeout 30 unshare -m --propagation private sh -c 'set -e; cd "$1"; mount --bind src src; mount -t tmpfs -o size=64k tmpfs src/sub; touch src/sub/below
    '"$setup"'; shift; exec "$@"' sh "$place" "$runtime" --root "$place/rt" run --bundle "$bundle" box < <(:)
}
@test "C-016 bind leaves out what is mounted below, rbind takes it along" {
  apart : 'ls /mnt/sub' '.mounts += [{ destination: "/mnt", type: "bind", source: $src, options: ["bind"] }]'
  [ "$status" -eq 0 ] && [ -z "$output" ]
  apart : 'ls /mnt/sub' '.mounts += [{ destination: "/mnt", type: "bind", source: $src, options: ["rbind"] }]'
  said 0 below
}
@test "C-017 the propagation of a mount is as given" {
  local word want
  for word in private rprivate shared rshared slave rslave unbindable runbindable; do
    apart 'mount --make-rshared src' 'grep -E " /mnt(/sub)? " /proc/self/mountinfo' '.mounts += [{ destination: "/mnt", type: "bind", source: $src, options: ["rbind", $w] }]' --arg w $word
    [ "$status" -eq 0 ] || { echo "$word: $output"; false; }
    case ${word#r} in
    shared) want=' shared:' ;;
    slave) want=' master:' ;;
    unbindable) want=' unbindable' ;;
    *) want= ;;
    esac
    [[ $word == r* && -n $want ]] && count=2 || count=1
    if [ -n "$want" ]; then
      [ "$(grep -c -- "$want" <<<"$output")" -ge $count ] || { echo "$word: $output"; false; }
    else
      [[ ${lines[0]} != *shared:* && ${lines[0]} != *master:* && ${lines[0]} != *unbindable* ]] || { echo "$word: $output"; false; }
    fi
  done
}
@test "C-018 remount changes what is there" {
  shows 'ro refused' 'set -- $(grep " /mnt " /proc/mounts | tail -n 1); touch /mnt/x 2>/dev/null && t=done || t=refused; echo ${4%%,*} $t' \
    '.mounts += [{ destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["size=64k"] }, { destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["remount", "ro"] }]'
}
@test "C-019 recursive attributes reach the mounts below" {
  while read -r word shown setup; do
    apart "${setup:-:}" 'sed -n "s/^[^ ]* \/mnt\/sub [^ ]* \([^ ]*\) .*/,\1,/p" /proc/mounts' '.mounts += [{ destination: "/mnt", type: "bind", source: $src, options: ["rbind", $w] }]' --arg w "$word"
    [ "$status" -eq 0 ] || { echo "$word: $output"; false; }
    case $shown in
    -*) [[ $output != *",${shown#-},"* ]] || { echo "$word: $output"; false; } ;;
    *) [[ $output == *",$shown,"* ]] || { echo "$word: $output"; false; } ;;
    esac
  done <<'TABLE'
rro ro
rrw rw mount -o remount,bind,ro src/sub
rnosuid nosuid
rsuid -nosuid mount -o remount,bind,nosuid src/sub
rnodev nodev
rdev -nodev mount -o remount,bind,nodev src/sub
rnoexec noexec
rexec -noexec mount -o remount,bind,noexec src/sub
rnoatime noatime
ratime -noatime mount -o remount,bind,noatime src/sub
rnodiratime nodiratime
rdiratime -nodiratime mount -o remount,bind,nodiratime src/sub
rrelatime relatime
rnorelatime -relatime
rstrictatime -relatime
rnostrictatime relatime mount -o remount,bind,strictatime src/sub
TABLE
  for word in rsymfollow rnosymfollow; do
    apart 'ln -s below src/sub/link' 'cat /mnt/sub/link >/dev/null 2>&1 && echo follows || echo not' '.mounts += [{ destination: "/mnt", type: "bind", source: $src, options: ["rbind", $w] }]' --arg w $word
    [ "$output" = "$([ $word = rsymfollow ] && echo follows || echo not)" ] || { echo "$word: $output"; false; }
  done
}
@test "C-020 nosymfollow and symfollow" {
  mkdir "$place/data"
  echo text >"$place/data/file"
  ln -s file "$place/data/link"
  shows not 'cat /mnt/link >/dev/null 2>&1 && echo follows || echo not' '.mounts += [{ destination: "/mnt", type: "bind", source: $s, options: ["bind", "nosymfollow"] }]' --arg s "$place/data"
  shows follows 'cat /mnt/link >/dev/null 2>&1 && echo follows || echo not' '.mounts += [{ destination: "/mnt", type: "bind", source: $s, options: ["bind", "nosymfollow", "symfollow"] }]' --arg s "$place/data"
}
maps='uidMappings: [{ containerID: 0, hostID: 1000, size: 100 }], gidMappings: [{ containerID: 0, hostID: 2000, size: 100 }]'
@test "C-021 idmap and ridmap use the mount's own mappings" {
  mkdir "$place/data"
  touch "$place/data/file"
  for word in idmap ridmap; do
    shows '1000 2000' 'stat -c "%u %g" /mnt/file' '.mounts += [{ destination: "/mnt", type: "bind", source: $s, options: ["rbind", $w], '"$maps"' }]' --arg w $word --arg s "$place/data"
  done
  [ "$(stat -c '%u %g' "$place/data/file")" = '0 0' ]
}
@test "C-022 idmap without mappings and without a user namespace is an error" {
  mkdir "$place/data"
  for word in idmap ridmap; do
    refuses 'mounts[' '.mounts += [{ destination: "/mnt", type: "bind", source: $s, options: ["rbind", $w] }]' --arg w $word --arg s "$place/data"
  done
}
@test "C-023 what is no known option goes to the file system" {
  inside 'grep " /mnt " /proc/mounts' '.mounts += [{ destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["nr_inodes=77", "mode=0711"] }]'
  said 0 nr_inodes=77 mode=711
  refuses nosuchoption '.mounts += [{ destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["nosuchoption=1"] }]'
}
@test "C-024 a mount has both mappings or none" {
  mkdir "$place/data"
  for one in uid gid; do
    refuses Mappings '.mounts += [{ destination: "/mnt", type: "bind", source: $s, options: ["bind", "idmap"], '"$maps"' } | del(.[$k])]' --arg k ${one}Mappings --arg s "$place/data"
  done
}

@test "C-030 consoleSize without terminal is ignored" {
  shows none 'test -t 0 || test -t 1 || echo none' '.process.terminal = false | .process.consoleSize = { height: 33, width: 101 }'
  shows none 'test -t 0 || test -t 1 || echo none' 'del(.process.terminal) | .process.consoleSize = { height: 33, width: 101 }'
}
@test "C-031 terminal: all three are one pseudoterminal" {
  timeout 30 "$BATS_TEST_DIRNAME/console" "$place/socket" >"$place/out" 3>&- &
  helper=$!
  wait_for 10 test -S "$place/socket"
  script='for i in 0 1 2; do test -t $i && readlink /proc/self/fd/$i; done; stat -Lc "%t:%T" /dev/console /proc/self/fd/0; sleep 0.2' make_bundle "$bundle" '.process.terminal = true'
  rt run --detach --console-socket "$place/socket" --bundle "$bundle" box >/dev/null 2>&1 3>&-
  wait "$helper"
  tr -d '\r' <"$place/out" >"$place/text"
  [ "$(grep -c '^/dev/pts/0$' "$place/text")" -eq 3 ] || { cat "$place/text"; false; }
  [ "$(grep -c '^88:0$' "$place/text")" -eq 2 ]
}
@test "C-032 cwd" {
  shows /etc pwd '.process.cwd = "/etc"'
  refuses process.cwd 'del(.process.cwd)'
  refuses process.cwd '.process.cwd = "etc"'
}
@test "C-033 env is the whole environment, but for HOME" {
  shows $'A=1\nB=two words\nEMPTY=\nHOME=/root' 'true' '.process.env = ["A=1", "B=two words", "EMPTY="] | .process.args = ["/bin/env"]'
  shows $'HOME=/here\nA=1' 'true' '.process.env = ["HOME=/here", "A=1"] | .process.args = ["/bin/env"]'
}
@test "C-034 args: as execvp" {
  shows found 'true' '.process.args = ["echo", "found"]'
  shows found 'true' '.process.args = ["/bin/echo", "found"]'
  shows found 'true' '.process.cwd = "/bin" | .process.args = ["./echo", "found"]'
  refuses process.args '.process.args = []'
  refuses process.args 'del(.process.args)'
  inside true '.process.args = ["/nothing/there"]'
  [ "$status" -ne 0 ]
}
@test "C-035 C-037 limits that do not exist, or come twice" {
  refuses process.rlimits '.process.rlimits = [{ type: "RLIMIT_NOTHING", soft: 1, hard: 1 }]'
  refuses process.rlimits '.process.rlimits = [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }, { type: "RLIMIT_CORE", soft: 0, hard: 0 }]'
}
@test "C-036 every resource limit, soft and hard" {
  limits='{ CPU: [100, 200], FSIZE: [100000, 200000], DATA: [1000000000, 2000000000], STACK: [1000000, 2000000], CORE: [0, 1000], RSS: [100000, 200000],
    NPROC: [100, 200], NOFILE: [50, 60], MEMLOCK: [4096, 8192], AS: [1000000000, 2000000000], LOCKS: [10, 20], SIGPENDING: [10, 20],
    MSGQUEUE: [4096, 8192], NICE: [0, 0], RTPRIO: [0, 0], RTTIME: [1000000, 2000000] }'
  inside true '.process.args = ["cat", "/proc/self/limits"] | .process.rlimits = ('"$limits"' | to_entries | map({ type: ("RLIMIT_" + .key), soft: .value[0], hard: .value[1] }))'
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  tr -s ' ' <<<"$output" >"$place/limits"
  while read -r line; do
    grep -qF -- "$line" "$place/limits" || { echo "no $line in"; cat "$place/limits"; false; }
  done <<'TABLE'
Max cpu time 100 200
Max file size 100000 200000
Max data size 1000000000 2000000000
Max stack size 1000000 2000000
Max core file size 0 1000
Max resident set 100000 200000
Max processes 100 200
Max open files 50 60
Max locked memory 4096 8192
Max address space 1000000000 2000000000
Max file locks 10 20
Max pending signals 10 20
Max msgqueue size 4096 8192
Max nice priority 0 0
Max realtime priority 0 0
Max realtime timeout 1000000 2000000
TABLE
}
@test "C-040 C-041 a capability that there is not, or that we do not hold, is warned of and not given" {
  inside 'grep CapBnd /proc/self/status' '.process.capabilities = { bounding: ["CAP_CHOWN", "CAP_NOTHING"] }'
  said 0 CAP_NOTHING 'CapBnd:	0000000000000001'
  # one that this process has given away
  script='grep -E "CapBnd|CapEff" /proc/self/status' make_bundle "$bundle" '.process.capabilities = { bounding: ["CAP_CHOWN", "CAP_SYS_TIME"], permitted: ["CAP_CHOWN", "CAP_SYS_TIME"], effective: ["CAP_CHOWN", "CAP_SYS_TIME"] }'
  run setpriv --bounding-set -sys_time timeout 30 "$runtime" --root "$place/rt" run --bundle "$bundle" box < <(:)
  said 0 CAP_SYS_TIME 'CapBnd:	0000000000000001' 'CapEff:	0000000000000001'
}
@test "C-042 the five sets of capabilities" {
  # what execve makes of permitted and effective for who is not root are the ambient ones (capabilities(7))
  shows $'CapInh:\t0000000000000401\nCapPrm:\t0000000000000400\nCapEff:\t0000000000000400\nCapBnd:\t0000000000000425\nCapAmb:\t0000000000000400' true \
    '.process.args = ["grep", "^Cap", "/proc/self/status"] | .process.user = { uid: 8, gid: 8 } | .process.noNewPrivileges = false | .process.capabilities = {
      bounding: ["CAP_CHOWN", "CAP_DAC_READ_SEARCH", "CAP_KILL", "CAP_NET_BIND_SERVICE"], permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
      effective: ["CAP_KILL"], inheritable: ["CAP_CHOWN", "CAP_NET_BIND_SERVICE"], ambient: ["CAP_NET_BIND_SERVICE"] }'
  # for root they are the bounding set
  shows $'CapInh:\t0000000000000000\nCapPrm:\t0000000000000021\nCapEff:\t0000000000000021\nCapBnd:\t0000000000000021\nCapAmb:\t0000000000000000' true \
    '.process.args = ["grep", "^Cap", "/proc/self/status"] | .process.noNewPrivileges = false
    | .process.capabilities = { bounding: ["CAP_CHOWN", "CAP_KILL"], permitted: ["CAP_CHOWN", "CAP_KILL"], effective: ["CAP_CHOWN", "CAP_KILL"] }'
}
@test "C-043 noNewPrivileges" {
  shows 'NoNewPrivs:	1' 'grep NoNewPrivs /proc/self/status' '.process.noNewPrivileges = true'
  shows 'NoNewPrivs:	0' 'grep NoNewPrivs /proc/self/status' '.process.noNewPrivileges = false'
  shows 'NoNewPrivs:	0' 'grep NoNewPrivs /proc/self/status' 'del(.process.noNewPrivileges)'
}
@test "C-044 C-045 oomScoreAdj: set, or the caller's" {
  shows 300 'cat /proc/self/oom_score_adj' '.process.oomScoreAdj = 300'
  script='cat /proc/self/oom_score_adj' make_bundle "$bundle" 'del(.process.oomScoreAdj)'
  run bash -c 'echo 123 >/proc/self/oom_score_adj; exec "$@"' bash timeout 30 "$runtime" --root "$place/rt" run --bundle "$bundle" box < <(:)
  said 0 123
}
@test "C-046 scheduler: what is not given is 0" {
  script='cut -d" " -f19 /proc/self/stat' make_bundle "$bundle" '.process.scheduler = { policy: "SCHED_OTHER" }'
  run timeout 30 nice -n 5 "$runtime" --root "$place/rt" run --bundle "$bundle" box < <(:)
  [ "$output" = 0 ]
}
@test "C-049 labels whose module is not there are errors" {
  ! grep -qw apparmor /sys/kernel/security/lsm 2>/dev/null || skip 'this kernel has AppArmor'
  refuses process.apparmorProfile '.process.apparmorProfile = "some-profile"'
  ! grep -qw selinux /sys/kernel/security/lsm 2>/dev/null || skip 'this kernel has SELinux'
  refuses process.selinuxLabel '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
}
@test "C-050 user, group and further groups, also in a user namespace" {
  shows '5 6 6 7 8' 'echo $(id -u) $(id -g) $(id -G)' '.process.user = { uid: 5, gid: 6, additionalGids: [7, 8] }'
  chmod 755 "$bundle" "$bundle/rootfs"
  shows '5 6 6 7 8' 'echo $(id -u) $(id -g) $(id -G)' '.process.user = { uid: 5, gid: 6, additionalGids: [7, 8] } | .linux.namespaces += [{ type: "user" }]
    | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }] | .linux.gidMappings = .linux.uidMappings'
}
@test "C-051 umask: set, or 0022 whoever calls (as runc and crun)" {
  shows 0027 umask '.process.user.umask = 23'
  script=umask make_bundle "$bundle"
  run bash -c 'umask 077; exec "$@"' bash timeout 30 "$runtime" --root "$place/rt" run --bundle "$bundle" box < <(:)
  [ "$output" = 0022 ]
}

@test "C-061 the time-out of a hook is more than 0, and ends it" {
  hook_program slow '/bin/sleep 60'
  for timeout in 0 -1; do
    refuses hooks '.hooks.createRuntime = [{ path: $p, timeout: $t }]' --arg p "$place/slow" --argjson t $timeout
  done
  began=$SECONDS
  refuses hooks '.hooks.createRuntime = [{ path: $p, timeout: 1 }]' --arg p "$place/slow"
  [ $((SECONDS - began)) -le 8 ]
}
@test "C-064 every kind of hook reads the state from standard input" {
  hook_program outer "/bin/cat >>$log; echo >>$log"
  printf '#!/bin/sh\ncat >>/tmp/state; echo >>/tmp/state\n' >"$place/inner"
  chmod 755 "$place/inner"
  make_root "$bundle/rootfs"
  cp "$place/inner" "$bundle/rootfs/bin/"
  running 'cat /tmp/state; sleep 60' '.annotations = { a: "b" } | .hooks = (["prestart", "createRuntime", "createContainer", "poststart", "poststop"]
    | map({ (.): [{ path: $p }] }) | add + { startContainer: [{ path: "/bin/inner" }] })' --arg p "$place/outer"
  wait_for 10 test -s "$place/out"
  rt delete --force box
  cat "$place/out" >>"$log"
  jq -es --arg bundle "$bundle" 'map(select(. != null)) | length == 6 and all(.id == "box" and .bundle == $bundle and .annotations == { a: "b" } and (.ociVersion | startswith("1.")))
    and ([.[].status] | sort | unique - ["creating", "created", "running", "stopped"]) == []' "$log" || { cat "$log"; false; }
}
# where KIND: the mount and network namespace in which its hook runs.
hook_namespaces() {
  hook_program where "/bin/readlink /proc/self/ns/mnt /proc/self/ns/net >$log; /bin/cat >/dev/null"
}
@test "C-065 C-067 prestart and createRuntime: in the runtime's namespaces, the container's are there, before the pivot" {
  for kind in prestart createRuntime; do
    hook_program where "pid=\$(jq .pid); /bin/readlink /proc/self/ns/mnt /proc/self/ns/net >$log; /bin/readlink /proc/\$pid/ns/net >>$log
      grep -c \" $bundle/rootfs/proc \" /proc/\$pid/mountinfo >>$log"
    created 'sleep 60' '.hooks[$k] = [{ path: $p }]' --arg k $kind --arg p "$place/where"
    [ "$(sed -n 1,2p "$log")" = "$(readlink /proc/self/ns/mnt /proc/self/ns/net)" ] || [ "$RUNTIME" = crun ]
    [ "$(sed -n 3p "$log")" = "$(readlink "/proc/$pid/ns/net")" ]
    [ "$(sed -n 3p "$log")" != "$(sed -n 2p "$log")" ]
    [ "$(sed -n 4p "$log")" = 1 ]
    rt delete --force box
  done
}
@test "C-066 prestart comes before createRuntime, and that before createContainer" {
  for name in one two three; do hook_program $name "echo $name >>$log"; done
  created true '.hooks = { createContainer: [{ path: $c }], createRuntime: [{ path: $b }], prestart: [{ path: $a }] }' --arg a "$place/one" --arg b "$place/two" --arg c "$place/three"
  [ "$(cat "$log")" = $'one\ntwo\nthree' ]
}
@test "C-068 createContainer: the program of the runtime's file system, in the container's namespaces" {
  hook_namespaces
  created 'sleep 60' '.hooks.createContainer = [{ path: $p }]' --arg p "$place/where"
  [ "$(cat "$log")" = "$(readlink "/proc/$pid/ns/mnt" "/proc/$pid/ns/net")" ]
}
@test "C-069 startContainer: the program of the container, in its namespaces, before the program" {
  make_root "$bundle/rootfs"
  printf '#!/bin/sh\nreadlink /proc/self/ns/net >/tmp/where; cat /etc/passwd | head -n 1 >>/tmp/where\n' >"$bundle/rootfs/bin/where"
  chmod 755 "$bundle/rootfs/bin/where"
  created 'cat /tmp/where; sleep 60' '.hooks.startContainer = [{ path: "/bin/where" }]'
  net=$(readlink "/proc/$pid/ns/net")
  [ ! -s "$place/out" ]
  rt start box
  wait_for 10 grep -q root "$place/out"
  [ "$(cat "$place/out")" = "$net"$'\nroot:x:0:0:root:/root:/bin/sh' ]
  rt delete --force box
  refuses hooks '.hooks.createRuntime = [{ path: "/bin/where" }]' # which is not there outside
}
@test "C-070 poststart: after the program was executed, before start returns, in the runtime's namespaces" {
  hook_program after "pid=\$(jq .pid); /bin/readlink /proc/self/ns/net /proc/\$pid/exe >$log; /bin/sleep 0.3; echo end >>$log"
  created 'sleep 60' '.hooks.poststart = [{ path: $p }]' --arg p "$place/after"
  [ ! -e "$log" ]
  rt start box
  [ "$(cat "$log")" = "$(readlink /proc/self/ns/net)"$'\n/bin/busybox\nend' ] || [[ $(cat "$log") == *busybox$'\n'end ]]
}
@test "C-071 poststop: after the container is gone, before delete returns, in the runtime's namespaces" {
  hook_program after "/bin/cat >/dev/null; /bin/readlink /proc/self/ns/net >$log; find /sys/fs/cgroup -type d -path '*/$group/bundle' | wc -l >>$log; /bin/sleep 0.3; echo end >>$log"
  running 'sleep 60' '.hooks.poststop = [{ path: $p }]' --arg p "$place/after"
  rt kill box KILL
  wait_for 10 is_status box stopped
  [ ! -e "$log" ]
  rt delete box
  [ "$(cat "$log")" = "$(readlink /proc/self/ns/net)"$'\n0\nend' ] || { cat "$log"; false; }
}

@test "C-080 annotations: strings by key, no empty key" {
  refuses annotations '.annotations = { a: 1 }'
  refuses annotations '.annotations = ["a"]'
  refuses annotations '.annotations = { "": "x" }'
}
@test "C-081 C-082 unknown annotations are ignored, an empty value is one" {
  created true '.annotations = { "com.example.what-nobody-knows": "x", "org.opencontainers.image.os": "linux", "org.opencontainers.reserved": "y", "org.example.empty": "" }'
  rt state box | jq -e '.annotations | .["org.example.empty"] == "" and length == 4'
}
@test "C-083 unknown properties are ignored at every level" {
  shows fine 'echo fine' '.strange = 1 | .process.strange = [{}] | .process.user.strange = "x" | .process.capabilities.strange = null | .root.strange = {} | .mounts[0].strange = 1
    | .linux.strange = true | .linux.resources.strange = { a: 1 } | .linux.resources.memory.strange = 1 | .linux.namespaces[0].strange = [] | .hooks = { strange: [] }
    | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", strange: 1, syscalls: [{ names: ["acct"], action: "SCMP_ACT_ERRNO", strange: 1 }] }
    | .windows = {} | .solaris = {} | .vm = { hypervisor: { path: "/x" } } | .zos = {} | .freebsd = {}'
}
