# SPDX-License-Identifier: Apache-2.0
# Hostile bundles: links where the runtime makes or mounts something, paths that climb, documents that lie. A canary tree
# outside the root stays as it is: names, inodes, modes, owners, contents.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  canary_make "$place/canary"
  canary "$place/canary" >"$BATS_TEST_TMPDIR.canary"
}
teardown() { start_teardown; }

canary_untouched() {
  canary "$place/canary" | diff "$BATS_TEST_TMPDIR.canary" - || { echo "the canary was touched: $*"; return 1; }
}

# hostile WHAT: runs the bundle, however it ends; nothing outside is touched, nothing stays.
hostile() {
  status=0
  output=$(rt run --bundle "$place/bundle" hostile </dev/null 2>&1) || status=$?
  echo "$1: status $status: $output"
  canary_untouched "$1"
  no_cgroup_left
  [ -z "$(rt list -q)" ]
}

# link PATH TARGET: in the root.
link() {
  rm -rf "${place:?}/bundle/rootfs/$1"
  mkdir -p "$(dirname "$place/bundle/rootfs/$1")"
  ln -s "$2" "$place/bundle/rootfs/$1"
}
fresh() {
  rm -rf "$place/bundle"
  make_bundle "$@"
}

@test "a link at each mount point: canary untouched (CVE-2019-19921, CVE-2023-27561, CVE-2018-18837)" {
  script='echo owned >/tmp/owned; echo owned >/dev/owned; echo owned >/dev/shm/owned; true'
  for target in "$place/canary/dir" "../canary/dir" "../../../../../../../..$place/canary/dir" /proc/1/root/etc /; do
    for point in proc sys dev tmp; do
      fresh "$place/bundle" '.root.readonly = false'
      link $point "$target"
      hostile "/$point -> $target"
    done
  done
}

@test "a link to a file at each mount point" {
  script=true
  for target in "$place/canary/file" "$place/canary/empty" "$place/canary/fifo" "$place/canary/nothing"; do
    for point in proc sys dev tmp; do
      fresh "$place/bundle" '.root.readonly = false'
      link $point "$target"
      hostile "/$point -> $target"
    done
  done
}

@test "/proc as a link to a decoy inside: the decoy is never taken for procfs" {
  script='cat /decoy/sys/kernel/hostname 2>/dev/null; true'
  fresh "$place/bundle" '.root.readonly = false | .linux.sysctl = { "kernel.domainname": "owned" }'
  mkdir -p "$place/bundle/rootfs/decoy/sys/kernel" "$place/bundle/rootfs/decoy/self/attr"
  for file in sysrq-trigger sys/kernel/domainname sys/kernel/hostname self/oom_score_adj; do
    echo decoy >"$place/bundle/rootfs/decoy/$file"
  done
  canary "$place/bundle/rootfs/decoy" >"$place/decoy"
  link proc decoy
  hostile '/proc -> decoy'
  canary "$place/bundle/rootfs/decoy" | diff "$place/decoy" -
}

@test "links below /dev when the bundle mounts no /dev (CVE-2026-41579, CVE-2026-47766)" {
  script='echo owned >/dev/null; echo owned >/dev/full; true'
  for name in null zero full random urandom tty ptmx fd stdin stdout stderr console pts shm mqueue core; do
    for target in "$place/canary/file" "$place/canary/empty" "$place/canary/dir" "$place/canary/nothing" "$place/canary/null"; do
      fresh "$place/bundle" '.root.readonly = false | .mounts |= map(select(.destination | startswith("/dev") | not))'
      link "dev/$name" "$target"
      hostile "/dev/$name -> $target"
    done
  done
}

@test "/dev is a link, and the bundle mounts /dev/pts, /dev/shm and /dev/mqueue only" {
  script='echo owned >/dev/shm/owned; true'
  for target in "$place/canary/dir" ../canary/dir "$place/canary"; do
    fresh "$place/bundle" '.root.readonly = false | .mounts |= map(select(.destination != "/dev"))'
    link dev "$target"
    hostile "/dev -> $target"
  done
}

@test "the terminal: links at /dev/console, /dev/pts and /dev/ptmx (CVE-2025-52565, CVE-2026-88264)" {
  script='echo owned >/dev/console; tty; stty size'
  for mounts in . '.mounts |= map(select(.destination | startswith("/dev") | not))' '.mounts |= map(select(.destination != "/dev"))'; do
    for name in console pts ptmx; do
      for target in "$place/canary/file" "$place/canary/empty" "$place/canary/dir" "$place/canary/null" "$place/canary/nothing"; do
        fresh "$place/bundle" '.root.readonly = false | .process.terminal = true | '"$mounts"
        link "dev/$name" "$target"
        output=$("$BATS_TEST_DIRNAME/lib/on-terminal" --size 31x97 "$runtime" --root "$place/rt" run --bundle "$place/bundle" hostile)
        echo "/dev/$name -> $target: $output"
        canary_untouched "/dev/$name -> $target"
        [[ $output != *stuck* && $output == *'modes=same'* ]]
        [[ $output != *precious* && $output != *inner* ]]
        no_cgroup_left
      done
    done
  done
}

@test "a false /dev/null in the root is not what paths are masked with (CVE-2025-31133)" {
  script='cat /proc/kcore | head -c 20; cat /proc/timer_list; (echo "|/owned" >/proc/sys/kernel/core_pattern) 2>&1'
  pattern=$(cat /proc/sys/kernel/core_pattern)
  fresh "$place/bundle" '.root.readonly = false | .mounts |= map(select(.destination != "/dev"))'
  link dev/null "$place/canary/file"
  hostile '/dev/null -> file'
  [[ $output != *precious* ]]
  [ "$(cat /proc/sys/kernel/core_pattern)" = "$pattern" ]
}

@test "a bind mount whose target leads out by a link: made inside the root or refused (CVE-2019-10152, CVE-2024-45310)" {
  script='echo owned >/in/owned; true'
  mkdir "$place/source"
  echo source >"$place/source/source"
  echo source >"$place/source-file"
  for target in "$place/canary/dir" ../canary/dir "$place/canary" "$place/canary/dir/new"; do
    for destination in /in /in/new /in/new/deeper /etc/../in /../in "/..$place/canary/dir" "$place/canary/dir"; do
      for source in source source-file; do
        fresh "$place/bundle" '.root.readonly = false
          | .mounts += [{ destination: $destination, type: "bind", source: $source, options: ["bind", "rw"] }]' \
          --arg destination "$destination" --arg source "$place/$source"
        link in "$target"
        hostile "$source on $destination, /in -> $target"
      done
    done
  done
}

@test "masked and read-only paths that are links" {
  script=true
  fresh "$place/bundle" '.root.readonly = false
    | .linux.maskedPaths += ["/mask", "/maskdir", "/gone"] | .linux.readonlyPaths += ["/ro", "/rodir", "/gone"]'
  link mask "$place/canary/file"
  link maskdir "$place/canary/dir"
  link ro "$place/canary/file"
  link rodir "$place/canary/dir"
  hostile 'links at masked and read-only paths'
  [ "$(cat "$place/canary/file")" = precious ]
  echo x >"$place/canary/dir/still-writable"
}

@test "the working directory does not lead out (CVE-2024-21626)" {
  script='pwd; ls'
  for ((fd = 3; fd <= 20; fd++)); do
    fresh "$place/bundle" '.process.cwd = $cwd' --arg cwd "/proc/self/fd/$fd"
    hostile "cwd /proc/self/fd/$fd"
    [[ $output != *canary* && $output != *unreachable* ]]
    case $status in 0) [[ $output == *busybox* || $output != *bundle* ]] ;; esac
  done
  for target in "$place/canary" ../canary /proc/1/cwd /proc/self/fd/7; do
    fresh "$place/bundle" '.process.cwd = "/work"'
    link work "$target"
    hostile "cwd /work -> $target"
    [[ $output != *precious* && $output != *inner* ]]
  done
  fresh "$place/bundle" '.process.cwd = "/made/by/us" | .root.readonly = false'
  link made "$place/canary/dir"
  hostile 'cwd below a link'
}

@test "mount points swapped against links while containers start (CVE-2021-30465)" {
  script='echo owned >/mnt/owned 2>/dev/null; echo owned >/tmp/owned; true'
  mkdir "$place/source"
  for point in mnt tmp proc dev; do
    fresh "$place/bundle" '.root.readonly = false
      | .mounts |= map(select(.destination | startswith("/dev") | not)) | .mounts += [{ destination: "/mnt", type: "bind", source: $source, options: ["bind", "rw"] }]' --arg source "$place/source"
    mkdir -p "$place/bundle/rootfs/mnt"
    ln -s "$place/canary/dir" "$place/bundle/rootfs/swapped"
    "$helpers/swap" "$place/bundle/rootfs/$point" "$place/bundle/rootfs/swapped" &
    swapper=$!
    for ((i = 0; i < 60; i++)); do
      rt run --bundle "$place/bundle" hostile </dev/null >/dev/null 2>&1 || true
    done
    kill $swapper
    wait $swapper || true
    canary_untouched "race at /$point"
    no_cgroup_left
  done
}

@test "/etc/passwd as a link or a pipe in an image: nothing outside is read, nothing hangs (CVE-2024-9676)" {
  for kind in link pipe dir huge; do
    make_root "$place/image"
    rm "$place/image/etc/passwd"
    case $kind in
    link) ln -s "$place/canary/file" "$place/image/etc/passwd" ;;
    pipe) mkfifo "$place/image/etc/passwd" ;;
    dir) mkdir "$place/image/etc/passwd" ;;
    huge) { yes 'user:x:5:5:::' || true; } | head -c 5000000 >"$place/image/etc/passwd" ;;
    esac
    tar -C "$place/image" -cf "$place/image.tar" .
    rm -rf "$place/image"
    oak import "$place/image.tar" "hostile-$kind" >/dev/null
    run timeout 20 "$bin/oakum" --root "$place/store" --state "$place/state" run --rm --network none --cgroup-parent "/$group" \
      --user precious "hostile-$kind" true
    [ "$status" -eq 125 ] || { echo "$kind: $status $output"; false; }
    one_error "$output"
    canary_untouched "$kind"
    no_cgroup_left
  done
}

@test "the runtime's own program cannot be written from inside (CVE-2019-5736)" {
  before=$(sha256sum "$bin/oakum-runtime" "$bin/oakum")
  script='while :; do for exe in /proc/[0-9]*/exe; do
      case $(readlink $exe) in *busybox | "") ;; *) (: >>$exe) 2>/dev/null && echo opened $(readlink $exe) ;; esac
    done; done'
  fresh "$place/bundle"
  rt run --bundle "$place/bundle" host </dev/null >"$place/out" 2>&1 &
  wait_for 10 rt exec host true
  for ((i = 0; i < 30; i++)); do
    rt exec host /proc/self/exe list >/dev/null 2>&1 || true
    rt exec host true || true
  done
  rt delete --force host
  wait $! || true
  [ ! -s "$place/out" ] || { cat "$place/out"; false; }
  [ "$(sha256sum "$bin/oakum-runtime" "$bin/oakum")" = "$before" ]
}

@test "no mount of a container is seen on the host" {
  mkdir "$place/shared"
  mount --bind "$place/shared" "$place/shared"
  mount --make-shared "$place/shared"
  script='mkdir -p /mnt/a; sleep 2'
  fresh "$place/bundle" '.root.readonly = false
    | .mounts += [{ destination: "/mnt", type: "bind", source: $source, options: ["rbind", "rw"] },
                  { destination: "/mnt/sub", type: "tmpfs", source: "tmpfs" }]' --arg source "$place/shared"
  before=$(wc -l </proc/self/mountinfo)
  rt run --bundle "$place/bundle" host </dev/null &
  wait_for 10 rt exec host true
  after=$(wc -l </proc/self/mountinfo)
  rt delete --force host
  wait $! || true
  umount "$place/shared"
  [ "$before" -eq "$after" ]
}
