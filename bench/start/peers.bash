# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Who is measured: each peer becomes a command in the array cmd_ID, and a row in one of the groups plain, user and engines.
# A peer that does not run becomes a line in cannot, with its last words.

declare -A label note
plain=() user=() engines=() cannot=()

# peer GROUP ID LABEL NOTE COMMAND...
peer() {
    local group=$1 id=$2
    label[$id]=$3
    note[$id]=$4
    shift 4
    declare -ga "cmd_$id=($(printf '%q ' "$@"))"
    [ "$group" = none ] || declare -ga "$group+=($id)"
}

add_floor() {
    peer none floor 'no container: `busybox true`' '' "$tmp/root/bin/busybox" true
}

# ---- the seal, looked at from inside and from the host

# It waits for a line, so that the host can look at its cgroup meanwhile.
inside_script='
grep -E "^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status
touch /oakum-bench 2>/dev/null && echo "root: writable" || echo "root: read-only"
cat /proc/timer_list 2>/dev/null | grep -q . && echo "masks: none" || echo "masks: yes"
(echo 0 >/proc/sys/kernel/hostname) 2>/dev/null && echo "/proc: writable" || echo "/proc: read-only"
read -r inside host count </proc/self/uid_map
echo "ids: $host"
echo ready
read -r line'

seal_wanted() {
    printf '%s\n' 'CapInh:0000000000000000' 'CapPrm:0000000000000000' 'CapEff:0000000000000000' 'CapBnd:0000000000000000' \
        'CapAmb:0000000000000000' 'NoNewPrivs:1' 'Seccomp:2' 'root:read-only' 'masks:yes' '/proc:read-only' 'limits:268435456 256'
    [ "$1" = user ] && echo 'ids:1000000' || echo 'ids:0'
}

# sealed VARIANT CGROUP COMMAND...: names what is missing of the seal, empty when nothing is; 1 and its last words when it
# does not run.
sealed() {
    local variant=$1 group=$2 line='' got='' pid in out missing
    shift 2
    coproc "$@" 2>"$tmp/check.err"
    pid=$COPROC_PID in=${COPROC[0]} out=${COPROC[1]}
    while read -r -t 20 line && [ "$line" != ready ]; do
        got+=$(tr -d ' \t' <<<"$line")$'\n'
    done <&"$in"
    if [ "$line" != ready ]; then
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        tail -n 1 "$tmp/check.err"
        return 1
    fi
    got+=limits:$(cat "/sys/fs/cgroup/memory$group/memory.limit_in_bytes" "/sys/fs/cgroup/pids$group/pids.max" 2>/dev/null |
        paste -sd ' ')
    echo >&"$out"
    wait "$pid" || true
    missing=$(comm -23 <(seal_wanted "$variant" | sort) <(sort <<<"$got") | cut -d : -f 1 | paste -sd ' ')
    printf '%s' "${missing// /, }"
}

# ---- runtimes

# bundle VARIANT NAME FILTER: $tmp/VARIANT-NAME/config.json. The documents differ in the cgroup only (and in what FILTER does).
bundle() {
    mkdir -p "$tmp/$1-$2"
    jq --slurpfile seccomp "$tmp/seccomp.json" --arg root "$tmp/root" --arg cgroup "/$cgroup/$1-$2" --arg variant "$1" \
        --arg script "$inside_script" '
        .root.path = $root | .linux.cgroupsPath = $cgroup | .linux.seccomp = $seccomp[0]
        | if $variant == "user" then
            .linux.namespaces += [{ type: "user" }]
            | .linux.uidMappings = [{ containerID: 0, hostID: 1000000, size: 65536 }]
            | .linux.gidMappings = .linux.uidMappings
          else . end
        | '"$3" "$here/config.json" >"$tmp/$1-$2/config.json"
}

add_runtimes() {
    local variant name program title missing
    for variant in plain user; do
        for name in oakum crun runc; do
            title=$name program=$(command -v $name || true)
            [ $name != oakum ] || { title=oakum-runtime program=$OAKUM_BUILD/src/bin/oakum-runtime; }
            if [ ! -x "$program" ]; then
                cannot+=("$title, $variant: not there")
                continue
            fi
            bundle $variant $name .
            bundle $variant $name-check '.process.args = ["sh", "-c", $script]'
            if ! missing=$(sealed $variant "/$cgroup/$variant-$name-check" "$program" --root "/run/$name" run \
                --bundle "$tmp/$variant-$name-check" check); then
                cannot+=("$title, $variant: $missing")
                continue
            fi
            peer $variant ${variant}_$name $title "${missing:+without: $missing}" \
                "$program" --root "/run/$name" run --bundle "$tmp/$variant-$name" bench
        done
        add_bwrap $variant
    done
}

add_bwrap() {
    local variant=$1 program missing share=(--unshare-all) command
    program=$(command -v bwrap) || { cannot+=('bubblewrap: not there'); return; }
    [ "$variant" = user ] || share=(--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup)
    command=("$program" "${share[@]}" --cap-drop ALL --new-session --hostname bench --clearenv --setenv PATH /bin
        --ro-bind "$tmp/root" / --proc /proc --dev /dev --mqueue /dev/mqueue --ro-bind /sys /sys --tmpfs /tmp)
    if ! missing=$(sealed "$variant" /none "${command[@]}" --seccomp 9 sh -c "$inside_script" 9<"$tmp/seccomp.bpf"); then
        cannot+=("bubblewrap, $variant: $missing")
        return
    fi
    peer "$variant" "${variant}_bwrap" bubblewrap "without: $missing, device list" "${command[@]}" --seccomp 0 true
}

# ---- engines

docker_pid=

add_engines() {
    local runtime podman
    if [ -x "$OAKUM_BUILD/src/bin/oakum" ]; then
        local oakum=("$OAKUM_BUILD/src/bin/oakum" --root "$tmp/oakum" --state /run/oakum-engine)
        add_engine oakum "oakum run" "${oakum[*]} import $tmp/root.tar bench" \
            "${oakum[@]}" run --rm --network none --cgroup-parent "/$cgroup" bench true
    else
        cannot+=('oakum: not there')
    fi
    # Debian's podman prefers crun; without CAP_SYS_RESOURCE its default limits cannot be raised.
    for runtime in crun runc; do
        podman=(podman --root "$tmp/podman-$runtime" --runroot "/run/podman-$runtime" --tmpdir "/run/podman-$runtime-tmp"
            --runtime $runtime --cgroup-manager cgroupfs)
        add_engine podman_$runtime "podman run ($runtime)" "${podman[*]} import $tmp/root.tar bench" \
            "$(command -v podman || echo podman)" "${podman[@]:1}" run --rm --network none --cgroup-parent "/$cgroup" \
            --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 bench true
    done
    start_docker || return 0
    add_engine docker 'docker run (daemon not counted)' "docker --host unix://$tmp/docker.sock import $tmp/root.tar bench" \
        "$(command -v docker)" --host "unix://$tmp/docker.sock" run --rm --network none bench true
}

# start_docker FLAG...: false when it is not there.
start_docker() {
    local try
    if ! command -v dockerd >/dev/null; then
        cannot+=('docker: not there')
        return 1
    fi
    dockerd --data-root "$tmp/docker" --exec-root /run/docker-exec --pidfile "$tmp/docker.pid" --host "unix://$tmp/docker.sock" \
        --bridge=none --iptables=false --ip-forward=false --ip-masq=false --cgroup-parent "/$cgroup" "$@" \
        >"$tmp/docker.log" 2>&1 &
    docker_pid=$!
    for ((try = 0; try < 100; try++)); do
        [ ! -S "$tmp/docker.sock" ] || ! docker --host "unix://$tmp/docker.sock" version >/dev/null 2>&1 || break
        kill -0 $docker_pid 2>/dev/null || break
        sleep 0.1
    done
}

# add_engine ID LABEL IMPORT COMMAND...: a row if the image can be brought in and run.
add_engine() {
    local id=$1 name=$2 import=$3
    shift 3
    # shellcheck disable=SC2086 # words
    if $import >"$tmp/engine.err" 2>&1 && "$@" </dev/null >"$tmp/engine.err" 2>&1; then
        peer engines "$id" "$name" '' "$@"
    else
        cannot+=("$name: $(tail -n 1 "$tmp/engine.err")")
    fi
}

stop_engines() {
    [ -z "$docker_pid" ] || { kill "$docker_pid" && wait "$docker_pid"; } || true
}
