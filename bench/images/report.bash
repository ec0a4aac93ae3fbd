# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2016,SC2086 # bench/images/inside sets what it wants; Markdown
#
# The report of bench/images: tables of what was measured, and whether the goals were met.

cpu() { figure "$1" "$2" 9; }

# Processor time of client and daemon.
all_cpu() {
    local own
    own=$(cpu "$1" "$2")
    case $2 in *_docker) [ -z "$own" ] || own=$(awk -v a="$own" -v b="${daemon_cpu[$1]:-0}" 'BEGIN { printf "%.2f", a + b }') ;; esac
    printf '%s' "$own"
}

peak_mib() {
    local kib
    kib=$(figure "$1" "$2" 8)
    case $2 in *_docker) kib=$daemon_peak ;; esac
    [ -z "$kib" ] || awk -v k="$kib" 'BEGIN { printf "%.1f", k / 1024 }'
}

work_table() {
    local file id failed
    printf '| | runs | median ms | least | p90 | processor ms | peak MiB | time: ours / it | processor: ours / it |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n'
    for file in pull load save; do
        for id in ${file}_oakum ${file}_podman ${file}_docker $([ $file != pull ] || echo floor); do
            [ -n "${label[$id]:-}" ] || continue
            failed=$(awk -F '\t' -v id="$id" '$1 == id && $3 > 0 { print " (" $3 " failed)" }' "$tmp/$file")
            printf '| %s%s | %s | %s | %s | %s | %s | %s | %s | %s |\n' "${label[$id]}" "$failed" "$(figure $file $id 2)" \
                "$(median $file $id)" "$(figure $file $id 4)" "$(figure $file $id 6)" "$(all_cpu $file $id)" "$(peak_mib $file $id)" \
                "$(ratio "$(median $file ${file}_oakum)" "$(median $file $id)" || true)" \
                "$(ratio "$(all_cpu $file ${file}_oakum)" "$(all_cpu $file $id)" || true)"
        done
    done
}

quick_table() {
    local row
    printf '| | median ms | least | p90 |\n|---|--:|--:|--:|\n'
    for row in 'layers layers1' 'layers layers127' 'images images'; do
        # shellcheck disable=SC2086 # two words
        set -- $row
        printf '| %s | %s | %s | %s |\n' "${label[$2]}" "$(median $1 $2)" "$(figure $1 $2 4)" "$(figure $1 $2 6)"
    done
}

image_goals() {
    pair() { ratio "$(median "$1" "$2")" "$(median "$1" "$3")" || true; }
    printf '| goal | limit | measured |\n|---|--:|--:|\n'
    goal 'pull and unpack / podman' "$(pair pull pull_oakum pull_podman)" 0.35
    goal 'pull and unpack / docker' "$(pair pull pull_oakum pull_docker)" 0.35
    goal 'pull and unpack / `igzip -dc \| tar x`' "$(pair pull pull_oakum floor)" 1.5
    goal 'peak memory of a pull (largest process), MiB' "$(peak_mib pull pull_oakum)" 32
    goal 'load / docker' "$(pair load load_oakum load_docker)" 0.5
    goal 'save / docker' "$(pair save save_oakum save_docker)" 0.5
    goal 'second image that shares three layers of four: bytes, % of the first' "$shares" 1
    goal 'fetched by the pull after one that was killed at 90 %, % of the image' "$again" 15
    [ -z "${label[million]:-}" ] || goal 'peak memory with a layer of a million files, MiB' "$(peak_mib million million)" 32
    goal '`oakum images` with 1,000 images, ms' "$(median images images)" 10
    goal 'run of 127 layers − run of 1 layer, ms' \
        "$(awk -v a="$(median layers layers127)" -v b="$(median layers layers1)" 'BEGIN { if (a > 0 && b > 0) printf "%.2f", a - b }')" 2
}

report() {
    machine
    printf '\nThe image: 4 gzip layers, %s files, %s MB packed, %s MB of tar. Stores %s.\n\n' "$files" $((packed / 1000000)) \
        $((unpacked / 1000000)) "$([ -n "${OAKUM_BENCH_DISK:-}" ] && echo on disk || echo "in memory (tmpfs)")"
    work_table
    printf '\nA second image that has three of the four layers; bytes over loopback, whole connection:'
    printf ' %s;' "${shared[@]}" | sed 's/;$/.\n\n/'
    printf 'A pull that is killed when 90 %% have come: %s\n\n' "${interrupted:-not measured.}"
    quick_table
    [ -z "${label[million]:-}" ] || printf '| %s: peak %s MiB | %s | | |\n' "${label[million]}" "$(peak_mib million million)" "$(median million million)"
    printf '\n(`oakum images -q` listed %s.)\n\n**Goals**\n\n' "$images_listed"
    image_goals
    not_run
}
