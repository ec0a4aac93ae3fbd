# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # its caller sets what it wants
#
# What bench/NAME/run does on the host, for each NAME: reads the options, gives the measuring program (bench/NAME/inside) namespaces, a
# directory and cgroups of its own, and removes all of that, also after Ctrl-C. Wants: bench (NAME), here (its folder), mark (of its
# place in bench/README.md).

die() { printf 'bench/%s: %s\n' "$bench" "$*" >&2; exit 1; }
say() { printf 'bench/%s: %s\n' "$bench" "$*" >&2; }

outside() {
    local short='' runs='' out='' readme='' tool status=0
    while [ $# -gt 0 ]; do
        case $1 in
        --short) short=1 ;;
        --runs) runs=${2:-none}; shift ;;
        --runs=*) runs=${1#*=} ;;
        --out) out=${2:-}; shift ;;
        --out=*) out=${1#*=} ;;
        --readme) readme=1 ;;
        --long) export OAKUM_LONG=1 ;;
        -h | --help) sed -n '4,10s/^#$//; 4,10s/^# //p' "$here/run"; return 0 ;;
        *) die "unknown argument $1 (there are --short, --long, --runs N, --out FILE, --readme)" ;;
        esac
        shift || die 'the last option needs a value'
    done
    runs=${runs:-$([ -n "$short" ] && echo 30 || echo 100)}
    case $runs in *[!0-9]* | 0) die "--runs $runs: not a number of runs" ;; esac
    [ "$(id -u)" -eq 0 ] || die 'run it as root: it starts other runtimes and a docker daemon'
    for tool in cc jq strace busybox unshare; do
        command -v "$tool" >/dev/null || die "$tool is missing; tools/install-packages build bench brings it"
    done

    tmp=$(mktemp -d "${TMPDIR:-/tmp}/oakum-bench.XXXXXX")
    cgroup=oakum-bench-$$
    inner=
    trap cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    chmod 755 "$tmp"
    OAKUM_BENCH_TMP=$tmp OAKUM_BENCH_CGROUP=$cgroup OAKUM_BENCH_SHORT=$short OAKUM_BENCH_RUNS=$runs \
        OAKUM_BUILD=$(realpath -m "${OAKUM_BUILD:-$here/../../build}") \
        env --default-signal=INT,QUIT unshare --mount --pid --fork --kill-child --mount-proc --propagation private "$here/inside" </dev/null &
    inner=$!
    wait "$inner" || status=$?
    inner=
    [ $status -eq 0 ] || return $status
    if [ "$(type -t more_report)" = function ]; then # what cannot be measured in there; bench/NAME/run has it
        more_report | tee -a "$tmp/report.md"
    fi
    [ -z "$out" ] || cp "$tmp/report.md" "$out"
    [ -z "$readme" ] || into_readme
}

# The report, between its marks in bench/README.md.
into_readme() {
    awk -v report="$tmp/report.md" -v mark="$mark" '
        $0 == "<!-- " mark " -->" { print; while ((getline line < report) > 0) print line; skip = 1 }
        $0 == "<!-- /" mark " -->" { skip = 0 }
        !skip' "$here/../README.md" >"$tmp/README.md"
    cat "$tmp/README.md" >"$here/../README.md"
}

# shellcheck disable=SC2317 # called by trap
cleanup() {
    local status=$? try
    trap - EXIT INT TERM
    # The frozen do not die, and their namespace waits for them.
    find /sys/fs/cgroup -path "*$cgroup*" \( -name freezer.state -exec sh -c 'echo THAWED >"$0"' {} \; -o \
        -name cgroup.freeze -exec sh -c 'echo 0 >"$0"' {} \; \) 2>/dev/null || true
    if [ -n "$inner" ]; then
        kill -KILL "$inner" 2>/dev/null || true
        wait "$inner" 2>/dev/null || true
    fi
    for try in 1 2 3 4 5 6 7 8; do # the kernel takes a moment to let go of dead processes
        find /sys/fs/cgroup -depth -type d -path "*$cgroup*" -exec rmdir {} + 2>/dev/null || true
        rm -rf --one-file-system "$tmp" 2>/dev/null || true
        [ -e "$tmp" ] || [ -n "$(find /sys/fs/cgroup -type d -name "*$cgroup*")" ] || exit "$status"
        sleep 0.$try
    done
    say "could not remove $tmp or the cgroups $cgroup"
    exit 1
}
