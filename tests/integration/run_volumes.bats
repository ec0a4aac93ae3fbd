# SPDX-License-Identifier: Apache-2.0
# Volumes and bind mounts: read-only unless :rw, noexec unless :exec, files keep their owners, nothing is left behind.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  make_image
  mkdir "$place/host" "$place/host/sub"
  echo hello >"$place/host/file"
  chown 65532:65532 "$place/host" && chown 1000:1001 "$place/host/file"
  cp "$(command -v busybox)" "$place/host/busybox" && chmod 4755 "$place/host/busybox"
}
teardown() { start_teardown; }

@test "-v: read-only, noexec, nosuid, nodev, owners kept" {
  run -0 oak_run -v "$place/host:/mnt" box sh -c 'ls -ln /mnt/file; cat /mnt/file; touch /mnt/x; /mnt/busybox true; grep " /mnt " /proc/mounts'
  said 0 ' 1000 ' ' 1001 ' hello 'Read-only file system' 'Permission denied' 'ro,nosuid,nodev,noexec'
}

@test ":rw lets the user write, and what is written is the user's" {
  oak_run -v "$place/host:/mnt:rw" box sh -c 'echo new >/mnt/new'
  [ "$(stat -c %u:%g "$place/host/new")" = 65532:65532 ]
  run oak_run -v "$place/host:/mnt:rw" box sh -c '/mnt/busybox true'
  [ "$status" -eq 126 ]
}

@test ":exec lets programs run, :suid does not give back what no_new_privs takes" {
  run -0 oak_run -v "$place/host:/mnt:exec" box /mnt/busybox echo ran
  said 0 ran
  run -0 oak_run -v "$place/host:/mnt:exec,suid" box /mnt/busybox id -u
  [ "$output" = 65532 ]
}

@test "mounts below the source are read-only too" {
  unshare -m sh -c "mount -t tmpfs none '$place/host/sub' && '$bin/oakum' --root '$place/store' --state '$place/state' run --rm \
    --cgroup-parent '/$group' -v '$place/host:/mnt:ro' box sh -c 'touch /mnt/sub/x; grep /mnt/sub /proc/mounts'" >"$place/out" 2>&1 || true
  grep -q 'Read-only' "$place/out"
  grep -q 'ro,nosuid,nodev,noexec' "$place/out"
}

@test "--mount: the same in long form" {
  run -0 oak_run --mount "type=bind,src=$place/host,dst=/a/new/place" box cat /a/new/place/file
  said 0 hello
  oak_run --mount "type=bind,source=$place/host,target=/mnt,readonly=false" box touch /mnt/long
  [ -e "$place/host/long" ]
  run -0 oak_run --mount type=tmpfs,dst=/t,tmpfs-size=1m box grep ' /t ' /proc/mounts
  said 0 size=1024k
  mkdir "$place/a,b" && echo comma >"$place/a,b/file"
  run -0 oak_run --mount "type=bind,\"src=$place/a,b\",dst=/mnt" box cat /mnt/file
  said 0 comma
}

@test "docker's words that mean nothing on Linux are taken, with their spelling checked" {
  mkdir "$place/src"
  local word
  for word in consistent cached delegated default; do
    oak_run -v "$place/src:/mnt:ro,$word" box true
    oak_run --mount "type=bind,src=$place/src,dst=/mnt,consistency=$word" box true
  done
  oak_run --mount type=volume,src=named,dst=/mnt,volume-driver=local box true
  run oak_run -v "$place/src:/mnt:cache" box true
  said 125 '"cache" is not a mount option'
  run oak_run --mount "type=bind,src=$place/src,dst=/mnt,consistency=often" box true
  said 125 'consistency must be'
  run oak_run --mount type=volume,src=named,dst=/mnt,volume-driver=nfs box true
  said 125 'no volume driver but local'
}

@test "a file can be mounted on a file, and on nothing" {
  echo 127.9.9.9 >"$place/f"
  run -0 oak_run -v "$place/f:/etc/passwd" box cat /etc/passwd
  said 0 127.9.9.9
  run -0 oak_run -v "$place/f:/etc/deep/er/f" box cat /etc/deep/er/f
  said 0 127.9.9.9
}

@test "named volumes are kept, anonymous ones go with the container" {
  oak_run -v data:/data:rw box sh -c 'echo kept >/data/f'
  run -0 oak_run -v data:/data box cat /data/f
  said 0 kept
  run -0 oak_run -v /anon box sh -c 'ls -ldn /anon; touch /anon/x'
  said 0 65532
  oak run --name anon --cgroup-parent "/$group" -v /anon box true
  oak rm anon
  [ -z "$(ls -A "$place/store/containers")" ]
}

@test "nothing is made in the image's layer for a mount's target" {
  local before after
  before=$(find "$place/store/layers" | sort | sha256sum)
  oak_run -v "$place/host:/brand/new" --tmpfs /also/new box true
  after=$(find "$place/store/layers" | sort | sha256sum)
  [ "$before" = "$after" ]
}

@test "a source that is not there: one error, nothing left" {
  oak_run box true
  mark
  run oak_run -v "$place/nonesuch:/mnt" box true
  said 125 "there is no $place/nonesuch"
  one_error "$output"
  nothing_left
  [ ! -e "$place/nonesuch" ]
  oak_run --mount "type=bind,src=$place/made,dst=/mnt,bind-create-src" box true
  [ -d "$place/made" ]
}

@test "an engine's socket and the host's root are warned of" {
  run -0 --separate-stderr oak_run -v /:/host:noidmap --mount "type=bind,src=$place/host,dst=/x" box true
  [[ $stderr == *'warning'*'every file of the host'* ]]
  local source
  ln -s / "$place/slash"
  mkdir -p "$place/d"
  python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$place/d/docker.sock"
  ln -s d/docker.sock "$place/innocent"
  for source in /./ //usr/.. "$place/slash"; do
    run -0 --separate-stderr oak_run -v "$source:/host:noidmap" box true
    [[ $stderr == *'warning'*'every file of the host'* ]] || { echo "$source: $stderr"; false; }
  done
  for source in "$place/d/docker.sock" "$place/innocent" /run; do
    run -0 --separate-stderr oak_run -v "$source:/x:noidmap" box true
    [[ $stderr == *'warning'*"an engine's socket"* ]] || { echo "$source: $stderr"; false; }
  done
  run -0 --separate-stderr oak_run -v "$place/d:/x" box true
  [ -z "$stderr" ]
}

@test "a file system that cannot be id-mapped: the error says what to do, noidmap does it" {
  run oak_run -v /proc/self:/p box true
  [ "$status" -eq 125 ]
  one_error "$output"
  oak_run -v /proc/sys/kernel:/p:noidmap box cat /p/ostype
}
