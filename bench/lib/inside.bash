# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # its caller sets what it wants
#
# What the measuring programs have in common: the host as the peers need it, the root file system and filter of the containers, the
# timer. Wants tmp; wants nothing outside of it.

lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
more_timer_options=()

# crun 1.8.1 refuses a host with both cgroup versions, so it is version 1 for everybody. /run is a tmpfs, as on any Debian; it
# and /dev/shm (podman's locks) are not the host's. Nor is /dev/null: crun gives it, where it is a standard stream, to the root of
# the container's user namespace, on the host.
prepare_host() {
    if mountpoint -q /sys/fs/cgroup/unified; then
        umount /sys/fs/cgroup/unified
    fi
    mount -t tmpfs -o mode=755 tmpfs /run
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm
    mknod -m 666 /run/null c 1 3
    mount --bind /run/null /dev/null
}

make_root() {
    local root=$tmp/root dir
    for dir in bin dev etc proc run sys tmp var/tmp; do
        mkdir -p "$root/$dir"
    done
    cp "$(command -v busybox)" "$root/bin/busybox"
    for dir in cat grep sh sleep touch true; do
        ln -s busybox "$root/bin/$dir"
    done
    echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
    chmod -R go+rX "$root"
    tar -C "$root" -cf "$tmp/root.tar" .
}

make_seccomp() {
    local profile=${SECCOMP:-/usr/share/containers/seccomp.json} arch kernel
    case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
    kernel=$(uname -r | sed -E 's/^([0-9]+)\.([0-9]+).*/[\1,\2]/')
    jq --arg arch "$arch" --argjson kernel "$kernel" -f "$lib/../start/seccomp.jq" "$profile" >"$tmp/seccomp.json"
    cc -O2 -D_GNU_SOURCE -o "$tmp/bpf" "$lib/../start/bpf.c" -lseccomp
    jq -r -f "$lib/../start/seccomp-lines.jq" "$tmp/seccomp.json" | "$tmp/bpf" >"$tmp/seccomp.bpf"
}

# A program that ends at once and has no libc: what remains is the runtime's.
make_nothing() {
    local code
    case $(uname -m) in
    x86_64) code='mov $60, %eax; xor %edi, %edi; syscall' ;;
    aarch64) code='mov x8, #93; mov x0, #0; svc #0' ;;
    *) ln -s busybox "$tmp/root/bin/nothing"; return ;;
    esac
    echo "__asm__(\".globl _start; _start: $code\");" | cc -x c -static -nostdlib -o "$tmp/root/bin/nothing" -
}

# Static and small: the kernel counts a parent's memory as the least of its child's.
make_timer() { cc -O2 -static -D_GNU_SOURCE -o "$tmp/timer" "$lib/timer.c"; }

# measure NAME ROUNDS BLOCK QUIET_MS ID...: the timer's lines into $tmp/NAME. more_timer_options goes to it as well.
measure() {
    local file=$tmp/$1 rounds=$2 block=$3 quiet=$4 id args=()
    shift 4
    [ $# -gt 0 ] || { : >"$file"; return; }
    for id in "$@"; do
        local -n command=cmd_$id
        [ ${#args[@]} -eq 0 ] || args+=('%%')
        args+=("$id" "${command[@]}")
    done
    say "$(basename "$file"): $((rounds * block)) runs each of $*"
    "$tmp/timer" --rounds "$rounds" --block "$block" --quiet "$quiet" --stdin "$tmp/seccomp.bpf" \
        "${more_timer_options[@]}" "${args[@]}" \
        >"$file" 2>"$file.err"
}

# count ID...: system calls of one start in all its processes: ID CALLS CLONES EXECS into $tmp/calls.
count() {
    local id
    for id in "$@"; do
        local -n command=cmd_$id
        "${command[@]}" <"$tmp/seccomp.bpf" >/dev/null 2>&1 || true # caches are warm, as they are when it is timed
        strace -f -c -q -o "$tmp/strace-$id" "${command[@]}" <"$tmp/seccomp.bpf" >/dev/null 2>&1 || true
        awk -v id="$id" '
            $NF ~ /^(clone|clone3|fork|vfork)$/ { clones += $4 }
            $NF ~ /^execve(at)?$/ { execs += $4 }
            $NF == "total" { calls = $4 }
            END { print id, calls + 0, clones + 0, execs + 0 }' "$tmp/strace-$id" >>"$tmp/calls"
    done
}

# ---- the report

# figure FILE ID COLUMN: of the timer's line; empty when there is none.
figure() { awk -F '\t' -v id="$2" -v column="$3" '$1 == id && $2 > 0 { print $column }' "$tmp/$1"; }
median() { figure "$1" "$2" 5; }
calls() { awk -v id="$1" -v column="${2:-2}" '$1 == id && $2 > 0 { print $column }' "$tmp/calls"; }
ratio() { [ -n "$1" ] && [ -n "$2" ] && awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# goal TEXT VALUE LIMIT: a line that says whether it was met.
goal() {
    local verdict='not measured'
    if [ -n "$2" ]; then
        verdict=$(awk -v v="$2" -v l="$3" 'BEGIN { print v, (v <= l ? "met" : "**missed**") }')
    fi
    printf '| %s | ≤ %s | %s |\n' "$1" "$3" "$verdict"
}

machine() {
    local cpu
    cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
    printf 'Linux %s, %s, %s CPUs; load average at the start %s. ' "$(uname -r)" "${cpu:-$(uname -m)}" "$(nproc)" "$load"
    printf 'crun %s, runc %s, bubblewrap %s, podman %s, docker %s.\n' "$(version crun)" "$(version runc)" "$(version bubblewrap)" \
        "$(version podman)" "$(version docker.io)"
}

version() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo none; }

# The end of each report: what could not be measured here, from the array `cannot`.
not_run() {
    local line
    [ ${#cannot[@]} -eq 0 ] || printf '\nDid not run:\n\n'
    for line in "${cannot[@]}"; do
        printf -- '- %s\n' "$line"
    done
}
