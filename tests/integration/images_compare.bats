# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # lib/start sets place and top
# The same image unpacked by umoci, by docker and by oakum, compared file by file: content, mode, owner, times, xattrs, links.
bats_require_minimum_version 1.5.0
load lib/start

setup() {
  local need
  start_setup
  for need in umoci setcap setfattr python3; do
    command -v $need >/dev/null || skip "needs $need"
  done
  docker_pid=
}

teardown() {
  if [ -n "$docker_pid" ]; then
    kill -KILL "$docker_pid" 2>/dev/null || true # unshare ignores TERM; the daemon and its own die with it
    wait "$docker_pid" 2>/dev/null || true
  fi
  start_teardown
}

pack() {
  tar -C "$1" --format=posix --pax-option=delete=atime,delete=ctime --xattrs --xattrs-include='*' --numeric-owner --sparse -cf - . |
    gzip >"$2"
}

# Three layers in $place/{one,two,three}.tar.gz.
make_layers() {
  local d=$place/tree
  mkdir -p "$d"/{bin,etc/deep/er,gone/sub,opaque/old,kept,todir,sticky}
  cp "$(command -v busybox)" "$d/bin/busybox"
  cp "$d/bin/busybox" "$d/bin/su"
  cp "$d/bin/busybox" "$d/bin/ping"
  cp "$d/bin/busybox" "$d/bin/wall"
  ln "$d/bin/busybox" "$d/bin/sh"
  ln "$d/bin/busybox" "$d/etc/deep/link-far-away"
  ln -s busybox "$d/bin/true"
  ln -s ../nowhere "$d/etc/dangling"
  ln -s /etc/deep "$d/etc/absolute"
  ln "$d/etc/dangling" "$d/etc/dangling-too"
  echo one >"$d/etc/changed"
  echo one >"$d/etc/removed"
  echo one >"$d/etc/comes-back"
  echo one >"$d/etc/becomes-dir"
  echo one >"$d/todir/file"
  echo one >"$d/gone/sub/file"
  echo one >"$d/opaque/old/file"
  echo one >"$d/opaque/hidden"
  echo one >"$d/kept/file"
  : >"$d/etc/empty"
  printf 'x' >"$d/etc/with space and ünïcode"
  printf 'x' >"$d/etc/$(printf 'n%.0s' {1..240})"
  mkdir -p "$d/$(printf 'long-directory-name-%.0s/' {1..12})"
  echo deep >"$d/$(printf 'long-directory-name-%.0s/' {1..12})file"
  truncate -s 3M "$d/etc/sparse"
  printf 'end' | dd of="$d/etc/sparse" bs=1 seek=2000000 conv=notrunc status=none
  mkfifo -m 620 "$d/etc/fifo"
  chown 1234:5678 "$d/etc/changed" "$d/kept"
  chown -h 4000000:3000000 "$d/etc/dangling" "$d/etc/empty"
  chown 0:5 "$d/bin/wall"
  chmod 4755 "$d/bin/su"
  chmod 2755 "$d/bin/wall"
  chmod 1777 "$d/sticky"
  chmod 2770 "$d/kept"
  chmod 0 "$d/etc/empty"
  setcap cap_net_raw=ep "$d/bin/ping"
  setfattr -n user.note -v 'a value' "$d/etc/changed"
  setfattr -n user.bytes -v 0x00ff0a "$d/kept"
  touch -d '@-86400' "$d/etc/removed" "$d/etc/comes-back"
  touch -d '1970-01-01 00:00:00.5 UTC' "$d/kept/file"
  touch -d '2004-05-06 07:08:09.123456789 UTC' "$d/etc/changed"
  touch -d '2038-02-01 UTC' "$d/etc/empty"
  touch -h -d '1999-12-31 23:59:59 UTC' "$d/etc/dangling"
  touch -d '2001-02-03 UTC' "$d/kept" "$d/etc/deep" "$d/etc"
  pack "$d" "$place/one.tar.gz"
  rm -rf "$d"

  mkdir -p "$d"/{etc/becomes-dir,etc/deep,opaque/new}
  echo two >"$d/etc/changed"
  : >"$d/etc/.wh.removed"
  : >"$d/etc/.wh.comes-back"
  : >"$d/.wh.gone"
  : >"$d/.wh.todir"
  : >"$d/opaque/.wh..wh..opq"
  echo two >"$d/opaque/new/file"
  echo two >"$d/etc/becomes-dir/inside"
  ln "$d/etc/changed" "$d/etc/deep/changed-too"
  chmod 700 "$d/etc/deep"
  touch -d '2010-01-01 UTC' "$d/etc/deep" "$d/etc" "$d/opaque"
  pack "$d" "$place/two.tar.gz"
  rm -rf "$d"

  mkdir -p "$d"/{etc,opaque/old}
  echo three >"$d/etc/comes-back"
  echo three >"$d/todir"
  echo three >"$d/opaque/old/again"
  touch -d '2011-01-01 UTC' "$d/etc" "$d/opaque/old" "$d/opaque" "$d"
  pack "$d" "$place/three.tar.gz"
  rm -rf "$d"
}

load_image() {
  make_layers
  echo "box:1 $place/one.tar.gz $place/two.tar.gz $place/three.tar.gz" | "$top/bench/images/layout" "$place/layout"
  tar -C "$place/layout" -cf "$place/layout.tar" .
  oak load -q -i "$place/layout.tar" >/dev/null
}

# mounted LOWER LIST: the list of a read-only overlay, mounted for us alone.
mounted() {
  mkdir -p "$place/merged"
  # shellcheck disable=SC2016 # the inner shell's
  unshare --mount sh -c 'mount -t overlay overlay -o "ro,lowerdir=$1" "$2" && exec "$3" "$2"' - \
    "$1" "$place/merged" "$BATS_TEST_DIRNAME/lib/tree-list" >"$2"
}

# What a container sees: the store's layers, mounted in oakum's order.
our_list() {
  local lower='' id
  for id in $(oak inspect --type image box:1 | jq -r '.[0].Layers | reverse | .[]'); do
    lower+=:$place/store/layers/${id#sha256:}
  done
  mounted "${lower#:}" "$place/ours"
  [ "$(wc -l <"$place/ours")" -gt 40 ]
  grep -q '/etc/deep/changed-too' "$place/ours"
  ! grep -q '/etc/removed\|/gone\|/hidden' "$place/ours"
}

@test "an image that umoci unpacks from the store is, file by file, what oakum runs" {
  load_image
  our_list
  local name
  name=$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' "$place/store/images/index.json")
  umoci unpack --image "$place/store/images:$name" "$place/umoci"
  "$BATS_TEST_DIRNAME/lib/tree-list" "$place/umoci/rootfs" >"$place/theirs"
  diff -u "$place/theirs" "$place/ours"
}

# start_docker: a daemon of our own; skips where there is none.
start_docker() {
  docker=(docker --host "unix://$place/docker.sock")
  for need in dockerd docker skopeo; do
    command -v $need >/dev/null || skip "needs $need"
  done
  unshare --mount --net --pid --fork --kill-child --mount-proc dockerd --data-root "$place/docker" --exec-root "$place/exec" \
    --pidfile "$place/docker.pid" --host "unix://$place/docker.sock" --bridge=none --iptables=false --ip-forward=false \
    --storage-driver overlay2 >"$place/docker.log" 2>&1 3>&- &
  docker_pid=$!
  wait_for 20 "${docker[@]}" version || skip "no docker daemon starts here: $(tail -n 1 "$place/docker.log")"
}
# docker_list NAME LIST
docker_list() {
  local dirs
  dirs=$("${docker[@]}" image inspect -f '{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}' "$1")
  mkdir -p "$place/empty" # a single layer is no overlay
  mounted "${dirs%:<no value>}:$place/empty" "$2"
}

@test "what docker makes of the image is, file by file, what oakum runs" {
  start_docker
  load_image
  our_list
  skopeo --insecure-policy copy -q "oci:$place/layout:box:1" "docker-archive:$place/docker.tar:box:1"
  "${docker[@]}" load -q -i "$place/docker.tar"
  docker_list box:1 "$place/theirs"
  # The first line is the root itself, whose time docker does not set.
  diff -u <(tail -n +2 "$place/theirs") <(tail -n +2 "$place/ours")
}

# OAKUM_LONG=1: also Debian. OAKUM_SHOW=1 shows the table.
@test "real root file systems: oakum, umoci, docker and tar agree" {
  local data=$top/../shared/data/images file name layer why n=0
  mkdir -p "$place/real" "$place/merged"
  [ ! -d "$data" ] || cp "$data"/*.tar.gz "$place/real"
  if [ -n "${OAKUM_LONG:-}" ]; then
    mmdebstrap --quiet --variant=minbase --include=perl,python3-minimal bookworm "$place/real/debian-12-perl-python.tar" >"$place/log" 2>&1 || skip "no Debian comes: $(tail -n 1 "$place/log")"
  fi
  [ -n "$(ls "$place/real")" ] || skip 'there is no ../shared/data/images, and no OAKUM_LONG=1'
  start_docker
  printf '| root file system | names | oakum and tar | and umoci | and docker |\n|---|---|---|---|---|\n' >"$place/table"
  for file in "$place/real"/*; do
    name=$(basename "$file" | tr A-Z a-z | sed 's/\.tar.*//')
    oak import "$file" "$name:1" >/dev/null
    layer=$place/store/layers/$(oak inspect --type image "$name:1" | jq -r '.[0].Layers[0]' | cut -d: -f2)
    "$BATS_TEST_DIRNAME/lib/tree-list" "$layer" >"$place/ours"
    rm -rf "$place/plain" "$place/umoci"
    mkdir "$place/plain"
    tar -C "$place/plain" --xattrs --xattrs-include='*' --numeric-owner --exclude='./dev/*' -xpf "$file"
    umoci unpack --image "$place/store/images:docker.io/library/$name:1" "$place/umoci" >/dev/null 2>&1
    oak save -o "$place/saved.tar" "$name:1"
    "${docker[@]}" load -q -i "$place/saved.tar" >/dev/null
    docker_list "$name:1" "$place/docker.list"
    for why in plain umoci; do
      "$BATS_TEST_DIRNAME/lib/tree-list" "$place/$why$([ $why = plain ] || echo /rootfs)" >"$place/$why.list"
    done
    # Device nodes are left out by oakum, and with them what makes /dev's time.
    for why in plain umoci docker ours; do
      [ $why = ours ] || mv "$place/$why.list" "$place/$why"x
      grep -v "^b'/dev" "$place/$why$([ $why = ours ] || echo x)" | tail -n +2 >"$place/$why.cmp"
    done
    for why in plain umoci docker; do
      diff -u "$place/$why.cmp" "$place/ours.cmp" || { echo "$name: $why"; false; }
    done
    printf '| %s | %d | same | same | same |\n' "$name" "$(wc -l <"$place/ours.cmp")" >>"$place/table"
    "${docker[@]}" rmi "$name:1" >/dev/null
    n=$((n + 1))
  done
  [ -z "${OAKUM_SHOW:-}" ] || sed 's/^/# /' "$place/table" >&3
  [ $n -gt 0 ]
}

@test "the comparison sees a changed mode, owner, time, xattr, link and byte" {
  mkdir -p "$place/a"
  echo x >"$place/a/file"
  ln "$place/a/file" "$place/a/name"
  cp -a "$place/a" "$place/b"
  local list=$BATS_TEST_DIRNAME/lib/tree-list change
  [ "$("$list" "$place/a")" = "$("$list" "$place/b")" ]
  for change in 'chmod 640 file' 'chown 5 file' 'touch -d @5 file' 'setfattr -n user.x -v y file' 'cp -a --remove-destination file name' \
    'printf y file'; do
    rm -rf "$place/b"
    cp -a "$place/a" "$place/b"
    case $change in printf*) printf 'y\n' >"$place/b/file"; touch -r "$place/a/file" "$place/b/file" ;; *) (cd "$place/b" && $change) ;; esac
    touch -r "$place/a" "$place/b"
    [ "$("$list" "$place/a")" != "$("$list" "$place/b")" ] || { echo "not seen: $change"; false; }
  done
}
