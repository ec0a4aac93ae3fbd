# SPDX-License-Identifier: Apache-2.0
# diff and commit. What docker says and makes of the same is compared in tests/conformance/cli (cases "diff: …", "commit: …").
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
load lib/user
# manifest_of NAME: as it lies in the store.
manifest_of() {
  local blobs=$place/store/images/blobs/sha256
  cat "$blobs/$(jq -r --arg n "docker.io/library/$1:latest" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $n) | .digest' "$place/store/images/index.json" | cut -d: -f2)"
}
setup() {
  start_setup
  if [[ $BATS_TEST_DESCRIPTION == rootless* ]]; then user_setup; else detached_setup; fi
}
teardown() { if [[ $BATS_TEST_DESCRIPTION == rootless* ]]; then user_teardown; else detached_teardown; fi; }
once() { oak run --name aa --network none --cgroup-parent "/$group" --user 0 --read-only=false "$@"; }

@test "diff and commit: a directory that was made anew hides what the image has in it, with a user namespace and without" {
  make_root "$place/image" && mkdir -p "$place/image/d/sub" && touch "$place/image/d/old" "$place/image/d/sub/x" "$place/image/f" && tar -C "$place/image" -cf "$place/i.tar" . && oak import "$place/i.tar" full >/dev/null
  for flags in '--cap-add DAC_OVERRIDE' '--privileged'; do
    # shellcheck disable=SC2086 # several words
    once $flags full sh -c 'rm -r /d; mkdir /d; touch /d/new; rm /f; mkdir /f; touch /f/in' 2>/dev/null
    run -0 oak diff aa
    [ "$output" = 'C /d
D /d/old
D /d/sub
A /d/new
C /f
A /f/in' ]
    oak commit aa new >/dev/null
    oak rm aa >/dev/null
    run -0 oak_run --user 0 new sh -c 'ls /d; ls /f'
    [ "$output" = $'new\nin' ]
    oak rmi new >/dev/null
  done
}

@test "commit: only the differences, in the ids of inside; nothing of what is mounted; a capability of a file counts" {
  mkdir "$place/bound" && echo secret >"$place/bound/f"
  once --cap-add CHOWN --cap-add SETFCAP -v "$place/bound:/bound" -v named:/named:rw --tmpfs /t box sh -c 'echo 1 >/etc/mine; chown 8:9 /etc/mine; echo v >/named/v; echo t >/t/t; cp /bin/busybox /etc/prog; sleep 0.1'
  oak commit aa new >/dev/null
  layer=$(manifest_of new | jq -r '.layers[-1].digest' | cut -d: -f2)
  tar -tv --numeric-owner -f "$place/store/images/blobs/sha256/$layer" >"$place/list"
  grep -Eq ' 8/9 .* etc/mine$' "$place/list"
  ! grep -Eq 'secret|(bound|named|t)/.|busybox$' "$place/list"
  ! awk '{ print $2 }' "$place/list" | grep -vE '^(0/0|8/9)$'
  [ "$(manifest_of new | jq '.layers | length')" -eq 2 ]
  oak rm aa
  oak system check
  rm -rf "$place/store/volumes"
}

@test "commit: a container that has changed nothing gives no layer; twice the same changes give the same layer" {
  oak create --name aa --network none box true >/dev/null
  oak commit -m nothing aa new >/dev/null
  [ "$(manifest_of new | jq '.layers | length')" -eq 1 ]
  [ "$(oak history --format '{{.Comment}}' new | head -n 1)" = nothing ]
  run -0 oak diff aa
  [ -z "$output" ]
  oak rm aa
  once box sh -c 'echo 1 >/etc/mine'
  oak commit aa one >/dev/null && oak commit aa two >/dev/null
  [ "$(manifest_of one | jq -r '.layers[-1].digest')" = "$(manifest_of two | jq -r '.layers[-1].digest')" ]
  run oak commit aa 'Bad Name'
  said 1
  run oak commit -c 'RUN x' aa
  said 1 'invalid change'
  [ "$(oak images --format "{{.Repository}}" | sort | xargs)" = "box new one two" ]
  oak rm aa
}

@test "commit of one that runs: it stands still meanwhile and goes on; an interrupted one leaves it running; names are not trusted" {
  keep --name aa --user 0 --read-only=false box sh -c 'mkdir /many; cd /many; for i in $(seq 2000); do echo $i >$i; done; touch "/etc/$(printf "a\033[31mb")"; touch /done; exec sleep 100'
  wait_for 30 oak exec aa test -e /done
  run -0 oak diff aa
  [[ $output != *$'\033'* ]]
  for signal in 2 15 2 15 2 15; do
    # Asked to end at any point: it does what is to be done first.
    "$helpers/strike" $signal $((RANDOM * 6)) "${oakum[@]}" commit aa part >/dev/null 2>&1
    [ "$(state_of aa Status)" = running ]
  done
  oak commit aa new >/dev/null
  [ "$(state_of aa Status)" = running ]
  oak pause aa
  oak commit aa again >/dev/null
  [ "$(state_of aa Status)" = paused ]
  oak rm -f aa
  [ "$(oak_run new sh -c 'ls /many | wc -l')" -eq 2000 ]
  ! grep -q "$place" /proc/self/mountinfo
}

@test "commit: podman runs the image after save" {
  command -v podman >/dev/null || skip 'needs podman'
  once --cap-add DAC_OVERRIDE box sh -c 'echo mine >/etc/mine; rm /etc/group'
  oak commit -c 'CMD ["cat","/etc/mine"]' -c 'ENV A=b' aa new >/dev/null
  short=$(mktemp -d /tmp/oakum-p.XXXXXX)
  pod() { podman --root "$place/podman" --runroot "$short/run" --tmpdir "$short/tmp" --storage-driver vfs "$@"; }
  oak save new | pod load -q
  at=$(pod create localhost/new 2>/dev/null || pod create docker.io/library/new)
  pod export "$at" | tar -t >"$place/list"
  pod inspect -f '{{.Config.Cmd}} {{.Config.Env}}' "$at" | grep -F '[cat /etc/mine]'
  grep -x etc/mine "$place/list"
  ! grep -x etc/group "$place/list"
  pod rm -f "$at" >/dev/null; pod rmi -af >/dev/null
  rm -rf "$short"
  oak rm aa
}

@test "rootless diff and commit" {
  needs_newuidmap
  as sub oakum import "$place/bundle/rootfs" box >/dev/null
  as sub oakum run --name aa --network none --read-only=false --user 0 box sh -c 'echo x >/etc/mine; rm /etc/group'
  run -0 as sub oakum diff aa
  [ "$output" = $'C /etc\nD /etc/group\nA /etc/mine' ]
  as sub oakum commit aa new >/dev/null
  run -0 as sub oakum run --rm --network none --user 0 new sh -c 'cat /etc/mine; ls /etc/group 2>/dev/null; stat -c %u /etc/mine'
  [[ $output == *$'x\n0' ]]
  as sub oakum rm aa
}

@test "commit: a capability that a file has for the container's ids is one of the image's file, whatever ids that container had" {
  local pid
  keep --name aa --user 0 --read-only=false box sh -c 'cp /bin/busybox /etc/prog; touch /done; exec sleep 100' >/dev/null
  wait_for 10 oak exec aa test -e /done
  pid=$(state_of aa Pid)
  # CAP_NET_RAW, permitted and effective, version 2, as seen from the container.
  nsenter -t "$pid" -U -S 0 -G 0 python3 -c 'import os, struct, sys; os.setxattr(sys.argv[1], "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))' "/proc/$pid/root/etc/prog"
  oak commit aa new >/dev/null
  oak rm -f aa >/dev/null
  layer=$(manifest_of new | jq -r '.layers[-1].digest' | cut -d: -f2)
  # Version 2 again, which is nobody's ids: of version 3 the ids of this container would be left in the image.
  tar --xattrs --xattrs-include='*' -C "$place" -xf "$place/store/images/blobs/sha256/$layer" etc/prog
  run -0 python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "security.capability").hex())' "$place/etc/prog"
  [ "$output" = 0100000200200000000000000000000000000000 ]
  rm -rf "$place/etc"
}
