# SPDX-License-Identifier: Apache-2.0
# system check: what is damaged in the store is found, named, and repaired where there is a way; system df.
bats_require_minimum_version 1.5.0
load lib/start
load lib/registry
setup() { start_setup; }
teardown() { if [ -n "${lab:-}" ]; then registry_teardown; else start_teardown; fi; }

check() { run oak system check "$@"; }
whole() { check; said 0 'all is well'; }

# rich_image NAME: one layer with everything that a layer can have.
rich_image() {
  local dir=$place/rich
  make_root "$dir"
  echo "$1" >"$dir/etc/who"
  ln "$dir/etc/who" "$dir/etc/who.2"
  printf 'one' >"$dir/etc/one"
  cp "$dir/etc/one" "$dir/etc/two"
  mkfifo "$dir/run/fifo"
  chmod 4755 "$dir/bin/busybox"
  chown 8:8 "$dir/home"
  setfattr -n user.note -v kept "$dir/etc/one" 2>/dev/null || true
  touch -d '2001-02-03 04:05:06.789' "$dir/etc/one" "$dir/tmp"
  tar -C "$dir" --xattrs -cf "$place/rich.tar" .
  oak import "$place/rich.tar" "$1" >/dev/null
  rm -rf "$dir" "$place/rich.tar"
}

blobs() { echo "$place/store/images/blobs/sha256/$(cut -d: -f2 <<<"$1")"; }
# NAME as in the index, without its registry's part: rich:latest.
manifest_of() { blobs "$(jq -r --arg n "/$1" 'first(.manifests[] | select((.annotations["org.opencontainers.image.ref.name"] // "") | endswith($n))).digest' "$place/store/images/index.json")"; }
config_of() { blobs "$(jq -r .config.digest "$(manifest_of "$1")")"; }
layer_blob() { blobs "$(jq -r '.layers[0].digest' "$(manifest_of "$1")")"; }
layer_of() { echo "$place/store/layers/$(jq -r '.rootfs.diff_ids[0]' "$(config_of "$1")" | cut -d: -f2)"; }

@test "a whole store is well, as the table and as JSON, quick and thorough, and without a store" {
  whole
  rich_image rich
  make_image
  # A layer without an entry for its root, with directories that are implied, whiteouts and an opaque directory.
  mkdir -p "$place/odd/a/b" "$place/odd/c"
  touch "$place/odd/a/b/f" "$place/odd/a/.wh.gone" "$place/odd/c/.wh..wh..opq"
  tar -C "$place/odd" -cf "$place/odd.tar" a/b/f a/.wh.gone c/.wh..wh..opq
  oak import "$place/odd.tar" odd >/dev/null
  oak_run rich true
  whole
  said 0 '3 images' '3 layers'
  check --quick
  said 0 'all is well'
  run -0 oak system check --format json
  [ "$(jq -r .ok <<<"$output")" = true ]
  check --quick --repair
  said 1 'exclude'
  [ -z "$(ls -A "$place/store/tmp")" ]
}

@test "a layer that somebody changed: every kind of change is found, and repaired from the blob" {
  command -v setfattr >/dev/null || skip 'needs setfattr'
  rich_image rich
  local layer change
  layer=$(layer_of rich:latest)
  for change in 'echo more >>etc/one|etc/one: ' 'printf two >etc/two|etc/two: ' 'chmod 600 etc/two|etc/two: mode' 'chown 5 etc/one|etc/one: owner' \
    'rm etc/one|etc/one: is missing' 'rm -r var|var: is missing' 'touch etc/new|' 'ln -sfn other bin/ls|bin/ls: ' 'touch etc/one|etc/one: modification time' \
    'rm etc/who.2; cp -p etc/who etc/who.2|number of links' 'rm run/fifo; touch run/fifo|run/fifo: ' 'setfattr -n user.note -v other etc/two|etc/two: extended' \
    'chmod 700 .|.: mode' 'rm -rf ./*|is missing'; do
    (cd "$layer" && eval "${change%|*}")
    check
    said 1 'layer sha256:' 'is damaged' "${change#*|}" 'rich:latest' 'oakum system check --repair'
    check --format json
    [ "$(jq -r '.findings[0].kind' <<<"$output")" = layer ]
    check --repair
    said 0 'repaired, unpacked again from its blob' 'all is well now'
    whole
  done
  rm -rf "$layer"
  check --quick
  said 1 'is missing'
  check
  said 1 'is missing'
  check --repair
  said 0 'all is well now'
  check --repair
  said 0 'all is well'
  [ "$(oak_run rich cat /etc/who)" = rich ]
  [ -z "$(ls -A "$place/store/tmp")" ]
}

@test "the layer of a running container is left as it is" {
  rich_image rich
  chmod 600 "$(layer_of rich:latest)/etc/two"
  "${oakum[@]}" run --name holder --network none --cgroup-parent "/$group" rich sleep 60 3>&- &
  wait_for 10 oak exec holder true
  check --repair
  said 1 'container holder' 'stop that first'
  [ "$(oak exec holder cat /etc/who)" = rich ]
  oak rm -f holder
  wait $! || true
  check --repair
  said 0 'all is well now'
}

@test "an image that was pulled: damaged and missing blobs and documents are fetched again, under no further name" {
  registry_setup
  registry one
  make_image
  oak tag box "$reg/team/box:1"
  oak push -q "$reg/team/box:1"
  oak rmi box "$reg/team/box:1"
  oak pull -q "$reg/team/box:1"
  oak tag "$reg/team/box:1" other
  whole
  local index blob config manifest
  index=$(jq -S . "$place/store/images/index.json")
  manifest=$(manifest_of team/box:1)
  config=$(config_of other:latest)
  blob=$(layer_blob team/box:1)
  for file in "$blob" "$config" "$manifest"; do
    for way in damage cut remove; do
      case $way in
      damage) printf X | dd of="$file" bs=1 seek=20 conv=notrunc status=none ;;
      cut) truncate -s 100 "$file" ;;
      remove) rm "$file" ;;
      esac
      check
      said 1 "sha256:$(basename "$file")" "$reg/team/box:1" 'oakum system check --repair'
      check --repair
      said 0 'repaired, fetched again' 'all is well now'
      whole
      [ "$(jq -S . "$place/store/images/index.json")" = "$index" ]
    done
  done
  # Layer and blob at once; and when the registry is away, that is said, and later it works.
  rm -rf "$(layer_of other:latest)"
  printf X | dd of="$blob" bs=1 seek=20 conv=notrunc status=none
  kill "${started[0]}"
  wait "${started[0]}" || true
  check --repair
  said 1 'it cannot be fetched now'
  docker-registry serve "$lab/one.yml" >"$lab/one.log" 2>&1 3>&- &
  started=($!)
  wait_for 10 answers "$port"
  check --repair
  said 0 'all is well now'
  whole
  [ "$(oak_run --pull never other echo here)" = here ]
}

@test "an image that was not pulled: what is lost is named, with the way back, and can be loaded or removed" {
  rich_image rich
  make_image
  oak save -o "$place/rich.tar.save" rich
  local blob
  blob=$(layer_blob rich:latest)
  printf X | dd of="$blob" bs=1 seek=2000 conv=notrunc status=none
  check
  said 1 'blob sha256:' 'is damaged' 'rich:latest' 'load or import it again'
  check --repair
  said 1 'rich:latest' 'load or import it again'
  check --repair
  said 1 'rich:latest'
  oak load -i "$place/rich.tar.save" >/dev/null
  whole
  # Its manifest is gone: the record is all there is.
  rm "$(manifest_of rich:latest)"
  check --repair
  said 1 'document sha256:' 'is missing' 'rich:latest'
  run oak rmi rich
  said 1 '--force'
  oak rmi --force rich
  whole
  [ "$(oak_run box echo here)" = here ]
  [ "$(ls "$place/store/layers" | wc -l)" -eq 1 ]
}

@test "strays are found and removed" {
  make_image
  head -c 1000 /dev/urandom >"$place/store/images/blobs/sha256/$(printf 'a%.0s' {1..64})"
  mkdir -p "$place/store/layers/$(printf 'b%.0s' {1..64})/sub" "$place/store/layers/junk"
  check
  said 1 'stray blobs/sha256/aaaa' 'stray layers/bbbb' 'stray layers/junk'
  check --repair
  said 0 'repaired, removed'
  whole
}

@test "system df counts images, containers and volumes, and what prune would free" {
  run -0 oak system df
  said 0 'Images' '0B'
  make_image
  rich_image rich
  oak run --name one --network none --cgroup-parent "/$group" --read-only=false -u 0 -v data:/data:rw box sh -c 'head -c 100000 /dev/zero >/file; head -c 50000 /dev/zero >/data/f'
  df() { oak system df --format json | jq -r --arg t "$1" "select(.Type == \$t) | $2"; }
  [ "$(df Images .TotalCount)" = 2 ]
  [ "$(df Images .Active)" = 1 ]
  [ "$(df Containers '"\(.TotalCount) \(.Active)"')" = '1 0' ]
  [ "$(df 'Local Volumes' '"\(.TotalCount) \(.Active) \(.SizeBytes)"')" = '1 1 50000' ]
  [ "$(df Containers .SizeBytes)" -ge 100000 ]
  local before freed
  before=$(df Images .SizeBytes)
  freed=$(df Images .ReclaimableBytes)
  run -0 oak system df -v
  # docker's columns.
  said 0 'Images space usage' 'Containers space usage' 'Local Volumes space usage'
  grep -qE '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS$' <<<"$output"
  grep -qE '^CONTAINER ID +IMAGE +COMMAND +LOCAL VOLUMES +SIZE +CREATED +STATUS +NAMES$' <<<"$output"
  grep -qE '^box +latest +[0-9a-f]{12} .* 0B +[0-9.]+[kM]?B +1$' <<<"$output"
  grep -qE '^[0-9a-f]{12} +box:latest +"sh -c .* 1 +100kB .* Exited \(0\) .* one$' <<<"$output"
  grep -qE '^data +1 +50kB$' <<<"$output"
  # What two images have in common: the lower layer, and all of it for a second name of one.
  oak tag box second:name
  oak commit one upper:1 >/dev/null
  run -0 oak system df -v
  size() { awk -v name="$1" -v column="$2" '$1 == name { print $(NF - column) }' <<<"$output"; }
  [ "$(size box 2)" = "$(size upper 2)" ] && [ "$(size second 2)" = "$(size box 2)" ] && [ "$(size box 2)" != 0B ]
  [ "$(size box 1)" = 0B ] && [ "$(size upper 1)" = 100kB ] && [ "$(size rich 2)" = 0B ]
  oak rmi upper:1 second:name
  oak image prune -a -f >/dev/null
  [ "$(df Images .SizeBytes)" -eq $((before - freed)) ]
  [ "$(df Images .ReclaimableBytes)" = 0 ]
}
