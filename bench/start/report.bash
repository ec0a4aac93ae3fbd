# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The report: tables of what was measured, and whether the goals were met.

# table FILE REFERENCE ID...
table() {
    local file=$1 reference=$2 id memory failed more=''
    shift 2
    [ "$file" != hot ] || more=1
    printf '| | median ms | min | p90 | × ours |%s\n' "${more:+ peak MiB | system calls | processes, threads |}"
    printf -- '|---|--:|--:|--:|--:|%s\n' "${more:+--:|--:|--:|}"
    for id in "$@"; do
        failed=$(awk -F '\t' -v id="$id" '$1 == id { print $3 }' "$tmp/$file")
        memory=$(figure "$file" "$id" 8)
        printf '| %s%s%s | %s | %s | %s | %s |' "${label[$id]}" "${note[$id]:+ (${note[$id]})}" \
            "$([ "${failed:-0}" = 0 ] || echo " **$failed failed**")" "$(median "$file" "$id")" "$(figure "$file" "$id" 4)" \
            "$(figure "$file" "$id" 6)" "$(ratio "$(median "$file" "$id")" "$(median "$file" "$reference")" || echo -)"
        [ -z "$more" ] || printf ' %s | %s | %s |' "$([ -z "$memory" ] || awk -v k="$memory" 'BEGIN { printf "%.2f", k / 1024 }')" \
            "$(calls "$id")" "$(($(calls "$id" 3) + 1))"
        printf '\n'
    done
}

goals() {
    local v memory
    printf '| goal | limit | measured |\n|---|--:|--:|\n'
    for v in plain user; do
        [ $v = plain ] && name='' || name=', user namespace'
        goal "oakum-runtime / crun, tight loop$name" "$(ratio "$(median hot ${v}_oakum)" "$(median hot ${v}_crun)")" 0.15
        goal "oakum-runtime / crun, cold$name" "$(ratio "$(median cold ${v}_oakum)" "$(median cold ${v}_crun)")" 0.15
        goal "oakum-runtime / bubblewrap$name" "$(ratio "$(median hot ${v}_oakum)" "$(median hot ${v}_bwrap)")" 1
    done
    memory=$(figure hot user_oakum 8)
    goal 'peak memory of oakum-runtime, MB' "${memory:+$(awk -v k="$memory" 'BEGIN { printf "%.2f", k * 1024 / 1e6 }')}" 1.5
    goal 'system calls of oakum-runtime, all processes' "$(calls user_oakum)" 299
    goal 'oakum run / podman run' "$(ratio "$(median engines oakum)" "$(median engines podman_crun)")" 0.1
}

report() {
    machine
    printf '\n**One start after the other** (%s starts each, interleaved in blocks of 10):\n\n' "$((rounds * 10))"
    table hot plain_oakum floor "${plain[@]}"
    printf '\nThe same with a user namespace, in which root is nobody on the host:\n\n'
    table hot user_oakum "${user[@]}"
    printf '\n**Cold**, one start after two quiet seconds:\n\n'
    [ -n "$short" ] || { table cold plain_oakum "${plain[@]}"; printf '\nwith a user namespace:\n\n'; }
    table cold user_oakum "${user[@]}"
    printf '\n**Engines**, `run --rm --network none IMAGE true`:\n\n'
    table engines oakum "${engines[@]}"
    printf '\n**Goals**\n\n'
    goals
    not_run
}
