# SPDX-License-Identifier: Apache-2.0
# The files of containers and images for the host to read: export, image mount and umount, image diff.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() {
  local place=$place at
  for at in "$place"/store/mounts/*/root; do
    ! mountpoint -q "$at" || umount -l "$at"
  done
  start_teardown
}
mounted() { grep -c " $place/store/mounts/" /proc/self/mountinfo || true; }

@test "export: the container's files with its owners, without what is mounted; twice the same bytes; import takes it" {
  make_image
  mkdir -p "$place/volume" && echo secret >"$place/volume/file"
  oak run --name box --pull never --network none --cgroup-parent "/$group" --read-only=false --user 0 --cap-add CHOWN -v "$place/volume:/data" box sh -c '
    set -e; echo new >/etc/new; chmod 640 /etc/new; rm /etc/group; mkdir -p /srv/deep; ln -s /etc/new /srv/deep/link; ln /etc/new /srv/hard; chown 7:8 /etc/new; cat /data/file >/dev/null; echo t >/tmp/t'
  oak export -o "$place/a.tar" box
  oak export box >"$place/b.tar"
  cmp "$place/a.tar" "$place/b.tar"
  tar -tvf "$place/a.tar" --numeric-owner >"$place/list"
  grep -Eq '^-rw-r----- 7/8 .* etc/new$' "$place/list"
  grep -Eq ' srv/deep/link -> /etc/new$' "$place/list"
  grep -Eq ' srv/hard link to etc/new$' "$place/list"
  ! grep -Eq ' (etc/group|data/.+|tmp/.+|proc/.+|dev/.+)$' "$place/list"
  grep -Eq '^drwx.* 0/0 .* data/$' "$place/list"
  # Its owners are those that the container sees, whatever ids it has on the host.
  ! awk '{ print $2 }' "$place/list" | grep -vE '^(0|7)/(0|8)$'
  [ "$(tar -xOf "$place/a.tar" etc/new)" = new ]
  oak import - back <"$place/a.tar" >/dev/null
  run -0 oak_run --user 0 --cap-add DAC_OVERRIDE back cat /srv/hard
  [ "$output" = new ]
  run oak export nosuch
  said 1 'nosuch'
  one_error "$output"
  run oak export -o "$place/no/dir" box
  said 1
  oak export box 2>"$place/err" >/dev/full && false
  one_error "$(cat "$place/err")"
  oak rm box
  [ "$(mounted)" -eq 0 ]
}

@test "export: a container that runs, one with the host's ids, one of an image of one layer" {
  make_image
  oak run --name runs --rm --pull never --network none --cgroup-parent "/$group" --read-only=false box sh -c 'echo up >/tmp/x; sleep 30' &
  local run=$!
  wait_for 10 eval '[ "$(oak ps -q | wc -l)" = 1 ]'
  oak export runs | tar -tf - | grep -x 'bin/busybox'
  oak kill runs
  wait $run || [ $? -eq 137 ]
  oak run --name host --privileged --pull never --network none --cgroup-parent "/$group" box sh -c 'echo 1 >/etc/one; chown 3:4 /etc/one; rm /etc/passwd'
  oak export host | tar -tv --numeric-owner >"$place/list"
  grep -Eq ' 3/4 .* etc/one$' "$place/list"
  ! grep -q ' etc/passwd$' "$place/list"
  oak rm host
}

@test "image mount: read-only, listed, the image stays; umount; what a crash left goes" {
  make_image
  make_root "$place/two"
  mkdir "$place/two/only" && echo two >"$place/two/only/file"
  oak import "$place/two" two >/dev/null
  chmod 4755 "$place/two/bin/busybox"
  run -0 oak image mount
  [ "${#lines[@]}" -eq 1 ]
  run -0 oak image mount two
  at=$output
  [ "$(cat "$at/only/file")" = two ]
  grep " $at " /proc/self/mountinfo | grep -q 'ro,nosuid,nodev'
  ! touch "$at/x" 2>/dev/null
  [ "$(oak image mount two)" = "$at" ] && [ "$(mounted)" -eq 1 ]
  run -0 oak image mount
  said 0 'two:latest' "$at"
  [ "$(oak image mount --format json | jq -r .MountPoint)" = "$at" ]
  run oak rmi two
  said 1 'it is mounted' 'image umount'
  run oak rmi -f two
  said 1 'it is mounted'
  oak image prune -af >/dev/null
  [ "$(cat "$at/only/file")" = two ]
  ! oak images -q box | grep -q .
  # Somebody is in it.
  (cd "$at" && run oak image umount two && said 1 'somebody works in' '--force')
  run -0 oak image umount two
  [ "$output" = two ]
  [ "$(mounted)" -eq 0 ] && [ -z "$(ls "$place/store/mounts" | grep -v lock)" ]
  run oak image umount two
  said 1 'is not mounted'
  # A process that was killed in between, or a reboot, left directories.
  mkdir -p "$place/store/mounts/$(printf '%064d' 1)/root" "$place/store/mounts/$(printf '%064d' 2)"
  oak image mount two
  oak image mount >/dev/null
  [ "$(ls "$place/store/mounts" | grep -vc lock)" -eq 1 ]
  oak image unmount --all
  oak rmi two
  [ "$(mounted)" -eq 0 ] && [ -z "$(ls "$place/store/layers")" ]
  run oak image mount nosuch
  said 1 'nosuch'
}

@test "image mount: many layers, and names of them that are gone from the index" {
  mkdir "$place/layout"
  make_root "$place/root"
  tar -C "$place/root" -cz . >"$place/l0.tar.gz"
  local i line="many:1 $place/l0.tar.gz"
  for ((i = 1; i <= 12; i++)); do
    rm -rf "$place/l" && mkdir -p "$place/l/srv" && echo "$i" >"$place/l/srv/$i"
    [ "$i" -ne 7 ] || touch "$place/l/srv/.wh.3"
    tar -C "$place/l" -cz . >"$place/l$i.tar.gz"
    line+=" $place/l$i.tar.gz"
  done
  "$top/bench/images/layout" "$place/layout" <<<"$line"
  oak load -i "$place/layout" >/dev/null
  at=$(oak image mount many:1)
  [ "$(ls "$at/srv" | wc -l)" -eq 11 ] && [ ! -e "$at/srv/3" ]
  oak image umount -f "$(oak images -q many:1)"
  [ "$(mounted)" -eq 0 ]
}

@test "image diff: settings, packages, files; the same image differs in nothing" {
  local d=var/lib/dpkg
  for i in a b; do
    make_root "$place/$i"
    mkdir -p "$place/$i/$d" "$place/$i/opt/$i" "$place/$i/lib/apk/db"
  done
  printf 'Package: one\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n\nPackage: gone\nStatus: install ok installed\nVersion: 2\nArchitecture: all\nDescription: x\n Version: 9\n' >"$place/a/$d/status"
  printf 'Package: one\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.1\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 2\nArchitecture: all\n\nPackage: new\nStatus: install ok installed\nVersion: 3\nArchitecture: all\n' >"$place/b/$d/status"
  printf 'C:Q1x=\nP:musl\nV:1.2.3\n\nP:same\nV:1\n' >"$place/a/lib/apk/db/installed"
  printf 'C:Q1y=\nP:musl\nV:1.2.4\n\nP:same\nV:1\n' >"$place/b/lib/apk/db/installed"
  echo 1 >"$place/a/etc/f"; echo 2 >"$place/b/etc/f"; chmod 600 "$place/b/etc/f"
  echo same >"$place/a/etc/touched"; echo same >"$place/b/etc/touched"; touch -d @5 "$place/a/etc/touched"
  printf 'x' >"$place/b/etc/$(printf 'odd\033[31m')"
  oak import -c 'ENV A=1' -c 'ENV B=2' -c 'CMD ["a"]' -c 'LABEL l=1' "$place/a" a >/dev/null
  oak import -c 'ENV A=2' -c 'CMD ["b"]' -c 'LABEL l=1' -c 'USER 7' "$place/b" b >/dev/null
  run -0 oak image diff a b
  printf '%s\n' "$output" >"$place/got"
  cat >"$place/want" <<'END'
Settings:
  - Env A=1
  + Env A=2
  - Env B=2
  - Cmd=["a"]
  + Cmd=["b"]
  + User=7
Packages:
  - gone:all 2
  - musl 1.2.3
  + musl 1.2.4
  + new:all 3
  - one:amd64 1.0
  + one:amd64 1.1
Files:
  C /etc/f (mode, contents)
  A /etc/odd\x1b[31m
  C /lib/apk/db/installed (contents)
  D /opt/a
  A /opt/b
  C /var/lib/dpkg/status (size)
END
  diff "$place/want" "$place/got"
  oak image diff --times -t files a b | grep -qF '/etc/touched (modification time)'
  oak image diff --format json a b | jq -e '(.Settings | length) == 4 and (.Packages | length) == 4 and .Packages[0] == {Name: "gone:all", A: "2", B: null} and (.Files[] | select(.Path == "/etc/f").What == ["mode", "contents"])'
  [ -z "$(oak image diff a a)" ]
  run oak image diff -t nonsense a b
  said 1 'settings, packages or files'
  run oak image diff a nosuch
  said 1 'nosuch'
  # What is no plain file, or leads out, is no database.
  for i in a b; do
    rm "$place/$i/$d/status" && ln -s /etc/passwd "$place/$i/$d/status"
  done
  rm "$place/b/$d/status" && mkfifo "$place/b/$d/status"
  oak import "$place/a" a >/dev/null && oak import "$place/b" b >/dev/null
  timeout 20 "${oakum[@]}" image diff -t packages a b | grep -c musl
  [ "$(mounted)" -eq 0 ]
}
