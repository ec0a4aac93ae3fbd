# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2016 # bench/engine/inside sets what it wants; Markdown
#
# The report of bench/engine: tables of what was measured, and whether the goals were met.

# log_figure ENGINE COLUMN: the median of three.
log_figure() { awk -v e="$1" '$1 == e { print $'"$2"' }' "$tmp/logs" | sort -n | sed -n 2p; }

command_table() {
    local row
    printf '| | median ms | least | p90 | × ours |\n|---|--:|--:|--:|--:|\n'
    for row in "$@"; do
        # shellcheck disable=SC2086 # two words
        set -- $row
        printf '| %s | %s | %s | %s | %s |\n' "${label[$2]}" "$(median "$1" "$2")" "$(figure "$1" "$2" 4)" "$(figure "$1" "$2" 6)" \
            "$(ratio "$(median "$1" "$2")" "$(median "$1" "$3")" || true)"
    done
}

log_table() {
    local e seconds
    printf '| | seconds | MB/s | processor ms of the engine | least and most of three runs, s |\n|---|--:|--:|--:|--:|\n'
    for e in oakum docker; do
        seconds=$(log_figure $e 2)
        [ -n "$seconds" ] || continue
        printf '| %s | %s | %s | %s | %s to %s |\n' $e "$seconds" "$(awk -v m="$megabytes" -v s="$seconds" 'BEGIN { printf "%.0f", m / s }')" \
            "$(log_figure $e 3)" "$(awk -v e=$e '$1 == e { print $2 }' "$tmp/logs" | sort -n | head -n 1)" \
            "$(awk -v e=$e '$1 == e { print $2 }' "$tmp/logs" | sort -n | tail -n 1)"
    done
}

engine_goals() {
    pair() { ratio "$(median "$1" "$2")" "$(median "$1" "$3")" || true; }
    printf '| goal | limit | measured |\n|---|--:|--:|\n'
    goal '`oakum run --rm` / podman run' "$(pair run oakum podman_crun)" 0.1
    goal '`oakum exec` / docker exec' "$(pair exec oakum_exec docker_exec)" 0.1
    goal "\`oakum ps\` with $listed containers, ms" "$(median ps ps)" 20
    goal "\`run -d\` beside $listed containers / without" "$(ratio "$(median many many)" "$(median few few)" || true)" 1.2
    goal 'private memory of an idle monitor (two processes), KiB' "$idle_kib" 1024
    goal "the same while $gibibytes GiB go through it, most / at first" "$(ratio "$busy_most" "$busy_first" || true)" 1.05
    goal "time for $megabytes MB of log / docker's json-file" "$(ratio "$(log_figure oakum 2)" "$(log_figure docker 2)" || true)" 0.5
    goal "processor time for it / docker's" "$(ratio "$(log_figure oakum 3)" "$(log_figure docker 3)" || true)" 0.5
    goal '`oakum stop` of a process that obeys at once, ms' "$(median stop oakum_stop)" 20
}

report() {
    local id rows=()
    machine
    printf '\n**Commands**, images and stores in memory:\n\n'
    for id in "${engines[@]}"; do rows+=("run $id oakum"); done
    for id in "${execs[@]}"; do rows+=("exec $id oakum_exec"); done
    for id in "${stops[@]}"; do rows+=("stop $id oakum_stop"); done
    command_table "${rows[@]}"
    printf '\n**A container that writes %s MB** in lines of 100 bytes, json-file rotated at 10 MB x 3, from the start to the exit code, median of three runs:\n\n' "$megabytes"
    log_table
    printf '\n**Monitors**: %s KiB of private memory when idle; %s KiB at first and %s KiB at most while %s GiB go through it; %s KiB of the state directory at its end.\n' \
        "$idle_kib" "$busy_first" "$busy_most" "$gibibytes" "$rings"
    printf '\n**A crowd** of %s running containers:\n\n' "$listed"
    printf '| | median ms | least | p90 |\n|---|--:|--:|--:|\n'
    for id in few many ps; do
        printf '| %s | %s | %s | %s |\n' "${label[$id]}" "$(median $id $id)" "$(figure $id $id 4)" "$(figure $id $id 6)"
    done
    printf '\n**Goals**\n\n'
    engine_goals
    not_run
}
