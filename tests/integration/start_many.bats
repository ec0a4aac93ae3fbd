# SPDX-License-Identifier: Apache-2.0
# Many starts, 1,000 one after the other and 200 at once, leave no mount, cgroup, id range, process or file.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() { start_teardown; }

BATS_TEST_TIMEOUT=600

@test "oakum run, 1,000 in a row: nothing stays" {
  make_image
  oak_run box true
  mark
  for ((i = 1000; i > 0; i--)); do
    oak_run box true
  done
  nothing_left
}

@test "oakum run, 200 at once: each works, nothing stays" {
  make_image
  oak_run box true
  mark
  pids=()
  for ((i = 0; i < 200; i++)); do
    { oak_run box true || echo "$? of $i"; } >"$BATS_TEST_TMPDIR.$i" 2>&1 &
    pids+=($!)
  done
  wait "${pids[@]}" # not all jobs: bats has a watchdog among them
  cat "$BATS_TEST_TMPDIR".[0-9]* | head
  [ -z "$(cat "$BATS_TEST_TMPDIR".[0-9]*)" ]
  rm -f "$BATS_TEST_TMPDIR".[0-9]*
  nothing_left
}

@test "oakum run, 40 at once: no two share an id range" {
  make_image
  pids=()
  for ((i = 0; i < 40; i++)); do
    oak_run box sh -c 'cat /proc/self/uid_map; sleep 0.5' >"$BATS_TEST_TMPDIR.$i" &
    pids+=($!)
  done
  wait "${pids[@]}"
  [ "$(cat "$BATS_TEST_TMPDIR".[0-9]* | awk '{ print $2 }' | sort -u | wc -l)" -eq 40 ] || { cat "$BATS_TEST_TMPDIR".[0-9]*; false; }
  rm -f "$BATS_TEST_TMPDIR".[0-9]*
}

@test "oakum-runtime run, 1,000 in a row and 200 at once: nothing stays" {
  make_bundle "$place/bundle"
  rt run --bundle "$place/bundle" first
  mark
  for ((i = 1000; i > 0; i--)); do
    rt run --bundle "$place/bundle" again
  done
  nothing_left
  for ((i = 0; i < 200; i++)); do
    mkdir "$place/b$i"
    ln -s ../bundle/rootfs "$place/b$i/rootfs"
    jq --arg c "/$group/at-once-$i" --arg r "$place/bundle/rootfs" '.linux.cgroupsPath = $c | .root.path = $r' \
      "$place/bundle/config.json" >"$place/b$i/config.json"
  done
  pids=()
  for ((i = 0; i < 200; i++)); do
    { rt run --bundle "$place/b$i" "c$i" || echo "$? of $i"; } >"$BATS_TEST_TMPDIR.$i" 2>&1 &
    pids+=($!)
  done
  wait "${pids[@]}"
  [ -z "$(cat "$BATS_TEST_TMPDIR".[0-9]*)" ] || { cat "$BATS_TEST_TMPDIR".[0-9]* | head; false; }
  rm -rf "$BATS_TEST_TMPDIR".[0-9]* "$place"/b[0-9]*
  nothing_left
}

@test "two runs with one name at once: exactly one wins, the other says which name" {
  make_image
  oak_run box true
  mark
  for ((round = 0; round < 15; round++)); do
    pids=()
    for racer in 1 2 3 4; do
      oak_run --name same box sleep 0.3 >"$BATS_TEST_TMPDIR.$racer" 2>&1 &
      pids+=($!)
    done
    won=0 lost=0
    for racer in 1 2 3 4; do
      status=0
      wait "${pids[$((racer - 1))]}" || status=$?
      case $status in
      0) won=$((won + 1)) ;;
      125)
        lost=$((lost + 1))
        one_error "$(cat "$BATS_TEST_TMPDIR.$racer")"
        grep -q same "$BATS_TEST_TMPDIR.$racer" ;;
      esac
    done
    [ "$won $lost" = '1 3' ] || { echo "won $won, lost $lost"; cat "$BATS_TEST_TMPDIR".[1-4]; false; }
  done
  rm -f "$BATS_TEST_TMPDIR".[1-4]
  nothing_left
}

@test "two creates with one id at once: exactly one wins" {
  make_bundle "$place/bundle"
  for ((round = 0; round < 15; round++)); do
    pids=() won=0
    for racer in 1 2 3 4; do
      rt create --bundle "$place/bundle" same </dev/null >"$BATS_TEST_TMPDIR.$racer" 2>&1 &
      pids+=($!)
    done
    for pid in "${pids[@]}"; do
      ! wait "$pid" || won=$((won + 1))
    done
    [ $won -eq 1 ] || { echo "won: $won"; cat "$BATS_TEST_TMPDIR".[1-4]; false; }
    rt delete --force same
  done
  rm -f "$BATS_TEST_TMPDIR".[1-4]
  no_cgroup_left
}
