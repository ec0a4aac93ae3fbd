# SPDX-License-Identifier: Apache-2.0
# Containers that join the namespaces of another: what they share, what stays apart, and who may go first.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  make_root "$place/image"
  cp "$helpers/inside" "$place/image/bin/inside"
  tar -C "$place/image" -cf "$place/image.tar" .
  oak import "$place/image.tar" box >/dev/null
  rm -rf "$place/image" "$place/image.tar"
  idmap=$place/store/idmap
}
teardown() { start_teardown; }

keep() { oak run --network none --cgroup-parent "/$group" "$@"; }
id_of() { oak inspect "$1" | jq -r '.[0].Id'; }
state_of() { oak inspect "$1" | jq -r '.[0].State.Status'; }
# started NAME FLAGS... -- COMMAND...: in the background, and there.
started() {
  local name=$1 flags=()
  shift
  while [ "$1" != -- ]; do
    flags+=("$1")
    shift
  done
  shift
  "${oakum[@]}" run --network none --cgroup-parent "/$group" --name "$name" "${flags[@]}" box "$@" </dev/null >/dev/null 2>&1 3>&- &
  last=$!
  wait_for 10 oak exec "$name" true
}
# The one range that is claimed, its owner's name, how many share it.
first_id() { find "$idmap" -type l -name '[0-9]*' ! -path '*.shared/*' -printf '%f\n'; }
owner_is() { [ "$(readlink "$idmap/$(first_id)")" = "$(id_of "$1")" ]; }
sharers() { find "$idmap" -path '*.shared/*' | wc -l; }
ids_free() { [ -z "$(ls -A "$idmap")" ] || { ls -lR "$idmap"; false; }; }

@test "--pid container: the other's processes, ids and namespace; nobody else's" {
  started owner -- sleep 611
  run -0 --separate-stderr keep --rm --pid container:owner box sh -c 'ps; for n in pid user ipc; do readlink /proc/self/ns/$n; done; cat /proc/self/uid_map'
  said 0 'sleep 611' "$(oak exec owner readlink /proc/self/ns/pid)" "$(oak exec owner readlink /proc/self/ns/user)"
  [[ $output != *"$(oak exec owner readlink /proc/self/ns/ipc)"* ]]
  [ "$(tail -n 1 <<<"$output" | tr -s ' ')" = "$(oak exec owner cat /proc/self/uid_map | tr -s ' ')" ]
  # As the container's root, too, with files of its own.
  run -0 keep --rm --user 0 --read-only=false --pid container:owner box sh -c 'echo mine >/file; ls -ln /file; id -u'
  said 0 ' 0        0 '
  # One that was not asked has other ids and sees nothing.
  run -0 keep --rm box sh -c 'ps; cat /proc/self/uid_map'
  [[ $output != *'sleep 611'* && $output != *" $(first_id) "* ]]
  oak rm -f owner
  ids_free
}

@test "--ipc container: memory segments and message queues" {
  started owner -- inside shm 77 'from the owner'
  run -0 keep --rm --ipc container:owner box sh -c 'inside shm 77; touch /dev/mqueue/queue; readlink /proc/self/ns/ipc'
  said 0 'from the owner' "$(oak exec owner readlink /proc/self/ns/ipc)"
  [ "$(oak exec owner ls /dev/mqueue)" = queue ]
  run -0 keep --rm --ipc container:owner box sh -c 'echo file >/dev/shm/file; cat /dev/shm/file; grep " /dev/shm " /proc/self/mounts'
  said 0 file nosuid,nodev,noexec
  [ "$(oak exec owner cat /dev/shm/file)" = file ]
  run keep --rm --ipc container:owner --tmpfs /dev/shm box cat /dev/shm/file
  said 1 'No such file'
  run keep --rm box inside shm 77
  said 1 'shared memory: No such file'
  run keep --rm --pid container:owner box inside shm 77
  said 1 'shared memory: No such file'
  oak rm -f owner
}

@test "several at once, of one and in a chain; inspect and exec" {
  started owner -- sleep 612
  started second --pid container:owner --ipc container:owner --network container:owner --uts container:owner -- sleep 613
  started third --ipc container:second -- sleep 614
  local ns id
  id=$(id_of owner)
  for ns in pid ipc net uts user; do
    [ "$(oak exec second readlink /proc/self/ns/$ns)" = "$(oak exec owner readlink /proc/self/ns/$ns)" ]
  done
  [ "$(oak exec third readlink /proc/self/ns/ipc)" = "$(oak exec owner readlink /proc/self/ns/ipc)" ]
  [ "$(oak exec third readlink /proc/self/ns/pid)" != "$(oak exec owner readlink /proc/self/ns/pid)" ]
  run -0 oak exec second ps
  said 0 'sleep 612' 'sleep 613'
  oak inspect second | jq -e --arg id "$id" '.[0].Joined == {pid: $id, ipc: $id, network: $id, uts: $id, userns: $id}'
  oak inspect second | jq -e --arg first "$(first_id)" '.[0].Controls[] | select(.control == "user-namespace") | (.value | startswith("joined: ")) and (.value | contains("the host'"'"'s \($first)-")) and .source == "--pid container:owner"'
  [ "$(sharers)" -eq 2 ]
  oak rm -f owner second third
  ids_free
}

@test "--network and --uts alone: the ids stay apart" {
  started owner -- sleep 615
  run -0 keep --rm --uts container:owner --network container:owner box sh -c 'readlink /proc/self/ns/uts; readlink /proc/self/ns/net; cat /proc/self/uid_map; hostname'
  said 0 "$(oak exec owner readlink /proc/self/ns/uts)" "$(oak exec owner readlink /proc/self/ns/net)" "$(oak exec owner hostname)"
  [[ $output != *" $(first_id) "* ]]
  oak rm -f owner
}

@test "what cannot be joined: absent, ended, damaged, the host's, of two users" {
  run keep --rm --pid container:owner box true
  said 125 'there is no container "owner"'
  keep --name owner box true
  run keep --rm --ipc container:owner box true
  said 125 'container owner is not running'
  one_error "$output"
  oak rm owner

  started owner -- sleep 616
  started other -- sleep 617
  run keep --rm --pid container:owner --ipc container:other box true
  said 125 'container other has another user namespace'
  for flags in '--userns host' '--privileged' '--compat docker'; do
    # shellcheck disable=SC2086
    run --separate-stderr keep --rm $flags --pid container:owner box true
    [ "$status" -eq 125 ]
    [[ $stderr == *'has a user namespace of its own'*"$flags"* ]]
  done
  run -0 --separate-stderr keep --rm --compat docker --userns private --pid container:owner box ps
  said 0 'sleep 616'
  # Its record is lost: it can only be removed.
  local record
  record=$place/store/containers/$(id_of other)/record.json
  cp "$record" "$place/record"
  echo '{' >"$record"
  run keep --rm --pid "container:$(jq -r .id "$place/record")" box true
  said 125 'is damaged' 'nothing of it can be shared'
  cp "$place/record" "$record"
  oak rm -f owner other

  started owner --userns host -- sleep 618
  run keep --rm --pid container:owner box true
  said 125 'is in the host'"'"'s user namespace' '--userns host'
  run -0 --separate-stderr keep --rm --userns host --pid container:owner --ipc container:owner box sh -c 'ps; readlink /proc/self/ns/ipc'
  said 0 'sleep 618' "$(oak exec owner readlink /proc/self/ns/ipc)"
  oak rm -f owner
  started owner --ipc host --uts host -- sleep 619
  for flag in ipc uts; do
    run keep --rm --$flag container:owner box true
    said 125 "shares the host's $flag namespace" "--$flag host"
  done
  oak rm -f owner
  ids_free
  [ -z "$(oak ps -aq)" ]
}

@test "a user namespace that the other container has made itself is not joined" {
  "${oakum[@]}" run --network none --cgroup-parent "/$group" --name owner --security-opt seccomp=unconfined box unshare -U -i sleep 632 </dev/null >/dev/null 2>&1 3>&- &
  # exec would have to become root of it.
  wait_for 10 eval 'oak exec owner true 2>&1 | grep "cannot become root"'
  run keep --rm --ipc container:owner box readlink /proc/self/ns/user
  said 125 'not one that oakum has made'
  oak rm -f owner
}

@test "the other container's /dev/shm is a tmpfs or is not taken" {
  mkdir "$place/victim"
  started owner --userns host --cap-add SYS_ADMIN -v "$place/victim:/dev/shm:rw" -- sleep 633
  run --separate-stderr keep --rm --userns host --ipc container:owner box ls /dev/shm
  [ "$status" -eq 125 ]
  [[ $stderr == *'/dev/shm is not a memory file system'* ]]
  oak rm -f owner
}

@test "a state that names another process: a number that was given away is not joined" {
  started owner -- sleep 620
  local state=$place/state/$(id_of owner)/state.json
  sleep 60 3>&- &
  jq --argjson pid $! '.pid = $pid' "$state" >"$place/forged"
  cp "$state" "$place/kept"
  cp "$place/forged" "$state"
  for flag in pid ipc network uts; do
    run keep --rm --$flag container:owner box true
    said 125 'container owner is not running'
  done
  kill $!
  cp "$place/kept" "$state"
  oak rm -f owner
}

@test "the owner goes first: the ids stay claimed for who is left, and go with the last" {
  started owner -- sleep 621
  started second --rm --ipc container:owner -- sleep 622
  started third --ipc container:second -- sleep 623
  local first
  first=$(first_id)
  run oak rm owner
  said 1 'is running'
  oak rm -f owner
  [ "$(first_id)" = "$first" ]
  [ "$(sharers)" -eq 1 ]
  run -0 oak exec second ps
  said 0 'sleep 622'
  oak rm -f second
  owner_is third
  [ "$(sharers)" -eq 0 ]
  # Ended and kept: its files have these ids still.
  oak stop -t 0 third
  [ "$(state_of third)" = exited ]
  owner_is third
  oak rm third
  ids_free
}

@test "who joined goes first; and an owner that ends takes a joined pid namespace along" {
  started owner -- sleep 624
  started second --ipc container:owner -- sleep 625
  oak rm -f second
  owner_is owner
  [ "$(sharers)" -eq 0 ]
  started second --pid container:owner -- sleep 626
  oak kill owner
  wait_for 10 eval '[ "$(state_of second)" = exited ]'
  oak inspect second | jq -e '.[0].State.ExitCode == 137'
  oak rm owner
  owner_is second
  oak rm second
  ids_free
}

@test "kill -9 of oakum: the owner's, the other's, and of each at every point" {
  started owner -- sleep 627
  local owner=$last
  started second --ipc container:owner -- sleep 628
  kill -9 "$owner"
  wait_for 10 eval '[ "$(state_of owner)" = exited ]'
  run -0 oak exec second true
  oak rm owner
  owner_is second
  kill -9 "$last"
  wait_for 10 eval '[ "$(state_of second)" = exited ]'
  owner_is second
  oak rm second
  ids_free

  started owner -- sleep 629
  local at
  for at in 0 300 600 900 1200 1500 1800 2200 2600 3000 4000 6000 9000 15000; do
    "$helpers/strike" 9 "$at" "${oakum[@]}" run --network none --cgroup-parent "/$group" --name second --ipc container:owner box sleep 630 </dev/null >/dev/null 2>&1 3>&- || true
    [ "$(oak ps -aq | wc -l)" -eq 1 ] || oak ps -aq | grep -v "$(id_of owner | cut -c1-12)" | xargs "${oakum[@]}" rm -f
    owner_is owner
    [ "$(sharers)" -eq 0 ] || { echo "after $at µs"; false; }
  done
  for at in 0 200 400 600 800 1000 1300 1600 2000 2500 3000 4000 6000; do
    started second --ipc container:owner -- sleep 631
    "$helpers/strike" 9 "$at" "${oakum[@]}" rm -f owner </dev/null >/dev/null 2>&1 || true
    [ -n "$(first_id)" ]
    oak rm -f owner 2>/dev/null || [ -z "$(oak ps -aq --filter name=owner)" ]
    owner_is second
    oak rm -f second
    ids_free
    started owner -- sleep 629
  done
  oak rm -f owner
  ids_free
}
