# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # bench/runtime/inside sets what it wants
#
# The report of bench/runtime: tables of what was measured, and whether the goals were met.

declare -A command_title=(
    [state]='`state`' [list]='`list` (one container)' [ps]='`ps`' [exec]='`exec`' [exec_busybox]='`exec` of busybox `true`'
    [update]='`update --pids-limit`' [run]='`run`' [create]='`create`' [start]='`start`' [pause]='`pause`' [resume]='`resume`'
    [kill]='`kill KILL`' [delete]='`delete`' [delete_force]='`delete --force` of a running one'
)

mib() { [ -z "$1" ] || awk -v k="$1" 'BEGIN { printf "%.2f", k / 1024 }'; }

# cell FILE ID: median, and from the least to the 90th percentile.
cell() {
    local failed
    failed=$(awk -F '\t' -v id="$2" '$1 == id { print $3 }' "$tmp/$1")
    [ -z "$(median "$1" "$2")" ] || printf '%s (%s–%s)' "$(median "$1" "$2")" "$(figure "$1" "$2" 4)" "$(figure "$1" "$2" 6)"
    [ "${failed:-0}" = 0 ] || printf ' **%s failed**' "$failed"
}

command_table() {
    local file name
    printf '| | oakum-runtime | crun | runc | ours / crun | ours / runc | MiB | crun | runc |\n'
    printf -- '|---|--:|--:|--:|--:|--:|--:|--:|--:|\n'
    for name in "${commands_quick[@]}" "${commands_slow[@]}"; do
        file=quick
        [[ " ${commands_slow[*]} " != *" $name "* ]] || file=slow
        printf '| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n' "${command_title[$name]}" "$(cell $file "${name}_oakum")" \
            "$(cell $file "${name}_crun")" "$(cell $file "${name}_runc")" \
            "$(ratio "$(median $file "${name}_oakum")" "$(median $file "${name}_crun")" || echo -)" \
            "$(ratio "$(median $file "${name}_oakum")" "$(median $file "${name}_runc")" || echo -)" \
            "$(mib "$(figure $file "${name}_oakum" 8)")" "$(mib "$(figure $file "${name}_crun" 8)")" \
            "$(mib "$(figure $file "${name}_runc" 8)")"
    done
}

# plain_table FILE REFERENCE ID...
plain_table() {
    local file=$1 reference=$2 id
    shift 2
    printf '| | median ms (least–p90) | × ours |\n|---|--:|--:|\n'
    for id in "$@"; do
        printf '| %s | %s | %s |\n' "${label[$id]}" "$(cell "$file" "$id")" \
            "$(ratio "$(median "$file" "$id")" "$(median "$file" "$reference")" || echo -)"
    done
}

# What a crowd costs: beside it over the mean of before and after; COLUMN 5: medians, 4: the least.
crowd_ratio() {
    local file value=()
    for file in alone again crowd; do
        value+=("$(figure $file "$1" "${2:-5}")")
    done
    awk -v a="${value[0]}" -v b="${value[1]}" -v c="${value[2]}" 'BEGIN { if (a > 0 && b > 0 && c > 0) printf "%.2f", c * 2 / (a + b) }'
}
crowd_growth() {
    awk -v a="$(median alone "$1")" -v b="$(median again "$1")" -v c="$(median crowd "$1")" \
        'BEGIN { if (a > 0 && b > 0 && c > 0) printf "%+.2f", c - (a + b) / 2 }'
}

crowd_table() {
    local id
    printf '| | alone | beside %s | alone again | ratio of the medians | of the least | more, ms | system calls alone, beside |\n' "$crowd"
    printf -- '|---|--:|--:|--:|--:|--:|--:|--:|\n'
    for id in floor crowd_run_oakum "${crowd_peers[@]}" crowd_exec crowd_state crowd_list; do
        printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "${label[$id]}" "$(cell alone $id)" "$(cell crowd $id)" \
            "$(cell again $id)" "$(crowd_ratio $id)" "$(crowd_ratio $id 4)" "$(crowd_growth $id)" \
            "$(calls alone_$id) $(calls crowd_$id)"
    done
    # shellcheck disable=SC2016 # Markdown
    printf '\nMaking them: `create` %s ms; the first 50 %s, the last 50 %s (medians). Removing them: `delete --force` %s ms.\n' \
        "$(cell crowd_make crowd_make)" "$(head -n 50 "$tmp/crowd_make.raw" | middle)" "$(tail -n 50 "$tmp/crowd_make.raw" | middle)" \
        "$(cell crowd_delete crowd_delete)"
}
middle() { cut -f 2 | sort -n | awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] }'; }

# The largest peak of our commands, KiB.
peak() { cat "$tmp/quick" "$tmp/slow" | awk -F '\t' '$1 ~ /_oakum$/ && $1 !~ /busybox/ && $8 > m { m = $8 } END { print m }'; }

runtime_goals() {
    local pair end_of
    pair() { ratio "$(median "$1" "$2")" "$(median "$1" "$3")" || true; }
    end_of() { awk -v k="$(median slow "kill_$1")" -v d="$(median slow "delete_$1")" 'BEGIN { if (k > 0 && d > 0) print k + d }'; }
    printf '| goal | limit | measured |\n|---|--:|--:|\n'
    goal 'exec / crun' "$(pair quick exec_oakum exec_crun)" 0.25
    goal 'exec of busybox `true` / crun' "$(pair quick exec_busybox_oakum exec_busybox_crun)" 0.25
    goal '`state`, ms' "$(median quick state_oakum)" 1
    goal 'kill and delete / crun' "$(ratio "$(end_of oakum)" "$(end_of crun)" || true)" 1
    goal 'delete --force / crun' "$(pair slow delete_force_oakum delete_force_crun)" 1
    goal '100 starts at once / crun' "$(pair at_once many_oakum many_crun)" 0.25
    goal "start beside $crowd containers / alone" "$(crowd_ratio crowd_run_oakum)" 1.2
    goal 'peak memory of any command, MB' "$(awk -v k="$(peak)" 'BEGIN { printf "%.2f", k * 1024 / 1e6 }')" 1.5
    goal 'docker run --runtime oakum / runc' "$(pair docker_run run_with_docker_oakum run_with_docker_runc)" 1
    goal 'oakum exec / podman exec' "$(pair engine_exec exec_with_oakum exec_with_podman)" 0.25
    goal 'oakum exec / docker exec' "$(pair engine_exec exec_with_oakum exec_with_docker_runc)" 0.25
}

report() {
    machine
    printf '\n**Commands**: milliseconds, median (least–90th percentile) of %s runs, %s where the container is made anew for each; peak memory.\n\n' \
        "$(figure quick state_oakum 2)" "$(figure slow create_oakum 2)"
    command_table
    printf '\nSystem calls: `state` %s (crun %s, runc %s), `list` %s (%s, %s), `exec` %s (%s, %s).\n' "$(calls state_oakum)" \
        "$(calls state_crun)" "$(calls state_runc)" "$(calls list_oakum)" "$(calls list_crun)" "$(calls list_runc)" \
        "$(calls exec_oakum)" "$(calls exec_crun)" "$(calls exec_runc)"
    printf '\n**A hundred starts at once**, until the last has ended:\n\n'
    # shellcheck disable=SC2046 # words
    plain_table at_once many_oakum $(rows many)
    printf '\n**A crowd**: beside %s containers of the same document that wait for their start:\n\n' "$crowd"
    crowd_table
    printf '\n**Engines**: `exec CONTAINER true`, and `docker run --rm --network none IMAGE true` with each runtime:\n\n'
    plain_table engine_exec exec_with_oakum "${exec_rows[@]}"
    printf '\n'
    plain_table docker_run run_with_docker_oakum "${docker_rows[@]}"
    printf '\n**Goals**\n\n'
    runtime_goals
    not_run
}
