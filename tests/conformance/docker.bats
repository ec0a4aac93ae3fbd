#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# dockerd of its own with $RUNTIME as its runtime. Most steps do without a network, which is the engine's and not the runtime's;
# `--network none` still makes docker's network hook run.

load lib/engine
load lib/docker

setup_file() { docker_begin docker; }

@test 'run: output and exit status 0' {
  box box echo hello
  is 0 hello
}

@test 'run: exit status of the program' {
  box box sh -c 'exit 42'
  is 42
}

@test 'run: 128 and the signal for a program that a signal ended' {
  box --pid host box sh -c 'kill -KILL $$; sleep 5' # process 1 of a namespace is safe from itself
  is 137
}

@test 'run: 127 for a program that is not there' {
  box box /nonexistent
  is 127 '*no such file or directory*'
}

@test 'run: 126 for a file that cannot be executed' {
  box box /etc/passwd
  is 126 '*permission denied*'
}

@test 'run: a working directory that is not there is made' {
  box -w /new/dir box pwd
  is 0 /new/dir
}

@test 'run -i: standard input arrives' {
  try bash -c 'echo sent | "$@"' sh nsenter -t "$ns" -m -- timeout -k 2 30 "$docker_program" -H unix:///run/docker.sock \
    run -i --rm --network none box cat
  is 0 sent
}

@test 'run -t: a terminal of the right size' {
  at_terminal box sh -c 'test -t 0; echo tty=$?; read -r line; stty size; echo "$line"'
  is 0 '*tty=0*33 101*go*'
}

@test 'run: environment, host name, labels of the image' {
  box -e A=b -h host1 box sh -c 'echo $A $(hostname)'
  is 0 'b host1'
}

@test 'run, exec: HOME is that of the user in the image, / for one that it does not know; what was set stays' {
  box box sh -c 'echo $HOME'
  is 0 /root
  box -u 1234 box sh -c 'echo $HOME'
  is 0 /
  box -e HOME=/elsewhere box sh -c 'echo $HOME'
  is 0 /elsewhere
  up -u mail box sleep 60
  try d exec "$name" sh -c 'echo $HOME'
  is 0 /
  try d exec -u 0 "$name" sh -c 'echo $HOME'
  is 0 /root
}

@test 'run -u: user and groups by name and number' {
  box -u mail box sh -c 'id -u; id -g; id -G'
  is 0 $'8\n8\n8 29'
  box -u 1000:1001 --group-add 29 box sh -c 'id -u; id -g; id -G'
  is 0 $'1000\n1001\n1001 29'
}

@test 'run --read-only --tmpfs' {
  box --read-only --tmpfs /scratch:size=1m box sh -c 'touch /x 2>/dev/null; echo $?; touch /scratch/x; echo $?; df -k /scratch | tail -n 1 | awk "{print \$2}"'
  is 0 $'1\n0\n1024'
}

@test 'run -v: a bind mount, read-only and writable, and a volume with the image content' {
  mkdir "$place/bind" && echo there >"$place/bind/file"
  box -v "$place/bind:/a:ro" -v "$place/bind:/b" -v vol1:/etc box sh -c 'cat /a/file; touch /a/x 2>/dev/null; echo $?; touch /b/x; echo $?; grep -c mail /etc/passwd'
  is 0 $'there\n1\n0\n1'
  d volume rm vol1
}

@test 'run -v with propagation: rslave and rshared' {
  mkdir "$place/prop"
  inside mount -t tmpfs tmpfs "$place/prop"
  inside mount --make-shared "$place/prop"
  box -v "$place/prop:/a:rslave" box sh -c 'grep " /a " /proc/self/mountinfo | grep -c master:'
  is 0 1
  box -v "$place/prop:/a:rshared" box sh -c 'grep " /a " /proc/self/mountinfo | grep -c shared:'
  is 0 1
}

@test 'run --cap-drop ALL, --cap-add' {
  box --cap-drop ALL box grep CapEff /proc/self/status
  is 0 '*0000000000000000'
  box --cap-drop ALL --cap-add NET_RAW box grep CapEff /proc/self/status
  is 0 '*0000000000002000'
  box box grep CapEff /proc/self/status
  is 0 '*00000000a80425fb'
}

@test 'run: default seccomp profile, no profile, own profile' {
  box box grep '^Seccomp:' /proc/self/status
  is 0 '*2'
  box --security-opt seccomp=unconfined box grep '^Seccomp:' /proc/self/status
  is 0 '*0'
  echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}' >"$place/profile.json"
  box --security-opt seccomp="$place/profile.json" box sh -c 'mkdir /tmp/x 2>/dev/null; echo $?; touch /tmp/y; echo $?'
  is 0 $'1\n0'
}

@test 'run --security-opt no-new-privileges' {
  box --security-opt no-new-privileges box grep NoNewPrivs /proc/self/status
  is 0 '*1'
}

@test 'run --pids-limit' {
  box --pids-limit 10 box sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done'
  is_one 0 '*fork*' || is 2 '*fork*'
}

@test 'run --memory: the program is killed and docker knows why' {
  try d run --name "$name" --network none --memory 8m --memory-swap 8m box sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; echo $?'
  is_one "$status" '*137*' || is 137
  try field '{{.State.OOMKilled}}'
  is 0 true
}

@test 'run --cpus --cpu-shares --cpuset-cpus --blkio-weight reach the cgroup' {
  box --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --memory 64m box sh -c 'cd /sys/fs/cgroup; cat cpu/cpu.cfs_quota_us cpu/cpu.shares cpuset/cpuset.cpus memory/memory.limit_in_bytes 2>/dev/null || cat cpu.max cpuset.cpus memory.max'
  is_one 0 $'50000\n512\n0\n67108864' $'50000 100000\n0\n67108864'
}

@test 'run --ulimit --sysctl --shm-size --oom-score-adj' {
  box --ulimit nofile=100:200 --sysctl net.ipv4.ip_forward=1 --shm-size 2m --oom-score-adj 500 box sh -c 'ulimit -Sn; ulimit -Hn; cat /proc/sys/net/ipv4/ip_forward; df -k /dev/shm | tail -n 1 | awk "{print \$2}"; cat /proc/self/oom_score_adj'
  is 0 $'100\n200\n1\n2048\n500'
}

@test 'run --device and device rules' {
  box --cap-add SYSLOG --device /dev/kmsg:/dev/log1:r box sh -c 'dd if=/dev/log1 of=/dev/null bs=64k count=1 2>/dev/null; echo $?; (: >/dev/log1) 2>/dev/null; echo $?'
  is 0 $'0\n1'
  box --cap-add MKNOD box sh -c 'mknod /tmp/m b 254 0; head -c1 /tmp/m 2>&1'
  is 1 '*Operation not permitted*'
}

@test 'run --privileged' {
  [ "$RUNTIME" = oakum ] || all_capabilities # oakum gives those that there are
  box --privileged box sh -c 'grep ^Seccomp: /proc/self/status; mount -t tmpfs t /mnt 2>/dev/null || mount -t tmpfs t /tmp; echo $?; test -e /dev/kmsg; echo $?'
  is 0 '*0*0*0'
}

@test 'run --init' {
  command -v docker-init >/dev/null || skip 'needs docker-init'
  box --init box sh -c 'cat /proc/1/comm'
  is 0 '*init*'
}

@test 'run --pid host, --ipc host, --uts host, --network host' {
  try d run --rm --name "$name" --pid host --ipc host --uts host --network host box sh -c 'for n in pid ipc uts net; do readlink /proc/self/ns/$n; done'
  is 0 "$(inside readlink /proc/self/ns/pid /proc/self/ns/ipc /proc/self/ns/uts /proc/self/ns/net)"
}

@test 'run --network container, --pid container, --ipc container: joined' {
  up --ipc shareable box sleep 60
  try d run --rm --network "container:$name" --pid "container:$name" --ipc "container:$name" box sh -c 'ps | grep -c "[s]leep 60"; readlink /proc/self/ns/net; readlink /proc/self/ns/ipc'
  is 0 "1"$'\n'"$(d exec "$name" readlink /proc/self/ns/net)"$'\n'"$(d exec "$name" readlink /proc/self/ns/ipc)"
}

@test 'masked and read-only paths' {
  box box sh -c 'cat /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls /proc/scsi 2>/dev/null | wc -l; (echo 1 >/proc/sys/kernel/panic) 2>/dev/null; echo $?; (echo b >/proc/sysrq-trigger) 2>/dev/null; echo $?'
  is 0 $'0\n0\n1\n1'
}

@test 'exec: output, status, user, environment, directory' {
  up box sleep 60
  try d exec "$name" echo in
  is 0 in
  try d exec "$name" sh -c 'exit 3'
  is 3
  try d exec -u mail -e X=y -w /tmp "$name" sh -c 'echo $(id -u) $X $(pwd)'
  is 0 '8 y /tmp'
  try d exec "$name" /nonexistent
  is_one 126 '' '*' || is 127
}

@test 'exec -d, exec --privileged' {
  up --cap-drop ALL box sleep 60
  d exec -d "$name" touch /tmp/detached
  wait_for 5 d exec "$name" test -e /tmp/detached
  [ "$RUNTIME" = oakum ] || all_capabilities # oakum gives those that there are
  try d exec --privileged "$name" grep CapEff /proc/self/status
  is 0 '*[1-9a-f]*'
  [ "${output##*CapEff:*0000000000000000}" != '' ]
}

@test 'exec -t' {
  up box sleep 60
  try inside timeout -k 2 30 script -qec "$docker_program -H unix:///run/docker.sock exec -it $name sh -c 'test -t 1; echo tty=\$?'" /dev/null </dev/null
  is 0 '*tty=0*'
}

@test 'exec: the restrictions of the container' {
  up --cap-drop ALL --security-opt no-new-privileges box sleep 60
  try d exec "$name" grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status
  is 0 $'CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
  try d exec "$name" sh -c 'cat /proc/1/cgroup /proc/self/cgroup | sort | uniq -u'
  is 0 ''
}

@test 'logs: both streams' {
  up box sh -c 'echo out; echo err >&2'
  d wait "$name"
  try d logs "$name"
  is_one 0 '*out*err*' '*err*out*'
}

@test 'stop: SIGTERM, and SIGKILL after the time' {
  up box sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
  d stop -t 10 "$name"
  field_is '{{.State.ExitCode}}' 7
  d rm "$name"
  up box sh -c 'trap "" TERM; while :; do sleep 0.1; done'
  d stop -t 1 "$name"
  field_is '{{.State.ExitCode}}' 137
}

@test 'kill: by name and by number' {
  up box sh -c 'trap "exit 9" USR1; while :; do sleep 0.1; done'
  sleep 0.5
  d kill -s USR1 "$name"
  try d wait "$name"
  is 0 9
  d start "$name"
  d kill -s 9 "$name"
  try d wait "$name"
  is 0 137
}

@test 'stop, start, restart' {
  up --stop-signal KILL box sh -c 'echo x >>/count; sleep 60'
  d restart -t 1 "$name"
  d stop -t 1 "$name"
  d start "$name"
  sleep 0.3
  try d exec "$name" sh -c 'wc -l </count'
  is 0 3
}

@test 'restart policy: started again as often as it says' {
  up --restart on-failure:2 box sh -c 'exit 1'
  wait_for 20 field_is '{{.State.Status}} {{.RestartCount}}' 'exited 2'
}

@test 'pause and unpause' {
  up box sh -c 'while :; do sleep 0.1; done'
  d pause "$name"
  field_is '{{.State.Status}}' paused
  d unpause "$name"
  field_is '{{.State.Status}}' running
}

@test 'update: memory, cpu, pids' {
  up --memory 64m box sleep 60
  d update --memory 32m --memory-swap 64m --cpu-shares 300 --pids-limit 20 "$name"
  try d exec "$name" sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.shares pids/pids.max 2>/dev/null || cat memory.max pids.max'
  is_one 0 $'33554432\n300\n20' $'33554432\n20'
  try d exec "$name" head -c1 /dev/zero
  is 0
}

@test 'stats and top' {
  up box sleep 60
  try d stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' "$name"
  is 0 '1 *'
  try d top "$name"
  is 0 '*sleep 60*'
}

@test 'cp: in and out, and diff' {
  up box sleep 60
  echo file >"$place/file"
  d cp "$place/file" "$name:/tmp/file"
  try d exec "$name" cat /tmp/file
  is 0 file
  d cp "$name:/etc/passwd" "$place/copied"
  grep -q mail "$place/copied"
  try d diff "$name"
  is 0 '*A /tmp/file*'
}

@test 'healthcheck' {
  up --health-cmd 'test ! -e /tmp/bad' --health-interval 1s --health-retries 1 box sleep 60
  wait_for 10 field_is '{{.State.Health.Status}}' healthy
  d exec "$name" touch /tmp/bad
  wait_for 10 field_is '{{.State.Health.Status}}' unhealthy
}

# As compose makes them: a network of its own, two containers that find each other by name.
@test 'two containers on a network reach each other by name' {
  command -v iptables >/dev/null || skip 'needs iptables, for the names'
  d network create --subnet 10.213.78.0/24 "net$name"
  d run -d --name "$name" --network "net$name" box sh -c 'while :; do echo served | nc -l -p 8080; done'
  try d run --rm --network "net$name" box nc -w 5 "$name" 8080
  d rm -f "$name"
  d network rm "net$name"
  is 0 served
}

@test 'build: RUN steps, as root and as a user' {
  mkdir "$place/context"
  printf 'FROM box\nRUN echo built >/made\nUSER mail\nRUN id -u >/tmp/uid\nCMD cat /made /tmp/uid\n' >"$place/context/Dockerfile"
  DOCKER_BUILDKIT=0 try d build --network none -t "made$name" "$place/context"
  is 0
  box "made$name"
  is 0 $'built\n8'
}

@test 'commit, export' {
  up box sh -c 'echo new >/file'
  d wait "$name"
  d commit "$name" "committed$name"
  try d run --rm --network none "committed$name" cat /file
  is 0 new
  d export "$name" | tar -tf - | grep -q '^file$'
}

@test 'a runtime error reaches the person' {
  box --sysctl net.ipv4.nonexistent=1 box true
  [ "$status" -ge 125 ] && is "$status" '*nonexistent*'
}

@test 'ten containers at once' {
  local i pids=()
  for i in 1 2 3 4 5 6 7 8 9 10; do
    d run --rm --network none box echo "$i" >"$place/out$i" 3>&- &
    pids+=($!)
  done
  wait "${pids[@]}"
  try sort -n "$place"/out?*
  is 0 $'1\n2\n3\n4\n5\n6\n7\n8\n9\n10'
}
