# SPDX-License-Identifier: Apache-2.0
# Hostile archives. Each test imports one of mktar's and asks three things: is it refused (or unpacked as it must be), is the
# canary tree of the host what it was (inode, mode, owner, times, content, xattrs), and is nothing half-made in the store.
#
# Each defence of src/image was seen to be what the test needs, by taking it out of a copy of the tree:
#
#   extract.c: ".." in extract_clean_name()                          .. in front, inside, in a pax path, a GNU long name, a ustar prefix
#   extract.c: RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS in open_dir()    a whiteout, an opaque mark through a link; too deep by way of links
#   extract.c: check_depth(), DEPTH_MAX                              too deep, also by way of links
#   extract.c: dir_by_link                                           a whiteout, an opaque mark through a link inside
#   extract.c: names of whiteouts                                    a whiteout of . and of ..
#   extract.c: xattr_allowed()                                       only xattrs that a container may have
#   extract.c: leave_out_device()                                    devices are left out, refused; one that poses as a whiteout
#   extract.c: max_bytes, max_inodes                                 the bombs
#   extract.c: what a hard link may be to                            a hard link to a directory, to a whiteout
#   extract.c: set_root()                                            the root as a link, as a file
#   extract.c: O_EXCL in make_file()                                 a file over a link; a hard link; of two kinds
#   extract.c: unlinkat in make_dir()                                a directory over a link (CVE-2021-32760)
#   extract.c, worker.c: text_neutralise(), both                     a message does not drive the terminal
#   sandbox.c: filter_calls(), drop_capabilities()                   worker: no capability, no privilege, no call
#   store.c: dir_check_private()                                     store: one that others can write to
#   archive.c: root_open()                                           archive: a layer outside, by way of a link
#   archive.c: digests of documents, layers, DiffIDs                 archive: a config with another digest; … DiffID; not its digest's

setup() {
  build=${OAKUM_BUILD:-$BATS_TEST_DIRNAME/../../build}
  tool=$build/tests/unit/image/store-tool
  [ -x "$tool" ] || skip 'this build has no store-tool'
  [ "$(id -u)" -eq 0 ] || skip 'owners need root'
  root=$BATS_TEST_TMPDIR/store
  canary=$BATS_TEST_TMPDIR/canary
  mkdir -m 750 "$canary" "$canary/dir"
  echo original >"$canary/file"
  chmod 640 "$canary/file"
  chown -R 1234:4321 "$canary"
  touch -d '2001-02-03 04:05:06.789' "$canary/dir" "$canary/file" "$canary"
  before=$(canary_state)
}

teardown() {
  [ -z "${before:-}" ] || [ "$before" = "$(canary_state)" ]
}

canary_state() {
  find "$canary" -printf '%p %i %m %U:%G %T@ %s %l\n' -exec getfattr -h -d -m - {} +
  sha256sum "$canary/file"
}

mk() { "$BATS_TEST_DIRNAME/mktar" "$1" "$canary" >"$BATS_TEST_TMPDIR/tar"; }

# Nothing in the store but an image's own parts.
store_clean() {
  [ -z "$(ls -A "$root/tmp")" ]
  [ "$("$tool" "$root" list | wc -l)" -eq "$1" ]
  [ "$1" -gt 0 ] || [ -z "$(ls -A "$root/layers" "$root/images/blobs/sha256" | grep -v :)" ]
}

# refused CASE REGEX [option...]
refused() {
  mk "$1"
  run "$tool" "$root" import "$BATS_TEST_TMPDIR/tar" test "${@:3}"
  echo "$output"
  [ "$status" -eq 1 ]
  [[ "$output" =~ $2 ]]
  [[ "$output" != *$'\e'* && "$output" != *$'\a'* ]]
  [ "$(wc -l <<<"$output")" -eq 1 ]
  store_clean 0
}

# unpacked CASE [option...]: the layer's directory in $layer
unpacked() {
  mk "$1"
  run "$tool" "$root" import "$BATS_TEST_TMPDIR/tar" test "${@:2}"
  echo "$output"
  [ "$status" -eq 0 ]
  store_clean 1
  layer=$("$tool" "$root" layers test)
}

is_whiteout() { [ "$(stat -c '%F %t:%T' "$1")" = 'character special file 0:0' ]; }
is_opaque() { [ "$(getfattr --only-values -n trusted.overlay.opaque "$1")" = y ] && [ "$(getfattr --only-values -n user.overlay.opaque "$1")" = y ]; }

# --- names ---
@test "unpack: .. in front" { refused name-dotdot '"\.\."'; [ ! -e "$BATS_TEST_TMPDIR/escaped" ]; }
@test "unpack: .. inside" { refused name-dotdot-inside '"\.\."'; }
@test "unpack: .. in a pax path" { refused name-dotdot-pax '"\.\."'; }
@test "unpack: .. in a GNU long name" { refused name-dotdot-gnu '"\.\."'; }
@test "unpack: .. in a ustar prefix" { refused name-dotdot-prefix '"\.\."'; }
@test "unpack: an absolute name stays inside" { unpacked name-absolute; [ -f "$layer$canary/pwned" ]; }
@test "unpack: dots and slashes are cleaned" { unpacked name-dots-and-slashes; [ "$(cat "$layer/a/b/c")" = x ]; }
@test "unpack: too deep" { refused name-too-deep 'more than 512 directories deep'; }
@test "unpack: too deep by way of links" { refused name-too-deep-by-links 'too deep, by way of links'; }
@test "unpack: too long a name" { refused name-too-long 'longer than 4095'; }
@test "unpack: too long a component" { refused name-component-too-long 'File name too long'; }
@test "unpack: a message does not drive the terminal" { refused name-escape-sequence 'x1b\]0;pwned'; }
@test "unpack: names are bytes" {
  unpacked name-bytes
  [ "$(cat "$layer"/$'e\u0301')" = nfd ]
  [ "$(cat "$layer"/$'\u00e9')" = nfc ]
  [ -e "$layer"/$'bin-\xff\xfe' ]
}
@test "unpack: the root as a link" { refused root-as-symlink 'replace the root'; }
@test "unpack: the root as a file" { refused root-as-file 'replace the root'; }

# --- links ---
@test "unpack: through an absolute link" { refused symlink-absolute-parent 'leads nowhere'; }
@test "unpack: through a relative link" { refused symlink-relative-parent 'leads nowhere'; }
@test "unpack: through a chain of links" { refused symlink-chain-parent 'leads nowhere'; }
@test "unpack: a file over a link replaces the link" { unpacked symlink-overwrite; [ ! -L "$layer/file" ]; [ "$(cat "$layer/file")" = pwned ]; }
@test "unpack: a directory over a link replaces the link (CVE-2021-32760)" { unpacked symlink-chmod; [ ! -L "$layer/d" ]; [ "$(stat -c %a:%u "$layer/d")" = 777:4242 ]; }
@test "unpack: a link inside is followed inside" { unpacked symlink-inside; [ "$(cat "$layer/real/f")" = inside ]; [ -L "$layer/link" ]; }
@test "unpack: a link inside is followed where directories are implied" { unpacked symlink-inside-implied; [ "$(cat "$layer/usr/lib/new/deep/f")" = inside ]; [ -L "$layer/lib" ]; }
@test "unpack: through magic links of proc" { refused symlink-magic 'leads nowhere'; }
@test "unpack: through a link to itself" { refused symlink-to-itself 'symbolic links'; }
@test "unpack: below a file" { refused parent-is-a-file 'not a directory'; }
@test "unpack: a link to nothing" { refused symlink-empty-target 'empty'; }
@test "unpack: a hard link with .." { refused hardlink-dotdot '"\.\."'; }
@test "unpack: a hard link to an absolute name" { refused hardlink-absolute 'not in the archive'; }
@test "unpack: a hard link by way of a link" { refused hardlink-by-symlink 'not in the archive'; }
@test "unpack: a hard link to a link links the link" { unpacked hardlink-to-symlink; [ -L "$layer/l" ]; [ "$(stat -c %h "$layer/s")" = 2 ]; }
@test "unpack: a hard link to a directory" { refused hardlink-to-directory 'hard link to a directory'; }
@test "unpack: a hard link to the root" { refused hardlink-to-root 'hard link to the root'; }
@test "unpack: a hard link to nothing" { refused hardlink-missing 'not in the archive'; }
@test "unpack: a hard link to a whiteout" { refused hardlink-to-whiteout 'whiteout'; }
@test "unpack: a new member does not write into a hard link" { unpacked hardlink-overwritten; [ "$(cat "$layer/a")" = first ]; [ "$(cat "$layer/b")" = second ]; }
@test "unpack: hard links" { unpacked hardlink-ok; [ "$layer/a" -ef "$layer/b" ]; [ "$(stat -c %a:%u:%g "$layer/b")" = 4755:5:6 ]; }

# --- whiteouts ---
@test "unpack: a whiteout of nothing" { refused whiteout-empty 'whiteout of nothing'; }
@test "unpack: a whiteout of ." { refused whiteout-dot 'whiteout of nothing'; }
@test "unpack: a whiteout of .." { refused whiteout-dotdot 'whiteout of nothing'; }
@test "unpack: a whiteout through a link out" { refused whiteout-by-symlink 'leads nowhere'; }
@test "unpack: a whiteout through a link inside" { refused whiteout-by-symlink-inside 'below a symbolic link'; }
@test "unpack: an opaque mark through a link out" { refused opaque-by-symlink 'leads nowhere'; }
@test "unpack: an opaque mark through a link inside" { refused opaque-by-symlink-inside 'below a symbolic link'; }
@test "unpack: a whiteout as a directory" { refused whiteout-as-directory "whiteout's name"; }
@test "unpack: whiteouts and opaque directories in overlay's form" {
  unpacked whiteout-ok
  is_whiteout "$layer/d/gone"
  is_opaque "$layer/o"
  [ "$(ls -A "$layer" | tr '\n' ' ')" = 'd o ' ]
  [ -z "$(ls -A "$layer/o")" ]
}
@test "unpack: a whiteout hides lower layers only" {
  unpacked whiteout-order
  [ "$(cat "$layer/first")" = 1 ]
  [ "$(cat "$layer/second")" = 2 ]
  is_opaque "$layer/third"
  [ -f "$layer/third/f" ]
  is_opaque "$layer/fourth"
}
@test "unpack: overlay understands what was made" {
  unpacked whiteout-ok
  mkdir -p "$BATS_TEST_TMPDIR"/{lower/d,lower/o,merged}
  touch "$BATS_TEST_TMPDIR"/lower/{d/gone,d/stays,o/hidden}
  mount -t overlay -o "ro,lowerdir=$layer:$BATS_TEST_TMPDIR/lower" overlay "$BATS_TEST_TMPDIR/merged"
  run find "$BATS_TEST_TMPDIR/merged" -mindepth 1 -printf '%P '
  umount "$BATS_TEST_TMPDIR/merged"
  echo "$output"
  [ "$(tr ' ' '\n' <<<"$output" | sort | xargs)" = 'd d/stays o' ]
}

# --- what is no file ---
@test "unpack: devices are left out" {
  unpacked devices
  [[ "$output" == *'2 device nodes were left out (the first is dev/mem)'* ]]
  [ "$(ls -A "$layer/dev")" = plain ]
}
@test "unpack: devices are refused when that is asked for" { refused devices 'it is a device' refuse-devices; }
@test "unpack: a device that poses as a whiteout" { unpacked device-whiteout; [ "$(ls -A "$layer")" = f ]; }
@test "unpack: a FIFO" { unpacked fifo; [ "$(stat -c '%F %a %u:%g' "$layer/pipe")" = 'fifo 640 7:8' ]; }
@test "unpack: a member of unknown type" { refused unknown-type 'unknown type'; }
@test "unpack: only xattrs that a container may have" {
  unpacked xattrs
  [ "$(getfattr -m - "$layer/f" | grep -v -e '^#' -e '^$' | xargs)" = 'security.capability user.note' ]
  [ "$(getfattr -m - "$layer/d" | grep -v -e '^#' -e '^$' | xargs)" = user.note ]
  [ "$(getfattr --only-values -n user.note "$layer/f" | od -An -tx1 | tr -d ' \n')" = 6100623d630a64 ]
}
@test "unpack: setuid stays, out of others' reach" {
  unpacked setuid
  [ "$(stat -c %a:%u "$layer/suid")" = 4755:1000 ]
  [ "$(stat -c %a:%g "$layer/sgid")" = 2755:50 ]
  [ "$(stat -c %a "$layer/sticky")" = 1777 ]
  [ "$(stat -c %a "$root")" = 700 ]
  [ "$(stat -c %a "$root/layers")" = 700 ]
  chmod 755 "$BATS_TEST_TMPDIR"
  run setpriv --reuid 65534 --regid 65534 --clear-groups stat "$layer/suid"
  [ "$status" -ne 0 ]
}

# --- one name twice ---
@test "unpack: of two files the second counts" { unpacked duplicate-files; [ "$(cat "$layer/f")" = second ]; [ "$(stat -c %a "$layer/f")" = 644 ]; }
@test "unpack: of two kinds the second counts" {
  unpacked duplicate-kinds
  [ "$(cat "$layer/d")" = 'now a file' ]
  [ "$(cat "$layer/f/in")" = x ]
  [ "$(cat "$layer/s")" = 'now a file' ]
  [ -f "$layer/m/kept" ]
  [ "$(stat -c %a "$layer/m")" = 755 ]
}

# --- bombs ---
@test "unpack: a bomb by ratio" { refused bomb-ratio 'decompression bomb'; }
@test "unpack: a bomb by ratio, when that is allowed" { refused bomb-ratio 'limit of 100000000 bytes' max-ratio=1000000 max-bytes=100000000; }
@test "unpack: a bomb by number of files" { refused bomb-files 'limit of 250 files' max-inodes=250; }
@test "unpack: a bomb by number of implied directories" { refused bomb-directories 'limit of 250 files' max-inodes=250; }
@test "unpack: a bomb of holes" { refused bomb-sparse 'limit of 107374182400 bytes'; }
@test "unpack: a bomb by its size field" { refused bomb-size 'limit of 107374182400 bytes'; }
@test "unpack: a bomb in an extended header" { refused bomb-pax 'larger than 1 MiB'; }
@test "unpack: a bomb of xattrs" { refused bomb-xattrs 'more than 256 extended attributes'; }
@test "unpack: a bomb by xz's memory" { refused bomb-xz-memory '160 MiB of memory'; }

# --- damaged ---
@test "unpack: cut in a header" { refused cut-in-header 'cut off'; }
@test "unpack: cut in data" { refused cut-in-data 'cut off'; }
@test "unpack: cut between members" { refused cut-between 'no end mark'; }
@test "unpack: cut gzip" { refused cut-gzip 'cut off'; }
@test "unpack: cut zstd" { refused cut-zstd-like '(cut off|damaged)'; }
@test "unpack: gzip with a wrong checksum" { refused gzip-crc 'incorrect data check'; }
@test "unpack: something behind gzip's end" { refused gzip-tail 'behind its end'; }
@test "unpack: gzip in two members" { unpacked gzip-members; [ "$(stat -c %s "$layer/a" "$layer/b" | xargs)" = '600 600' ]; }
@test "unpack: nothing at all" { refused empty 'empty'; }
@test "unpack: no members" { refused no-members 'empty'; }
@test "unpack: no tar" { refused not-tar 'no tar archive'; }
@test "unpack: a wrong checksum" { refused bad-checksum 'checksum is wrong'; }
@test "unpack: one block of zeros" { refused one-zero-block 'block of zeros'; }
@test "unpack: what is behind the end does not count" { unpacked behind-the-end; [ "$(ls -A "$layer")" = seen ]; }
@test "unpack: a negative size" { refused number-negative-size 'size is negative'; }
@test "unpack: a size that is no number" { refused number-garbage 'size is no number'; }
@test "unpack: an owner over the range" { refused number-owner 'impossible owner'; }
@test "unpack: a negative group" { refused number-owner-negative 'impossible owner'; }
@test "unpack: a pax record that lies about its length" { refused pax-length 'not of the form'; }
@test "unpack: a pax record without its newline" { refused pax-no-newline 'not of the form'; }
@test "unpack: a pax record without its equals sign" { refused pax-no-equals 'not of the form'; }
@test "unpack: a pax path with a NUL" { refused pax-nul 'NUL'; }
@test "unpack: a pax size over the range" { refused pax-size-overflow 'size is no number'; }
@test "unpack: a global pax header has no effect" { unpacked pax-global; [ "$(stat -c %u "$layer/f")" = 0 ]; }
@test "unpack: a sparse map out of the file" { refused sparse-outside 'leads out of the file'; }
@test "unpack: a sparse map over itself" { refused sparse-overlap 'out of order'; }
@test "unpack: a sparse map longer than its data" { refused sparse-short 'differ in length'; }
@test "unpack: a sparse map that overflows" { refused sparse-overflow 'leads out of the file'; }
@test "unpack: a sparse map that is no map" { refused sparse-map-garbage 'no number'; }
@test "unpack: times before 1970 and between seconds" {
  unpacked times
  [ "$(stat -c %.9Y "$layer/before")" = -1.250000000 ]
  [ "$(stat -c %.9Y "$layer/exact")" = 1234567890.123456789 ]
  [ "$(stat -c %.9Y "$layer/d")" = 86400.500000000 ]
  [ "$(stat -c %Y "$layer/implied")" = 0 ]
}

# --- image archives ---
@test "archive: docker-archive" { mk archive-ok; "$tool" "$root" import "$BATS_TEST_TMPDIR/tar"; [ "$(cat "$("$tool" "$root" layers example.org/made:1)/hello")" = world ]; store_clean 1; }
@test "archive: OCI layout" { mk layout-ok; "$tool" "$root" import "$BATS_TEST_TMPDIR/tar"; [ "$(cat "$("$tool" "$root" layers example.org/laid:1)/hello")" = world ]; store_clean 1; }
# What lies there would do: it has the right DiffID.
decoy_layer() { "$BATS_TEST_DIRNAME/mktar" plain-layer >"$canary/layer.tar"; before=$(canary_state); }
@test "archive: a layer outside" { decoy_layer; refused archive-layer-outside 'not in it'; }
@test "archive: a layer by way of a link" { decoy_layer; refused archive-layer-by-symlink 'not in it'; }
@test "archive: a layer that is a FIFO" { refused archive-layer-fifo 'FIFO'; }
@test "archive: a layer with another DiffID" { refused archive-diff-id "not the one that the image's config names"; }
@test "archive: a DiffID that is a path" { refused archive-diff-id-is-a-path 'not a valid digest'; }
@test "archive: a config with another digest" { refused archive-config-digest 'not what its name says'; }
@test "archive: a hostile layer" { refused archive-evil-layer 'leads nowhere'; }
@test "archive: no manifest" { refused archive-no-manifest 'neither manifest.json nor oci-layout'; }
@test "archive: a hostile name" { mk archive-bad-name; run "$tool" "$root" import "$BATS_TEST_TMPDIR/tar"; [ "$status" -eq 1 ]; [[ "$output" == *RepoTags* ]]; store_clean 0; }
@test "archive: a layer that is not its digest's" { refused layout-wrong-layer 'not what the manifest says'; }
@test "archive: a digest that is a path" { refused layout-digest-is-a-path 'not a valid digest'; }
@test "archive: both shapes (CVE-2021-41190)" { refused layout-both-shapes 'manifest'; }

# --- the worker and the store ---

# slow_import: an import that waits for the rest of its archive. Its pid in $importer, the worker's in $worker.
slow_import() {
  mk hardlink-ok
  # 3>&-: bats waits for whoever holds its descriptor
  (head -c 1536 "$BATS_TEST_TMPDIR/tar"; sleep 30) 3>&- | "$tool" "$root" import - slow >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  importer=$!
  worker=
  for _ in $(seq 100); do
    worker=$(pgrep -P "$importer" oakum-unpack) && grep -q '^Seccomp:.2' "/proc/$worker/status" && return
    sleep 0.1
  done
  kill "$importer"
  return 1
}

@test "worker: no capability, no privilege, no call that it does not need" {
  slow_import
  status=$(cat "/proc/$worker/status")
  network=$(readlink "/proc/$worker/ns/net")
  seen=$(readlink "/proc/$worker/root")
  open=$(for fd in /proc/$worker/fd/*; do [ "${fd##*/}" -le 6 ] || readlink "$fd"; done)
  limits=$(cat "/proc/$worker/limits")
  kill -9 "$importer"
  echo "$status $network $seen $open"
  # CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, SETFCAP 31
  for set in CapEff CapPrm CapBnd; do grep -q "^$set:.*000000008000001b$" <<<"$status"; done
  for set in CapInh CapAmb; do grep -q "^$set:.*0000000000000000$" <<<"$status"; done
  grep -q '^NoNewPrivs:.1' <<<"$status"
  [ "$network" != "$(readlink /proc/self/ns/net)" ]
  [[ "$seen" == */tmp/*/layer0 ]]
  [[ -z "$open" || "$open" == */tmp/*/layer0 ]]
  grep -q '^Max data size *335544320 ' <<<"$limits"
  grep -q '^Max core file size *0 ' <<<"$limits"
}

@test "store: a killed import leaves garbage that the next one removes" {
  slow_import
  [ -n "$(ls -A "$root/tmp")" ]
  # While it lives its work is let alone.
  mk archive-ok
  "$tool" "$root" import "$BATS_TEST_TMPDIR/tar"
  [ -n "$(ls -A "$root/tmp")" ]
  kill -9 "$importer"
  for _ in $(seq 50); do [ -d "/proc/$worker" ] || break; sleep 0.1; done
  [ ! -d "/proc/$worker" ]
  [ -n "$(ls -A "$root/tmp")" ]
  "$tool" "$root" import "$BATS_TEST_TMPDIR/tar"
  store_clean 1
}

@test "store: a full disk leaves nothing" {
  mkdir "$BATS_TEST_TMPDIR/small"
  mount -t tmpfs -o size=2m,mode=700 tmpfs "$BATS_TEST_TMPDIR/small"
  head -c 4000000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/big"
  tar -C "$BATS_TEST_TMPDIR" -czf "$BATS_TEST_TMPDIR/tar" big
  root=$BATS_TEST_TMPDIR/small/store
  run "$tool" "$root" import "$BATS_TEST_TMPDIR/tar" test
  left=$(find "$root/tmp" "$root/layers" "$root/images/blobs/sha256" -mindepth 1)
  umount "$BATS_TEST_TMPDIR/small"
  echo "$output / $left"
  [ "$status" -eq 1 ]
  [[ "$output" == *'No space left on device'* ]]
  [ -z "$left" ]
}

@test "store: another version is let alone" {
  mk archive-ok
  "$tool" "$root" import "$BATS_TEST_TMPDIR/tar"
  echo 2 >"$root/version"
  run "$tool" "$root" list
  [ "$status" -eq 1 ]
  [[ "$output" == *'has format 2, this oakum knows format 1'* ]]
}

@test "store: one that others can write to is refused" {
  mkdir -m 777 "$root"
  run "$tool" "$root" list
  [ "$status" -eq 1 ]
}

@test "store: killed at any moment, an import is whole or not there" {
  head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
  tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/tar" data
  for i in $(seq 60); do
    timeout -s KILL "0.0$(printf '%02d' $((i * 97 % 60)))" "$tool" "$root" import "$BATS_TEST_TMPDIR/tar" "killed:$i" >/dev/null 2>&1 || true
  done
  [ -z "$("$tool" "$root" list 2>&1 >/dev/null)" ]
  while read -r name _; do
    cmp "$("$tool" "$root" layers "$name")/data" "$BATS_TEST_TMPDIR/data"
  done < <("$tool" "$root" list)
  mk archive-ok
  "$tool" "$root" import "$BATS_TEST_TMPDIR/tar"
  [ -z "$(ls -A "$root/tmp")" ]
  "$tool" "$root" rm example.org/made:1
  while read -r name _; do "$tool" "$root" rm "$name" >/dev/null; done < <("$tool" "$root" list)
  [ "$(ls -A "$root/layers" "$root/images/blobs/sha256" | grep -c '[0-9a-f]\{64\}')" -eq 0 ]
}

@test "store: real root file systems, file by file as tar unpacks them" {
  data=$BATS_TEST_DIRNAME/../../../shared/data/images
  [ -d "$data" ] || skip 'there is no ../shared/data/images'
  for file in "$data"/*.tar.gz; do
    rm -rf "$BATS_TEST_TMPDIR/want"
    mkdir "$BATS_TEST_TMPDIR/want"
    tar --numeric-owner --xattrs -xpzf "$file" -C "$BATS_TEST_TMPDIR/want"
    "$tool" "$root" import "$file" same
    layer=$("$tool" "$root" layers same)
    for dir in "$BATS_TEST_TMPDIR/want" "$layer"; do
      # The inode's first name in place of its number: which names are of one file.
      (cd "$dir" && find . -mindepth 1 \( -type d -printf '%i %P %y %m %U:%G %T@\n' -o -printf '%i %P %y %m %U:%G %T@ %s %l\n' \) | sort -k2 |
        awk '{ if (!($1 in first)) first[$1] = $2; $1 = first[$1]; print }'; find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$BATS_TEST_TMPDIR/$(basename "$dir").list"
    done
    cmp "$BATS_TEST_TMPDIR/want.list" "$BATS_TEST_TMPDIR/$(basename "$layer").list"
  done
}

@test "store: what skopeo and umoci make of it, and back" {
  command -v skopeo umoci >/dev/null || skip 'needs skopeo and umoci'
  mk hardlink-ok
  id=$("$tool" "$root" import "$BATS_TEST_TMPDIR/tar" example.org/a/b:1)
  [ "$(skopeo inspect --config "oci:$root/images:example.org/a/b:1" --raw | sha256sum | cut -d' ' -f1)" = "$id" ]
  umoci stat --image "$root/images:example.org/a/b:1" >/dev/null
  for form in docker-archive oci-archive oci; do
    skopeo copy -q "oci:$root/images:example.org/a/b:1" "$form:$BATS_TEST_TMPDIR/$form:example.org/$form:2"
    [ "$("$tool" "$root.$form" import "$BATS_TEST_TMPDIR/$form")" = "$id" ]
    [ "$("$tool" "$root.$form" list | cut -d' ' -f1)" = "example.org/$form:2" ]
  done
}

@test "unpack: the same by \`oakum import\`" {
  oakum=$build/src/bin/oakum
  [ -x "$oakum" ] || skip 'this build has no oakum'
  for case in name-dotdot symlink-absolute-parent hardlink-by-symlink whiteout-dotdot cut-in-data bomb-pax archive-diff-id layout-wrong-layer; do
    mk $case
    run "$oakum" --root "$root" --state "$BATS_TEST_TMPDIR/state" import - test:1 <"$BATS_TEST_TMPDIR/tar"
    echo "$case: $output"
    [ "$status" -eq 1 ]
    [[ "$output" == 'oakum: cannot import standard input: '* ]]
    store_clean 0
  done
  mk hardlink-ok
  id=$("$oakum" --root "$root" --state "$BATS_TEST_TMPDIR/state" import "$BATS_TEST_TMPDIR/tar" test:1)
  run "$oakum" --root "$root" --state "$BATS_TEST_TMPDIR/state" images
  [[ "$output" == *"test         1     ${id:7:12}"* ]]
}
