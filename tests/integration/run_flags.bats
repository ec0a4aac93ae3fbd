# SPDX-License-Identifier: Apache-2.0
# What each flag of `oakum run` changes, seen from inside. The words and the specification are tested in tests/unit/cli;
# here it is the kernel that answers.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; make_image; }
teardown() { start_teardown; }

# inside FLAGS... -- SCRIPT: its output in $output.
inside() {
  local flags=()
  while [ "$1" != -- ]; do flags+=("$1"); shift; done
  run oak_run "${flags[@]}" box sh -c "$2"
}

@test "the sealed default, from inside" {
  inside -- 'id; grep -E "^(Cap...|NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/self/uid_map; ulimit -n; ulimit -c;
    cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; ls /sys/class/net; cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
  said 0 'uid=65532 gid=65532 groups=65532' $'CapBnd:\t0000000000000000' $'CapInh:\t0000000000000000' $'CapAmb:\t0000000000000000' \
    $'NoNewPrivs:\t1' $'Seccomp:\t2' ' 65536' $'\n1024\n0\n256\nlo\n0'
  inside -- 'for d in / /etc /bin /dev /sys /proc /home; do touch $d/x 2>/dev/null && echo "wrote $d"; done
    for d in /tmp /run /var/tmp /dev/shm; do echo ok >$d/x || echo "not $d"; done; cp /bin/busybox /tmp/b; /tmp/b true || echo noexec'
  said 0 noexec
  [[ $output != *wrote* && $output != *not* ]]
}

@test "--user and --group-add: names, numbers, groups of the image's files" {
  inside --user mail -- id
  said 0 'uid=8(mail) gid=8(mail)'
  inside -u 8:55 --group-add root --group-add 77 -- id
  said 0 'uid=8(mail) gid=55 groups=0(root),55,77'
  inside -u 0 -- id
  said 0 'uid=0(root) gid=0(root)'
  inside -u 70000 -- id
  said 125 'outside of the 65536 ids'
  inside -u nobody-at-all -- id
  said 125 'there is no user "nobody-at-all" in the image'
}

@test "an image's USER counts, unless it is root" {
  make_root "$place/img"
  for user in mail root 0 0:0; do
    oak import -c "USER $user" "$place/img" "user-${user//:/-}" >/dev/null
    run oak_run "user-${user//:/-}" id
    case $user in
    mail) said 0 'uid=8(mail)' ;;
    *) said 0 'uid=65532' ;;
    esac
  done
  run oak_run --compat docker user-root id
  said 0 'uid=0(root)'
}

@test "--cap-add SYS_ADMIN can mount: Landlock, which forbids it, stands back unless it is asked for" {
  run oak_run -u 0 --cap-add SYS_ADMIN --security-opt seccomp=unconfined box sh -c 'mount -t tmpfs none /tmp && echo mounted'
  said 0 mounted
  oak create --network none --cgroup-parent "/$group" --name admin --cap-add SYS_ADMIN box true
  oak inspect admin | jq -e '.. | objects | select(.control == "landlock") | .source == "--cap-add SYS_ADMIN"'
  oak rm admin
  run oak_run -u 0 --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt landlock=on box mount -t tmpfs none /tmp
  [ "$status" -ne 0 ]
}

@test "--cap-add: in every set, for root and for others; --cap-drop takes it away" {
  inside --cap-add net_bind_service -- 'grep ^Cap /proc/self/status'
  said 0 $'CapInh:\t0000000000000400' $'CapPrm:\t0000000000000400' $'CapEff:\t0000000000000400' $'CapBnd:\t0000000000000400' $'CapAmb:\t0000000000000400'
  inside -u 0 --cap-add CAP_CHOWN -- 'grep ^Cap /proc/self/status; chown 1 /tmp && echo chowned'
  said 0 $'CapEff:\t0000000000000001' $'CapInh:\t0000000000000000' chowned
  inside -u 0 --cap-add default -- 'grep CapBnd /proc/self/status'
  said 0 00000000a80425fb
  inside -u 0 --cap-add default --cap-drop ALL --cap-add kill -- 'grep CapBnd /proc/self/status'
  said 0 00000000a80425fb
  inside -u 0 --cap-add ALL --cap-drop sys_admin -- 'grep CapBnd /proc/self/status'
  [ "$status" -eq 0 ]
  (( (0x${output##*$'\t'} >> 21 & 1) == 0 ))
}

@test "--read-only=false: written files are the container's alone, and gone with it" {
  inside -u 0 --read-only=false -- 'echo new >/etc/new && rm /etc/group && cat /etc/new; ls /etc'
  said 0 new
  inside -u 0 --read-only=false -- 'ls /etc'
  [[ $output == *group* && $output != *new* ]]
}

@test "--tmpfs: size, mode, exec, and in place of a default one" {
  inside --tmpfs /tmp:exec,size=1m -- 'cp /bin/busybox /tmp/b; /tmp/b echo ran'
  [ "$status" -ne 0 ] # busybox does not fit
  inside --tmpfs /tmp:exec,size=8m -- 'cp /bin/busybox /tmp/echo; /tmp/echo ran'
  said 0 ran
  inside --tmpfs /new/dir:mode=700,uid=65532 -- 'ls -ldn /new/dir; grep " /new/dir " /proc/mounts'
  said 0 'drwx------' 65532 'nosuid,nodev,noexec' size=65536k
  inside --tmpfs /tmp:ro -- 'touch /tmp/x'
  said 1 'Read-only'
}

@test "--network: none, host, another container's" {
  inside --network none -- 'ls /sys/class/net'
  said 0 lo
  run -0 --separate-stderr oak_run --network host box sh -c 'readlink /proc/self/ns/net; ls /sys/class/net'
  [ "${lines[0]}" = "$(readlink /proc/self/ns/net)" ]
  [[ $stderr == *'warning: --network host'* ]]
  oak_run --name net-owner box sleep 60 &
  wait_for 10 oak exec net-owner true
  run -0 oak_run --network container:net-owner box readlink /proc/self/ns/net
  [ "$output" = "$(oak exec net-owner readlink /proc/self/ns/net)" ]
  oak rm -f net-owner
  run oak_run --network container:net-owner box true
  said 125 'there is no container "net-owner"'
}

@test "--pid, --ipc, --uts: the host's when asked for, otherwise not" {
  local flag ns
  for flag in pid ipc uts; do
    ns=$(oak_run box readlink /proc/self/ns/$flag)
    [ "$ns" != "$(readlink /proc/self/ns/$flag)" ]
    ns=$(oak_run "--$flag" host box readlink /proc/self/ns/$flag 2>/dev/null)
    [ "$ns" = "$(readlink /proc/self/ns/$flag)" ]
  done
  inside -- 'ls -d /proc/[0-9]* | wc -l'
  [ "$output" -le 4 ]
}

@test "--userns host: the host's ids, with a warning" {
  run -0 --separate-stderr oak_run --userns host box cat /proc/self/uid_map
  [[ $output == *4294967295* && $stderr == *'warning: --userns host'* ]]
}

@test "budgets arrive in the cgroup" {
  file() { echo "cat /sys/fs/cgroup/*/$1 /sys/fs/cgroup/$2 2>/dev/null; true"; }
  inside -m 32m -- "$(file memory.limit_in_bytes memory.max)"
  said 0 33554432
  inside -m 32m -- "$(file memory.memsw.limit_in_bytes memory.swap.max)"
  [[ $output == 33554432 || $output == 0 ]]
  inside --pids-limit 17 -- "$(file pids.max pids.max)"
  said 0 17
  inside --pids-limit 0 -- "$(file pids.max pids.max)"
  [[ $output != 256 ]]
  inside --cpus 0.5 -- "$(file cpu.cfs_quota_us cpu.max)"
  said 0 50000
  inside --cpu-shares 512 -- "$(file cpu.shares cpu.weight)"
  [[ $output == 512 || $output == 59 ]]
  inside --cpuset-cpus 0 -- 'grep Cpus_allowed_list /proc/self/status'
  said 0 $'Cpus_allowed_list:\t0'
}

@test "--ulimit, --shm-size, --oom-score-adj, --sysctl, --hostname, --workdir, --entrypoint, -e" {
  inside --ulimit nofile=100:200 -- 'ulimit -n; ulimit -Hn'
  said 0 $'100\n200'
  inside --shm-size 1m -- 'grep /dev/shm /proc/mounts'
  said 0 size=1024k
  inside --oom-score-adj 321 -- 'cat /proc/self/oom_score_adj'
  said 0 321
  inside --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=4242 -- 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'
  said 0 $'1\n4242'
  inside --sysctl kernel.panic=1 -- true
  said 125 kernel.panic
  inside --hostname web --domainname example -- 'hostname; cat /proc/sys/kernel/domainname; echo $HOSTNAME'
  said 0 $'web\nexample\nweb'
  inside -w /var -- pwd
  said 0 /var
  run -0 oak_run --entrypoint /bin/echo box one two
  [ "$output" = 'one two' ]
  printf '# comment\nB=2\nUNSET_HERE\n  C=three words\n' >"$place/env"
  OWN=mine inside -e A=1 --env-file "$place/env" -e OWN -e B=3 -- 'echo "$A-$B-$C-$OWN-${UNSET_HERE-none}"'
  said 0 '1-3-three words-mine-none'
}

@test "no variable of oakum's own environment comes in unasked" {
  SECRET_CANARY=x inside -- env
  [[ $output != *SECRET_CANARY* ]]
}

@test "--device: the node, usable, and nothing else" {
  [ -c /dev/fuse ] || skip 'needs a device that is not in the default list (/dev/fuse)'
  inside -- 'ls /dev/fuse'
  [ "$status" -ne 0 ]
  inside --device /dev/fuse -- 'ls -ln /dev/fuse; exec 3<>/dev/fuse && echo opened'
  said 0 '10, 229' opened
  inside --device /dev/fuse:/dev/other:r -- 'exec 3</dev/other && echo read; (exec 3>/dev/other) 2>/dev/null || echo not-written'
  said 0 read not-written
  inside -u 0 --cap-add MKNOD -- 'mknod /tmp/k c 1 1 && echo made'
  [[ $output != *made* ]]
}

@test "--security-opt: each of them" {
  inside --security-opt no-new-privileges=false -- 'grep NoNewPrivs /proc/self/status'
  said 0 $'NoNewPrivs:\t0'
  run -0 --separate-stderr oak_run --security-opt seccomp=unconfined box grep Seccomp: /proc/self/status
  [[ $output == *0 && $stderr == *warning* ]]
  printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}' >"$place/profile.json"
  inside --security-opt "seccomp=$place/profile.json" -- 'mkdir /tmp/x'
  said 1 'not supported'
  echo '{' >"$place/profile.json"
  inside --security-opt "seccomp=$place/profile.json" -- true
  said 125 profile.json
  inside --security-opt mask=/proc/cpuinfo:/proc/fs -- 'cat /proc/cpuinfo; ls /proc/fs'
  [ "$status" -eq 0 ] && [ -z "$output" ]
  inside --security-opt unmask=ALL -- 'grep -c -E "^masked|/proc/sys " /proc/mounts'
  [ "$output" = 0 ]
  inside --security-opt systempaths=unconfined -- 'grep -c -E "^masked|/proc/sys " /proc/mounts'
  [ "$output" = 0 ]
  inside --security-opt apparmor=no-such-profile -- true
  [ "$status" -eq 125 ]
  inside --security-opt label=type:no_such_t -- true
  [ "$status" -eq 125 ]
}

@test "--compat docker: docker's defaults" {
  run -0 oak_run --compat docker box sh -c 'id -u; grep -E "CapEff|NoNew" /proc/self/status; touch /new && echo wrote; cat /proc/self/uid_map; ulimit -n'
  said 0 00000000a80425fb $'NoNewPrivs:\t0' wrote 4294967295
}

# As docker's: every capability that there is (that the caller has), no filter, no_new_privs off, no user namespace, each device of the
# host, nothing masked or read-only. docker itself cannot start one where root lacks a capability.
@test "--privileged: everything, with a warning" {
  run -0 --separate-stderr oak_run --privileged -u 0 box sh -c 'grep -E "^(CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status;
    cat /proc/self/uid_map; touch /new && echo wrote; grep -E "^[^ ]+ /(proc|sys)[ /]" /proc/mounts'
  [[ $stderr == *'warning: --privileged'* ]] && one_error "$stderr"
  all=$(awk '/^CapBnd/ { print $2 }' /proc/self/status)
  said 0 $'CapEff:\t'"$all" $'CapPrm:\t'"$all" $'CapBnd:\t'"$all" $'NoNewPrivs:\t0' $'Seccomp:\t0' ' 4294967295' wrote ' /proc proc rw,' ' /sys sysfs rw,'
  # The container's own /proc and /sys, and nothing over them but cgroups, read-only as ever.
  [ "$(grep -cE ' /(proc|sys)[ /]' <<<"$output")" = "$(grep -cE ' /(proc|sys|sys/fs/cgroup[^ ]*) ' <<<"$output")" ]
  # Who is not root has the bounding set only, as with docker.
  run -0 oak_run --privileged -u mail box grep -E '^Cap(Eff|Bnd):' /proc/self/status
  said 0 $'CapEff:\t0000000000000000' $'CapBnd:\t'"$all"
}
@test "--privileged: the devices of the host, and they open" {
  run -0 --separate-stderr oak_run --privileged -u 0 box sh -c 'find /dev -type c -o -type b | grep -vE "^/dev/(pts|console|tty$|ptmx)" | sort'
  diff <(find /dev -xdev \( -type c -o -type b \) | grep -vE '^/dev/(pts|console|tty$|ptmx|mqueue|shm)' | sort) - <<<"$output"
  if [ -c /dev/kmsg ]; then
    run -0 --separate-stderr oak_run --privileged -u 0 box sh -c 'exec 3</dev/kmsg && echo opened'
    [ "$output" = opened ]
  fi
}

@test "--cidfile: the id, and never over another file" {
  oak run --name cid --cidfile "$place/cid" --cgroup-parent "/$group" box true
  [ "$(oak inspect cid | jq -r '.[0].Id')" = "$(cat "$place/cid")" ]
  oak rm cid
  mark
  run oak_run --cidfile "$place/cid" box true
  said 125 '--cidfile'
  nothing_left
}

@test "an image's command, entrypoint, environment and working directory" {
  make_root "$place/img"
  oak import -c 'ENTRYPOINT ["echo", "entry"]' -c 'CMD ["cmd"]' -c 'ENV FROM_IMAGE=yes' -c 'WORKDIR /var' "$place/img" cfg >/dev/null
  run -0 oak_run cfg
  [ "$output" = 'entry cmd' ]
  run -0 oak_run cfg given
  [ "$output" = 'entry given' ]
  run -0 oak_run --entrypoint sh cfg -c 'echo $FROM_IMAGE $PWD'
  [ "$output" = 'yes /var' ]
  run oak_run --entrypoint '' cfg
  said 125 'the image names no command'
}

@test "an image's VOLUME is a small tmpfs of the user's, unless a volume is given" {
  make_root "$place/img"
  oak import -c 'VOLUME /data' -c 'USER mail' "$place/img" vol >/dev/null
  run -0 oak_run vol sh -c 'echo x >/data/x; grep " /data " /proc/mounts; ls -ldn /data'
  said 0 tmpfs size=65536k
  mkdir "$place/keep" && chown 8 "$place/keep"
  oak_run -v "$place/keep:/data:rw" vol touch /data/kept
  [ -e "$place/keep/kept" ]
}

@test "flags that docker has and this version has not say so" {
  for flag in '--link a' '--network-alias b' '--ip6 ::1'; do
    # shellcheck disable=SC2086
    run oak_run $flag box true
    said 125 'not in this version'
    one_error "$output"
  done
}

@test "a variable that looks like a secret is refused without its value being said, unless it is permitted" {
  local secret; secret=hunter2-$RANDOM
  run oak_run -e "POSTGRES_PASSWORD=$secret" box true
  said 125 '--env POSTGRES_PASSWORD: its value looks like a secret (password)' '--env-secret-ok'
  [[ $output != *"$secret"* && $(wc -l <<<"$output") -eq 1 ]]
  run oak_run -e "DATABASE=postgres://app:$secret@db/app" box true
  said 125 '(connection string with a password)'
  printf 'API_KEY=gh%s\n' "p_aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1cD3" >"$place/env"
  run oak_run --env-file "$place/env" box true
  said 125 '--env API_KEY: its value looks like a secret (GitHub token)'
  run oak ps -aq
  [ -z "$output" ]
  inside -e "POSTGRES_PASSWORD=$secret" --env-secret-ok -- 'echo "<$POSTGRES_PASSWORD>"'
  said 0 "<$secret>"
  inside -e POSTGRES_PASSWORD_FILE=/run/secrets/pg -e ALLOW_EMPTY_PASSWORD=yes -- 'echo $POSTGRES_PASSWORD_FILE'
  said 0 /run/secrets/pg
  inside --compat docker -e "POSTGRES_PASSWORD=$secret" -- 'echo "<$POSTGRES_PASSWORD>"'
  said 0 "<$secret>"
}

@test "a secret in an image's ENV is refused too, and inspect names what is permitted" {
  local secret; secret=hunter2-$RANDOM
  make_root "$place/img"
    oak import -c "ENV DB_PASSWORD=$secret" "$place/img" leaky >/dev/null
  run oak_run leaky true
  said 125 "the image's ENV DB_PASSWORD: its value looks like a secret"
  [[ $output != *"$secret"* ]]
  run oak_run -e DB_PASSWORD= leaky sh -c 'echo "<$DB_PASSWORD>"'
  said 0 '<>'
  oak create --network none --cgroup-parent "/$group" --name leak --env-secret-ok leaky true
  oak inspect leak | jq -e '.. | objects | select(.control == "environment") | .value == "secrets: DB_PASSWORD" and .source == "--env-secret-ok"'
  oak rm leak
}

@test "exec refuses a variable that looks like a secret as well" {
  oak_run -d --name sleeper box sleep 60 >/dev/null
  run oak exec -e DB_PASSWORD=hunter2 sleeper true
  said 125 '--env DB_PASSWORD: its value looks like a secret'
  run oak exec --env-secret-ok -e DB_PASSWORD=hunter2 sleeper sh -c 'echo "<$DB_PASSWORD>"'
  said 0 '<hunter2>'
  oak rm -f sleeper
}
