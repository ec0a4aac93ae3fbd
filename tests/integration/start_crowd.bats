# SPDX-License-Identifier: Apache-2.0
# A start does the same work however many containers there are: it makes the same system calls, beside none and beside forty. (Time would
# tell what else the machine does.)
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  command -v strace >/dev/null || skip 'needs strace'
}
teardown() { start_teardown; }

# calls COMMAND...: the system calls of all its processes, the least of three: one that is interrupted or too early is made again.
calls() {
  local i
  for i in 1 2 3; do
    timeout 60 strace -f -c -q -o "$place/calls" "$@" </dev/null >/dev/null || return 1
    awk '$NF == "total" { print $4 }' "$place/calls"
  done | sort -n | head -n 1
}
same() { # WHAT BEFORE AFTER
  [ "$2" -gt 20 ] && [ "$2" = "$3" ] || { echo "$1: $2 system calls alone, $3 in the crowd"; return 1; }
}

@test "oakum-runtime: run, state, exec beside forty containers" {
  local i before after
  make_bundle "$place/bundle"
  script='sleep 1000' make_bundle "$place/waits"
  rt run --detach --bundle "$place/waits" first </dev/null >/dev/null
  before=($(calls "$runtime" --root "$place/rt" run --bundle "$place/bundle" box) $(calls "$runtime" --root "$place/rt" state first)
    $(calls "$runtime" --root "$place/rt" exec first true))
  for ((i = 0; i < 40; i++)); do
    mkdir -p "$place/b$i/rootfs" # so that it gets none of its own
    make_bundle "$place/b$i" '.root.path = $root' --arg root "$place/waits/rootfs"
    rt create --bundle "$place/b$i" "crowd-$i" </dev/null >/dev/null
  done
  after=($(calls "$runtime" --root "$place/rt" run --bundle "$place/bundle" box) $(calls "$runtime" --root "$place/rt" state first)
    $(calls "$runtime" --root "$place/rt" exec first true))
  for ((i = 0; i < 40; i++)); do
    rt delete --force "crowd-$i"
  done
  rt delete --force first
  same run "${before[0]}" "${after[0]}"
  same state "${before[1]}" "${after[1]}"
  same exec "${before[2]}" "${after[2]}"
}

@test "oakum run, exec beside forty containers that run, and forty that have ended" {
  local i before after pids=()
  make_image
  engine=("$bin/oakum" --root "$place/store" --state "$place/state")
  run=("${engine[@]}" run --pull never --network none --cgroup-parent "/$group")
  "${run[@]}" --name first --init box sleep 1000 </dev/null &
  pids+=($!)
  wait_for 20 oak exec first true
  "${run[@]}" --rm box true
  before=($(calls "${run[@]}" --rm box true) $(calls "${engine[@]}" exec first true))
  for ((i = 0; i < 40; i++)); do
    "${run[@]}" --name "ended-$i" box true
    "${run[@]}" --rm --name "runs-$i" box sleep 1000 </dev/null &
    pids+=($!)
  done
  wait_for 60 forty
  after=($(calls "${run[@]}" --rm box true) $(calls "${engine[@]}" exec first true))
  kill -KILL "${pids[@]}"
  wait "${pids[@]}" || true
  same run "${before[0]}" "${after[0]}"
  same exec "${before[1]}" "${after[1]}"
}
forty() { [ "$(oak ps --quiet | wc -l)" -eq 41 ]; }
