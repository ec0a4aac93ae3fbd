# SPDX-License-Identifier: Apache-2.0
# The probe itself, and what it says of oakum's own defaults.

setup() {
  build=${OAKUM_BUILD:-$BATS_TEST_DIRNAME/../../build}
  probe=$build/tests/security/probe
  [ -x "$probe" ] || skip 'this build has no probe'
}

# What a harmful probe would change on a host.
host_state() {
  hostname
  sort /proc/self/mountinfo
  cat /proc/swaps /proc/sys/kernel/core_pattern /proc/sys/kernel/panic
  ls -A /dev/shm
  ls -A /tmp | grep oakum-probe || true
}

@test "the probe has 80 rows and more, each with an id of its own" {
  "$probe" --list >"$BATS_TEST_TMPDIR/list"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/list")" -ge 80 ]
  [ -z "$(cut -f1 "$BATS_TEST_TMPDIR/list" | sort | uniq -d)" ]
  [ -z "$(awk -F'\t' 'NF != 3 || $1 !~ /^[a-z0-9-]+$/' "$BATS_TEST_TMPDIR/list")" ]
}

@test "without a container the probe finds much OPEN, fails, and changes nothing" {
  local before after clock uptime
  before=$(host_state)
  read -r uptime _ </proc/uptime
  clock=$EPOCHREALTIME
  run "$probe"
  [ "$status" -eq 1 ]
  [[ "$output" == *$'\nns-user\tnamespaces\tOPEN\t'* ]]
  [[ "$output" == *$'\nmount\tmounts\tOPEN\t'* || "$(id -u)" -ne 0 ]]
  after=$(host_state)
  [ "$before" = "$after" ]
  # The clock went as far as the machine's uptime did.
  awk -v clock="$clock" -v uptime="$uptime" -v now="$EPOCHREALTIME" '
    { drift = (now - clock) - ($1 - uptime); exit drift > 1 || drift < -1 }' /proc/uptime
}

@test "--json is JSON and says the same as the table" {
  "$probe" --json fork-exec epoll seccomp >"$BATS_TEST_TMPDIR/json" || true
  python3 - "$BATS_TEST_TMPDIR/json" <<'PYTHON'
import json, sys
found = json.load(open(sys.argv[1]))
verdicts = {row['id']: row['verdict'] for row in found['rows']}
assert list(verdicts) == ['seccomp', 'fork-exec', 'epoll'], verdicts
assert verdicts['fork-exec'] == verdicts['epoll'] == 'works', verdicts
assert found['summary']['rows'] == 3, found['summary']
PYTHON
}

@test "wrong use of the probe is said to be so" {
  run "$probe" no-such-row
  [ "$status" -eq 2 ]
  [[ "$output" == *'no row is called no-such-row'* ]]
  run "$probe" --what
  [ "$status" -eq 2 ]
}

@test "oakum's own defaults leave nothing open and break nothing" {
  local oakum=${OAKUM:-$build/oakum} dir=$BATS_TEST_TMPDIR
  [ -x "$oakum" ] || oakum=$build/src/bin/oakum
  [ -x "$oakum" ] || skip 'this build has no oakum'
  [ "$(id -u)" -eq 0 ] || skip 'not root'
  mkdir -p "$dir"/rootfs/{bin,dev,etc,home,proc,run,sys,tmp,usr,var/tmp}
  cp "$probe" "$dir/rootfs/probe"
  tar --owner=0 --group=0 --numeric-owner -C "$dir/rootfs" -cf "$dir/rootfs.tar" .
  "$oakum" --root "$dir/store" --state "$dir/state" import "$dir/rootfs.tar" probe
  run "$oakum" --root "$dir/store" --state "$dir/state" run --rm --network none probe /probe
  grep -E $'\t(OPEN|BROKEN)\t|^#' <<<"$output" || echo "$output"
  [ "$status" -eq 0 ]
}
