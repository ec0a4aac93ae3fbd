# SPDX-License-Identifier: Apache-2.0
# save, load and history: archives that other tools read and write, with the same digests.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() {
  [ -z "${short:-}" ] || rm -rf "$short"
  start_teardown
}

# Two images of two names, one of which has a second name.
make_images() {
  make_image
  make_root "$place/other"
  echo other >"$place/other/etc/which"
  tar -C "$place/other" -cz . | oak import -c 'CMD ["cat", "/etc/which"]' - example.com/team/other:2.0 >/dev/null
  oak tag box second:name
}
id_of() { oak images -q --no-trunc "$1"; }
manifest_of() { oak images --format json "$1" | jq -r .Digest; }

@test "save and load: names, ids and digests come back; an id has no name; the bytes depend on the images alone" {
  make_images
  oak save -o "$place/a.tar" box example.com/team/other:2.0 second:name
  oak save box example.com/team/other:2.0 second:name >"$place/b.tar"
  cmp "$place/a.tar" "$place/b.tar"
  [ "$(tar -tf "$place/a.tar" | sort | uniq -d)" = '' ]
  [ "$(tar -xOf "$place/a.tar" manifest.json | jq -c '[.[].RepoTags]')" = '[["box:latest","second:name"],["example.com/team/other:2.0"]]' ]
  before=$(oak images --digests --no-trunc --format json | jq -cS 'del(.CreatedSince)' | sort)
  mv "$place/store" "$place/old"
  run -0 oak load -i "$place/a.tar"
  [ "$(sort <<<"$output")" = $'Loaded image: box:latest\nLoaded image: example.com/team/other:2.0\nLoaded image: second:name' ]
  [ "$(oak images --digests --no-trunc --format json | jq -cS 'del(.CreatedSince)' | sort)" = "$before" ]
  run -0 oak run --rm --network none --cgroup-parent "/$group" example.com/team/other:2.0
  [ "$output" = other ]
  id=$(id_of box)
  oak save "${id:7:12}" | tar -xO manifest.json | jq -e '.[0].RepoTags == []'
  oak save "$id" | zstd -q >"$place/id.tar.zst"
  rm -rf "$place/store"
  oak load <"$place/id.tar.zst" | grep -qx "Loaded image ID: $id"
  [ -z "$(oak load -q -i "$place/a.tar")" ]
}

@test "save: a name without a tag is every image of that name" {
  make_images
  oak tag box example.com/team/other:1.0
  tags() { oak save "$@" | tar -xO manifest.json | jq -r '.[].RepoTags[]' | sort | paste -sd ' '; }
  [ "$(tags example.com/team/other)" = 'example.com/team/other:1.0 example.com/team/other:2.0' ]
  [ "$(tags example.com/team/other:1.0)" = example.com/team/other:1.0 ]
  [ "$(tags box second)" = 'box:latest second:name' ]
  run -1 oak save -o "$place/none.tar" example.com/team
  said 1 'no such image'
}

@test "save for skopeo and from it: docker-archive and oci-archive" {
  command -v skopeo >/dev/null || skip 'needs skopeo'
  make_images
  oak save -o "$place/a.tar" box
  oak save --format oci-archive -o "$place/o.tar" box
  ! tar -tf "$place/o.tar" | grep -q manifest.json
  [ "sha256:$(skopeo inspect --config --raw "docker-archive:$place/a.tar" | sha256sum | cut -d ' ' -f 1)" = "$(id_of box)" ]
  [ "sha256:$(skopeo inspect --raw "oci-archive:$place/o.tar" | sha256sum | cut -d ' ' -f 1)" = "$(manifest_of box)" ]
  skopeo copy -q --insecure-policy "oci-archive:$place/o.tar" "oci-archive:$place/p.tar:box" --preserve-digests
  skopeo copy -q --insecure-policy "docker-archive:$place/a.tar" "docker-archive:$place/q.tar:box:latest"
  id=$(id_of box) manifest=$(manifest_of box)
  rm -rf "$place/store"
  oak load -i "$place/p.tar"
  [ "$(oak images --format json | jq -r .Digest)" = "$manifest" ]
  rm -rf "$place/store"
  oak load -i "$place/q.tar"
  [ "$(id_of box)" = "$id" ]
}

@test "save for podman and from it" {
  command -v podman >/dev/null || skip 'needs podman'
  make_images
  short=$(mktemp -d /tmp/oakum-p.XXXXXX) # podman takes 50 characters at most
  pod() { podman --root "$place/podman" --runroot "$short/run" --tmpdir "$short/tmp" --storage-driver vfs "$@"; }
  oak save box second:name example.com/team/other:2.0 | pod load -q
  [ "sha256:$(pod images -q --no-trunc localhost/box | cut -d : -f 2)" = "$(id_of box)" ] ||
    [ "sha256:$(pod images -q --no-trunc docker.io/library/box | cut -d : -f 2)" = "$(id_of box)" ]
  pod save -q --format docker-archive -o "$place/p.tar" example.com/team/other:2.0
  id=$(id_of example.com/team/other:2.0)
  rm -rf "$place/store"
  run -0 oak load -i "$place/p.tar"
  [ "$output" = 'Loaded image: example.com/team/other:2.0' ]
  [ "$(id_of example.com/team/other:2.0)" = "$id" ]
}

@test "save for docker and from it" {
  command -v dockerd >/dev/null || skip 'needs dockerd'
  make_images
  # A mount and a network namespace of its own: nothing of it stays.
  oak save -o "$place/a.tar" box second:name example.com/team/other:2.0
  # shellcheck disable=SC2016 # expanded inside
  timeout 60 unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private bash -euc '
    cd "$1"
    mount -t tmpfs -o mode=755 tmpfs /run
    dockerd --data-root "$1/docker" --exec-root /run/docker --pidfile /run/d.pid -H unix:///run/d.sock --bridge none \
      --iptables=false --storage-driver vfs >"$1/dockerd.log" 2>&1 &
    for ((i = 0; i < 200; i++)); do docker -H unix:///run/d.sock info >/dev/null 2>&1 && break; sleep 0.1; done
    docker -H unix:///run/d.sock load -q -i a.tar >loaded
    docker -H unix:///run/d.sock images -q --no-trunc box:latest >id
    docker -H unix:///run/d.sock save -o d.tar box:latest second:name' sh "$place" </dev/null || { tail -3 "$place/dockerd.log"; false; }
  grep -qx 'Loaded image: example.com/team/other:2.0' "$place/loaded"
  [ "$(cat "$place/id")" = "$(id_of box)" ]
  id=$(id_of box)
  rm -rf "$place/store"
  run -0 oak load -i "$place/d.tar"
  said 0 'Loaded image: box:latest' 'Loaded image: second:name'
  [ "$(id_of box)" = "$id" ]
}

@test "save: what goes wrong is one error, and no file" {
  make_images
  run oak save -o "$place/x.tar" box nosuch
  said 1 'nosuch'
  one_error "$output"
  run oak save --format tgz -o "$place/x.tar" box
  said 1 'docker-archive or oci-archive'
  run oak save -o "$place/no/such/dir" box
  said 1
  one_error "$output"
  # A blob that the disk has damaged does not get out.
  layer=$(jq -r '.layers[0].digest' "$place/store/images/blobs/sha256/$(manifest_of example.com/team/other:2.0 | cut -d : -f 2)" | cut -d : -f 2)
  printf X | dd of="$place/store/images/blobs/sha256/$layer" bs=1 seek=1000 conv=notrunc status=none
  run oak save -o "$place/x.tar" example.com/team/other:2.0
  said 1 'damaged'
  [ -z "$(find "$place" -maxdepth 1 -name 'x.tar*')" ]
  mkdir "$place/small"
  mount -t tmpfs -o size=64k tmpfs "$place/small"
  run oak save -o "$place/small/x.tar" box
  left=$(ls -A "$place/small")
  umount "$place/small"
  said 1 'No space left'
  [ -z "$left" ]
  ! oak save box >/dev/full 2>"$place/err"
  one_error "$(cat "$place/err")"
}

# packed NAME CONFIG LAYER...: a docker-archive whose members stand in this order, manifest.json last; of LAYERs of one content one may be a link.
packed() {
  local name=$1 config=$2 dir=$place/packed order=()
  shift 2
  jq -nc --arg c "$config" --arg n "$name" '[{Config: $c, RepoTags: [$n], Layers: $ARGS.positional}]' --args "$@" >"$dir/manifest.json"
  order=("$config" "$@" manifest.json)
  [[ $config != config.json ]] || order=("$@" "$config" manifest.json)
  tar -C "$dir" -cf "$place/packed.tar" "${order[@]}"
}

@test "load: archives as crane, jib, nix and docker before 25 arrange them; import knows the first two" {
  local dir=$place/packed diff config
  make_root "$place/root"
  mkdir -p "$dir/one" "$dir/two"
  tar -C "$place/root" -cf "$dir/one/layer.tar" .
  ln -s ../one/layer.tar "$dir/two/layer.tar"
  diff=$(sha256sum "$dir/one/layer.tar" | cut -d ' ' -f 1)
  jq -nc --arg d "sha256:$diff" '{architecture: "amd64", os: "linux", config: {Cmd: ["cat", "/etc/group"]}, rootfs: {type: "layers", diff_ids: [$d]}}' >"$dir/config.json"
  config=sha256:$(sha256sum "$dir/config.json" | cut -d ' ' -f 1)
  cp "$dir/config.json" "$dir/$config"
  gzip -c "$dir/one/layer.tar" >"$dir/$diff.tar.gz"
  packed crane:1 "$config" "$diff.tar.gz"
  [ "$(oak load <"$place/packed.tar")" = 'Loaded image: crane:1' ]
  oak import "$place/packed.tar"
  packed jib:1 config.json "$diff.tar.gz"
  [ "$(oak load -i "$place/packed.tar")" = 'Loaded image: jib:1' ]
  oak import "$place/packed.tar"
  packed nix:1 config.json one/layer.tar
  [ "$(gzip -c "$place/packed.tar" | oak load)" = 'Loaded image: nix:1' ]
  [ "$(oak images -q --no-trunc | sort -u)" = "$config" ]
  [[ $(oak_run jib:1) == root:* ]]
  # The second layer is a link to the first, and comes before it.
  jq -c '.rootfs.diff_ids += .rootfs.diff_ids' "$dir/config.json" >"$dir/twice.json"
  packed twice:1 twice.json two/layer.tar one/layer.tar
  [ "$(oak load -i "$place/packed.tar")" = 'Loaded image: twice:1' ]
  [[ $(oak_run twice:1) == root:* ]]
}

@test "load: what is no archive, and an archive cut off" {
  run oak load -i /dev/null
  said 1
  one_error "$output"
  make_root "$place/root"
  tar -C "$place/root" -cf "$place/root.tar" .
  run oak load -i "$place/root.tar"
  said 1 'no image archive'
  make_images
  oak save -o "$place/a.tar" box
  rm -rf "$place/store"
  head -c 300000 "$place/a.tar" >"$place/cut.tar"
  run oak load -i "$place/cut.tar"
  said 1
  one_error "$output"
  [ -z "$(oak images -q)" ]
}

@test "history: the steps, the newest first, with the sizes of the layers" {
  make_images
  run -0 oak history example.com/team/other:2.0
  said 0 'IMAGE' 'CREATED BY' 'Imported from -' "$(oak images -q example.com/team/other:2.0)"
  [ "$(oak history -q --no-trunc box)" = "$(id_of box)" ]
  size=$(oak images --format json box | jq .SizeBytes)
  [ "$(oak history --format json box | jq -s 'map(.SizeBytes) | add')" = "$size" ]
  [ "$(oak history --human=false box | tail -n 1 | grep -ow "$size")" = "$size" ]
  run oak history nosuch
  said 1 nosuch
}
