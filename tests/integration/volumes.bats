# SPDX-License-Identifier: Apache-2.0
# Volumes with a name: made, listed, used by containers one after the other, removed when none has them.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; make_image; }
teardown() { start_teardown; }

@test "a volume outlives its containers, and belongs to the user who was first" {
  run oak volume create -l tier=db --label x data
  said 0
  [ "$output" = data ]
  run oak volume create data
  said 0 data
  oak_run -u 33 -v data:/data:rw box sh -c 'echo kept >/data/file'
  run oak_run -u 33 -v data:/data box sh -c 'cat /data/file; stat -c %u /data; touch /data/x'
  said 1 kept 33 'Read-only file system'
  run oak volume ls
  said 0 'DRIVER' 'VOLUME NAME' 'local' 'data'
  run oak volume ls --format '{{.Name}} {{.Driver}} {{.Label "tier"}} {{.Scope}}'
  [ "$output" = 'data local db local' ]
  run oak volume inspect data
  said 0 '"Driver": "local"' '"tier": "db"' "\"Mountpoint\": \"$place/store/volumes/data/_data\"" '"CreatedAt": "20'
  [ "$(cat "$(oak volume inspect -f '{{.Mountpoint}}' data)/file")" = kept ]
}

@test "one that a container has stays; what is wrong is said for each, and does not stop the others" {
  oak create --network none --cgroup-parent "/$group" --name keeps -v used:/data:rw box true >/dev/null
  oak volume create free >/dev/null
  run oak volume ls -q --filter dangling=true
  [ "$output" = free ]
  run oak volume ls -q --filter dangling=false
  [ "$output" = used ]
  run oak volume rm used nothing free
  said 1 "volume used is container keeps's; remove that first" 'there is no volume "nothing"'
  [ "$(oak volume ls -q)" = used ]
  [ -z "$(ls -A "$place/store/volumes" | grep -v '^used$')" ]
  oak rm keeps >/dev/null
  run oak volume rm -f nothing used
  said 0
  [ -z "$(oak volume ls -q)" ]
}

@test "prune takes those without a name, with -a all that no container has, and counts" {
  oak volume create named >/dev/null
  anonymous=$(oak volume create)
  [[ $anonymous =~ ^[0-9a-f]{64}$ ]]
  oak create --network none --cgroup-parent "/$group" --name keeps -v used:/data:rw box true >/dev/null
  oak_run -v named:/data:rw box sh -c 'head -c 5000 /dev/zero >/data/file'
  run oak volume prune -f
  said 0 'Deleted Volumes:' "$anonymous"
  [ "$(oak volume ls -q | tr '\n' ' ')" = 'named used ' ]
  run oak volume prune -f -a --filter label=other
  said 0 'Total reclaimed space: 0B'
  run oak volume prune -f -a
  said 0 named 'Total reclaimed space: '
  [[ $output != *'space: 0B'* ]]
  [ "$(oak volume ls -q)" = used ]
  oak rm keeps >/dev/null
}

@test "bad names, drivers and options; a volume that a killed removal has left halfway goes with the next" {
  for name in ../x .x a/b x '' "$(printf 'v%.0s' {1..130})"; do
    run oak volume create "$name"
    said 1 "cannot be a volume's name"
  done
  run oak volume create -d nfs x1
  said 1 'there is no driver "nfs"'
  run oak volume create -o type=nfs x1
  [ "$status" -ne 0 ]
  run oak volume create --name one two
  said 1 'two names'
  run oak volume ls --filter what=1
  said 1 '--filter "what=1" must be'
  oak volume create gone >/dev/null
  mkdir -p "$place/store/volumes/.rm-0011/_data/x"
  oak volume rm gone >/dev/null
  [ -z "$(ls -A "$place/store/volumes")" ]
}
