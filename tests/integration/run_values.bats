# SPDX-License-Identifier: Apache-2.0
# Every flag of `oakum run` that takes a value gets values that are hardly meant: nothing, a negative number, one that no integer holds,
# a word, a number with a unit that is none. Each is refused by one line that names the flag, or stands in the table below; and
# nothing is left of the attempt. The flags are those that the program has, so that a new one is tried from its first day.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; make_image; }
teardown() { start_teardown; }

huge=99999999999999999999
values=('' -1 $huge x 5x)

# What has a meaning, and so is accepted: FLAG VALUE..., '' for an empty one, * for all five, text for all but the empty one.
accepted="annotation text
cgroup-parent *
cidfile text
cpu-quota -1
detach-keys '' x
dns-option text
dns-search text
domainname *
entrypoint '' -1 $huge x 5x
env text
health-cmd ''
hostname text
label text
memory-swap -1
memory-swappiness -1
name $huge 5x
pids-limit -1
restart ''
stop-timeout -1
workdir ''"

# is_accepted FLAG VALUE
is_accepted() {
  local flag words quoted=$2
  [ -n "$quoted" ] || quoted="''"
  while read -r flag words; do
    [ "$flag" = "$1" ] || continue
    case $words in
    '*') return 0 ;;
    text) [ -n "$2" ] && return 0 || return 1 ;;
    esac
    [[ " $words " == *" $quoted "* ]] && return 0 || return 1
  done <<<"$accepted"
  return 1
}

# try_value FLAG VALUE: one run. The directory that it is in is empty before, and after.
try_value() {
  local flag=$1 value=$2 given=$2 told file=id
  # Whatever it is, it must stay below the test's own group.
  [ "$flag" != cgroup-parent ] || given=/$group/$value
  [ "$flag" != cidfile ] || file=$value
  status=0
  output=$(oak_run --cidfile id "--$flag=$given" box true 2>&1 </dev/null) || status=$?
  told="--$flag=$given: status $status: $output"
  if is_accepted "$flag" "$value"; then
    # An entrypoint is looked for, and not found.
    [ "$status" -eq $([ "$flag" = entrypoint ] && [ -n "$value" ] && echo 127 || echo 0) ] || { echo "$told"; return 1; }
    [ "$status" -ne 0 ] || rm -- "./$file"
  else
    [ "$status" -eq 125 ] || { echo "$told"; echo 'refuse it, or put it into the table of what is accepted'; return 1; }
    one_error "$output" || { echo "$told"; return 1; }
    [[ $output =~ (^|[^a-z-])--$flag([^a-z-]|$) ]] || { echo "$told"; echo 'the flag is not named'; return 1; }
  fi
  [ -z "$(ls -A)" ] || { echo "$told"; echo "it left: $(ls -A)"; return 1; }
  # A parent that oakum made stays.
  [ "$flag" != cgroup-parent ] || rmdir /sys/fs/cgroup/*/"$group/$value" "/sys/fs/cgroup/$group/$value" 2>/dev/null || true
  no_cgroup_left || { echo "$told"; return 1; }
}

@test "a senseless value of any flag of run: one line that names the flag, and nothing left" {
  local flag value flags tried=0
  flags=$("$bin/oakum" dump-commands | jq -r '.commands[] | select(.name == "run").options[] | select(.arg).name')
  mkdir "$place/empty" && cd "$place/empty"
  oak_run --detach-keys x box true # makes the directory of monitors, which stays
  oak_run --secret none box true || true # and that of secrets
  mark
  for flag in $flags; do
    for value in "${values[@]}"; do
      try_value "$flag" "$value"
      tried=$((tried + 1))
    done
  done
  [ "$tried" -gt 250 ]
  [ -z "$(oak ps -aq)" ]
  nothing_left
  # The table names no flag that is gone.
  while read -r flag _; do grep -qx -- "$flag" <<<"$flags"; done <<<"$accepted"
}

@test "what only the kernel refuses names the flag too, also when detached" {
  local flags
  mkdir "$place/empty" && cd "$place/empty"
  oak run -d --network none --cgroup-parent "/$group" --name first box true
  oak rm -f first
  mark
  # -1 cannot be below what this process has, or there is no such controller: whatever it is, it is the flag's.
  for flags in '--cpu-rt-runtime -1' '--cpuset-cpus 4096' '--cpuset-mems 4096' '--sysctl kernel.panic=1' '--security-opt apparmor=no-such-profile'; do
    # shellcheck disable=SC2086
    run oak_run --cidfile id $flags box true
    said 125 "${flags% *}"
    one_error "$output"
    # shellcheck disable=SC2086
    run oak run -d --network none --cgroup-parent "/$group" --cidfile id $flags box true
    said 125 "${flags% *}"
    one_error "$output"
  done
  [ -z "$(ls -A)" ] && [ -z "$(oak ps -aq)" ]
  nothing_left
}
