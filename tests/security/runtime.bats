# SPDX-License-Identifier: Apache-2.0
# Attacks on the runtime from a container, its bundle or its image. Each test was seen to fail with its defence taken out of a
# copy of the tree; tests/integration/start_hostile.bats has more of the bundle's links and races.
#
#   defence                                                            test that fails without it
#   sys/root.c: RESOLVE_IN_ROOT                                        links out of the root; a mount point that is swapped
#   runtime/process.c: close_others()                                  no host program through a descriptor; leaked descriptors
#   runtime/process.c: getcwd in enter_directory()                     a working directory through a descriptor
#   confine/masks.c: kernel_mount_of()                                 /proc is moved away before it is masked
#   confine/masks.c, devices.c: a null of our own                      a false /dev/null
#   runtime/protect.c                                                  the runtime's file is overwritten by exec; … by the program
#   runtime/create.c: open_init()                                      oakum-init is on a read-only mount
#   runtime/init.c, exec.c: PR_SET_DUMPABLE                            exec's process cannot be traced
#   confine/capabilities.c: inheritable as asked                       CapInh is 0
#   runtime/exec.c: check_capabilities()                               exec gives nothing that the container has not
#   runtime/exec.c: insist()                                           exec keeps no_new_privs, Landlock and rlimits
#   runtime/exec.c: open_ptmx()                                        exec's terminal comes from devpts
#   runtime/process.c: setgroups in change_ids()                       the caller's groups
#   cli/runtime_exec.c: parse_user(), base/parse.c                     users are numbers, exactly
#   confine/keyring.c                                                  the caller's keys
#   confine/mounts.c: MS_PRIVATE of clones                             a mount inside a volume
#   confine/mounts.c: refusal of shared over a user namespace          shared propagation
#   sys/mnt.c: umount in mnt_enter_root()                              nothing of the host's mounts is left
#   sys/mnt.c: change_root()                                           --no-pivot hides the host's procfs
#   confine/cgroup.c: cgroup_prepare_view(), and RDONLY in it           cgroups
#   confine/mount_copyup.c: RESOLVE_NO_SYMLINKS, NO_XDEV, S_ISREG      tmpcopyup
#   confine/sysctl.c: owned[], normalise(), line breaks                sysctls
#   confine/sysctl.c, namespaces.c: callers                            a namespace that is the host's by another name
#   confine/cgroup_devices.c                                           a device node of one's own
#   runtime/init.c: setsid()                                           the caller's terminal
#   runtime/init.c: is_anonymous_pipe()                                a named pipe keeps its owner
#   confine/mounts.c: mounts_prepare_joined()                          sysfs where the network is the host's
#   confine/namespaces.c: namespace_new_time(); exec.c: time           time namespaces
#   sys/file.c: dir_check_private()                                    a state directory that others can write to
#   runtime/manage.c: cgroup_gets_empty(), found                       delete and another's cgroup; a damaged record
#   runtime/run.c: is_deleted()                                        an id that is used again at once
bats_require_minimum_version 1.5.0
load ../integration/lib/start

setup() {
  start_setup
  inside=$OAKUM_BUILD/tests/security/inside
  [ -x "$inside" ] || skip 'this build has no tests/security/inside'
  canary_make "$place/canary"
  canary "$place/canary" >"$BATS_TEST_TMPDIR.canary"
}
teardown() {
  local id
  for id in $(rt list -q 2>/dev/null); do rt delete --force "$id" || true; done
  start_teardown
}

userns='.linux.namespaces += [{ type: "user" }] | .linux.uidMappings = [{ containerID: 0, hostID: 1000000, size: 65536 }]
  | .linux.gidMappings = .linux.uidMappings'
# caps NAME...: a filter's end that gives them.
caps() {
  local list
  list=$(printf '"CAP_%s",' "$@")
  echo "| .process.capabilities = { bounding: [${list%,}], effective: [${list%,}], permitted: [${list%,}] }"
}

# bundle [FILTER [JQ ARGUMENTS]]: a new one; its program is sh -c $script unless the filter says otherwise.
bundle() {
  rm -rf "$place/bundle"
  make_bundle "$place/bundle" "$@"
  cp "$inside" "$place/bundle/rootfs/bin/inside"
}
# got COMMAND...: as bats' run, for commands that may end with 127.
got() {
  status=0
  output=$("$@" 2>&1) || status=$?
}
# go [ARGUMENTS]: runs it; sets status and output.
go() { got timeout -k 1 20 "$runtime" --root "$place/rt" run "$@" --bundle "$place/bundle" c </dev/null; }
# begin: runs it in the background of the machine.
begin() { timeout -k 1 20 "$runtime" --root "$place/rt" run --detach --bundle "$place/bundle" c </dev/null >"$place/out" 2>&1; }
ex() { timeout -k 1 20 "$runtime" --root "$place/rt" exec "$@"; }
canary_untouched() { canary "$place/canary" | diff "$BATS_TEST_TMPDIR.canary" - || { echo "the canary was touched: $*"; return 1; }; }
is() { [ "$output" = "$1" ] || { printf 'wanted: %s\ngot (%s): %s\n' "$1" "$status" "$output"; return 1; }; }
has() { [[ $output == *"$1"* ]] || { printf 'no "%s" in (%s): %s\n' "$1" "$status" "$output"; return 1; }; }
lacks() { [[ $output != *"$1"* ]] || { printf 'there is "%s" in: %s\n' "$1" "$output"; return 1; }; }

# ---- paths before the pivot

@test "links out of the root: /proc /sys /dev /dev/null /dev/console and mount targets, absolute and relative" {
  script='echo owned >/in/owned; echo owned >/dev/null; true'
  for point in proc sys dev dev/null dev/console dev/pts in in/deeper; do
    for target in "$place/canary/dir" ../canary/dir "../../../../../../../../..$place/canary/dir" "$place/canary/file" "$place/canary/new"; do
      bundle '.root.readonly = false | (if $point | startswith("dev/") then .mounts |= map(select(.destination | startswith("/dev") | not)) else . end)
        | .mounts += [{ destination: "/in/deeper/x", type: "bind", source: $canary, options: ["bind", "ro"] },
                      { destination: "/in/f", type: "bind", source: ($canary + "/file"), options: ["bind", "ro"] }]' --arg point "$point" --arg canary "$place/canary"
      rm -rf "$place/bundle/rootfs/$point"
      mkdir -p "$(dirname "$place/bundle/rootfs/$point")"
      ln -s "$target" "$place/bundle/rootfs/$point"
      go
      canary_untouched "/$point -> $target"
    done
  done
}

@test "a mount point that is swapped against a link, thousands of times: nothing is mounted or made outside" {
  bundle '.root.readonly = false | .mounts += [{ destination: "/in/d", type: "tmpfs", source: "tmpfs" }]'
  for point in dev in; do
    rm -rf "$place/bundle/rootfs/swapped"
    mkdir -p "$place/bundle/rootfs/in"
    ln -s "$place/canary/dir" "$place/bundle/rootfs/swapped"
    "$helpers/swap" "$place/bundle/rootfs/$point" "$place/bundle/rootfs/swapped" &
    swapper=$!
    for ((end = SECONDS + 4; SECONDS < end; )); do go; done
    kill $swapper
    wait $swapper || true
    canary_untouched "race at /$point"
  done
}

@test "/proc is moved away before it is masked: the masks go with it" {
  # The names may change at any time, what a mount shows of its file system does not.
  script='until [ -n "$m" ]; do m=$(cat /proc/self/mountinfo 2>/dev/null || cat /other/self/mountinfo 2>/dev/null); done
    echo "$m" | awk "/ - proc / { if (\$4 == \"/\") proc = \$1; if (\$4 == \"/sys\" && \$6 ~ /^ro,/) on = \$2 } / \/null / { nulls++ } END { print proc == on, nulls }"'
  bundle '.root.readonly = false | .linux.maskedPaths = ["/proc/keys", "/proc/timer_list"]'
  mkdir -p "$place/bundle/rootfs/other"
  go
  is '1 2'
  "$helpers/swap" "$place/bundle/rootfs/proc" "$place/bundle/rootfs/other" &
  swapper=$!
  for ((end = SECONDS + 8, n = 0; SECONDS < end; n++)); do
    go
    [ "$output" = '1 2' ] || [[ $output == oakum-runtime:* ]] || { echo "round $n: $output"; kill $swapper; return 1; }
  done
  kill $swapper
  wait $swapper || true
}

@test "a false /dev/null in the root is not what paths are masked with (CVE-2025-31133)" {
  script='cat /proc/timer_list /proc/keys'
  bundle '.root.readonly = false | .mounts |= map(select(.destination | startswith("/dev") | not))'
  ln -sf /proc/version "$place/bundle/rootfs/dev/null"
  go
  is ''
  [ "$status" -eq 0 ]
  # A /dev of the caller's own, in which nothing is replaced.
  mkdir "$place/dev"
  echo false >"$place/dev/null"
  bundle '.mounts |= map(select(.destination | startswith("/dev") | not)) + [{ destination: "/dev", type: "bind", source: $dev, options: ["bind"] }]' --arg dev "$place/dev"
  go
  is ''
  [ "$status" -eq 0 ]
}

@test "a working directory through a descriptor (CVE-2024-21626)" {
  script='ls ./../../../../../../../../../../../..' # a directory of the container's own is no way out, and shows its root
  for ((fd = 0; fd < 32; fd++)); do
    for path in "/proc/self/fd/$fd" "/proc/self/fd/$fd/.." "/proc/self/fd/$fd/../../../../../../.."; do
      bundle '.process.cwd = $path' --arg path "$path"
      go 3<"$place" 4</ 5</etc
      [ "$status" -ne 0 ] || [ "$output" = "$(ls "$place/bundle/rootfs")" ] || { echo "$path: $output"; return 1; }
    done
  done
  script='sleep 20'
  bundle
  begin
  for ((fd = 3; fd < 24; fd++)); do
    got ex --cwd "/proc/self/fd/$fd" c ls ./../../../../../../../../../../../..
    [ "$status" -ne 0 ] || [ "$output" = "$(ls "$place/bundle/rootfs")" ] || { echo "$fd: $output"; return 1; }
  done
}

@test "no host program through a descriptor that is still open at the exec" {
  cp "$inside" "$place/canary-program"
  canary "$place/canary" >"$BATS_TEST_TMPDIR.canary"
  for ((fd = 3; fd < 32; fd++)); do
    bundle '.process.args = ["/proc/self/fd/\($fd)/../../../../../../../..\($p)", "fds"]' --arg fd $fd --arg p "$place/canary-program"
    go
    [ "$status" -ne 0 ] || { echo "by descriptor $fd"; return 1; }
  done
  # By a script's interpreter, and by exec.
  script='sleep 20'
  bundle
  for ((fd = 3; fd < 32; fd++)); do
    printf '#!/proc/self/fd/%s/../../../../../../../..%s fds\n' $fd "$place/canary-program" >"$place/bundle/rootfs/bin/script$fd"
    chmod 755 "$place/bundle/rootfs/bin/script$fd"
  done
  begin
  for ((fd = 3; fd < 32; fd++)); do
    for program in "/proc/self/fd/$fd/../../../../../../../..$place/canary-program" "/bin/script$fd"; do
      got ex c "$program" fds
      [ "$status" -ne 0 ] || { echo "exec by descriptor $fd: $program"; return 1; }
    done
  done
}

# With descriptors 3 to 20 open.
leaking() {
  (
    for ((fd = 3; fd <= 20; fd++)); do eval "exec $fd<'$place/canary/file'"; done
    exec timeout -k 1 20 "$runtime" --root "$place/rt" "$@"
  ) </dev/null 2>&1
}

@test "leaked descriptors 3 to 20 of the caller do not come along; declared ones do" {
  bundle '.process.args = ["inside", "fds"]'
  got leaking run --bundle "$place/bundle" c
  is ''
  got leaking run --preserve-fds 2 --bundle "$place/bundle" c
  is $'3\n4'
  script='sleep 20'
  bundle
  begin
  got leaking exec c inside fds
  is ''
  got leaking exec --preserve-fds 1 c inside fds
  is 3
}

@test "among declared descriptors that do not exist, none is the runtime's own" {
  bundle '.process.args = ["inside", "fds"]'
  (for fd in /proc/self/fd/*; do n=${fd##*/}; [ "$n" -lt 3 ] || eval "exec $n<&-"; done
   timeout -k 1 20 "$runtime" --root "$place/rt" run --preserve-fds 64 --bundle "$place/bundle" c </dev/null >"$place/out" 2>&1) || true
  [ ! -s "$place/out" ] || { cat "$place/out"; false; }
  for ((fd = 3; fd < 32; fd++)); do
    bundle '.process.args = ["/proc/self/fd/\($fd)/../../../../../../../..\($p)", "fds"]' --arg fd $fd --arg p "$inside"
    go --preserve-fds 64
    [ "$status" -ne 0 ] || { echo "by descriptor $fd"; return 1; }
  done
}

# ---- binary, sockets, privilege

@test "the runtime's file is not overwritten by way of exec (CVE-2019-5736), with or without a user namespace" {
  mkdir "$place/bin"
  cp "$bin/oakum-runtime" "$place/bin/"
  runtime=$place/bin/oakum-runtime
  before=$(sha256sum "$runtime")
  for filter in . "$userns"; do
    script='mkfifo /tmp/fifo; sleep 20'
    bundle "$filter"
    begin
    wait_for 5 ex c test -p /tmp/fifo
    ex c /proc/self/exe --log /tmp/fifo state x >/dev/null 2>&1 & waiter=$! # waits for a reader of the FIFO
    wait_for 5 ex c sh -c 'for p in /proc/[0-9]*/exe; do case $(readlink $p) in *oakum-runtime) exit 0 ;; esac; done; exit 1'
    # Detached, as a runtime that waits would keep its own file busy.
    ex --detach c sh -c 'inside overwrite /tmp/fifo >/tmp/result 2>&1' </dev/null >/dev/null 2>&1
    wait_for 5 ex c test -s /tmp/result
    output=$(ex c cat /tmp/result)
    lacks 'overwrite done'
    has 'overwrite E'
    [ "$(sha256sum "$runtime")" = "$before" ]
    rt delete --force c
    wait "$waiter" || true
  done
}

@test "the runtime's file is on a read-only mount where the container's program is that, unless ids keep them apart" {
  bundle '.process.args = ["/proc/self/exe", "--log", "/tmp/fifo", "state", "x"] | .mounts |= map(select(.destination != "/tmp")) | .root.readonly = false'
  mkfifo "$place/bundle/rootfs/tmp/fifo"
  begin
  got ex c inside exe-readonly 1
  is yes
  got ex c /proc/self/exe --version
  has 'oakum-runtime version'
}

@test "oakum-init is on a read-only mount" {
  make_image
  got "${oakum_run[@]}" --init --userns host --user 0 -v "$inside:/inside:ro,exec" box /inside exe-readonly 1
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  has yes
}

@test "exec's process cannot be traced or looked into before it is what it was asked to be (CVE-2016-9962)" {
  script='exec inside hunt 8'
  bundle "$userns $(caps SYS_PTRACE)"
  timeout -k 1 30 "$runtime" --root "$place/rt" run --bundle "$place/bundle" c </dev/null >"$place/out" 2>&1 &
  wait_for 5 ex c true
  for ((end = SECONDS + 6; SECONDS < end; )); do ex c true || true; done
  wait $! || true
  [ "$(cat "$place/out")" = 'seen some' ] || { sort "$place/out" | uniq -c; false; }
}

@test "we ship no setuid file, and listen on no socket" {
  [ -z "$(find "$bin" -type f -perm /6000)" ]
  script='sleep 20'
  bundle
  cat /proc/net/unix | awk '{ print $NF }' | sort >"$place/before"
  begin
  got comm -13 "$place/before" <(awk '{ print $NF }' /proc/net/unix | sort)
  lacks oakum
  [ "$(stat -c %a "$place/rt" "$place/rt/c" | sort -u)" = 700 ]
}

@test "a state directory that others can write to is refused" {
  script=true
  bundle
  mkdir -m 777 "$place/rt"
  go
  [ "$status" -ne 0 ]
  chmod 700 "$place/rt"
  chown 1234 "$place/rt"
  go
  [ "$status" -ne 0 ]
  chown 0 "$place/rt"
  go
  [ "$status" -eq 0 ]
}

@test "a mount inside a volume does not appear on the host, one below a slave volume does not either" {
  mkdir "$place/volume"
  mount -t tmpfs volume "$place/volume"
  mount --make-shared "$place/volume"
  mkdir "$place/volume/in" "$place/volume/out"
  sort /proc/self/mountinfo >"$place/before"
  for word in rw rprivate private rslave; do
    script='mount -t tmpfs inner /volume/in && grep -c inner /proc/self/mountinfo; cat /proc/self/mountinfo >/volume/info; sleep 20'
    bundle ".root.readonly = false $(caps SYS_ADMIN) | .mounts += [{ destination: \"/volume\", type: \"bind\", source: \$v, options: [\"rbind\", \$word] }]" \
      --arg v "$place/volume" --arg word $word
    begin
    wait_for 5 test -s "$place/volume/info"
    [ "$(cat "$place/out")" = 1 ]
    sort /proc/self/mountinfo | diff "$place/before" - || { echo "propagation $word"; umount -R "$place/volume"; return 1; }
    # The other way only where it was asked for.
    mount -t tmpfs outer "$place/volume/out"
    got ex c grep -c outer /proc/self/mountinfo
    umount "$place/volume/out"
    [ "$output" = "$([ $word = rslave ] && echo 1 || echo 0)" ] || { echo "$word: $output"; umount -R "$place/volume"; return 1; }
    rt delete --force c
    rm "$place/volume/info"
  done
  script=true
  bundle "$userns"' | .mounts += [{ destination: "/tmp", type: "bind", source: $v, options: ["rbind", "rshared"] }]' --arg v "$place/volume"
  go
  umount -R "$place/volume"
  [ "$status" -ne 0 ]
  has 'shared propagation'
}

@test "nothing of the host's mounts is left, and / has no parent" {
  script='cut -d" " -f5 /proc/self/mountinfo | sort; ls /.. /../../..; cat /proc/self/mountinfo >&2; echo end'
  for filter in . "$userns"; do
    bundle "$filter"' | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
    run --separate-stderr timeout -k 1 20 "$runtime" --root "$place/rt" run --bundle "$place/bundle" c </dev/null
    [ "$(sed '/:$/,$d' <<<"$output")" = "$(printf '%s\n' / /dev /dev/mqueue /dev/pts /dev/shm /proc /sys /tmp)" ] || { echo "$output"; false; }
    [ "$(sed -n '/^\/\.\.:/,/^$/p' <<<"$output" | sed '1d;/^$/d')" = "$(ls "$place/bundle/rootfs")" ]
    has end
    # The kernel's own count of the namespace: what is mounted under or over what a path shows.
    begin
    rt delete --force c
  done
}

@test "the mount namespace holds the container's mounts and no others" {
  script='sleep 20'
  for filter in . "$userns"; do
    bundle "$filter"' | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
    begin
    pid=$(rt state c | jq .pid)
    # From the namespace's own root: a root that was left under ours would be seen from there.
    got nsenter --mount="/proc/$pid/ns/mnt" "$place/bundle/rootfs/bin/busybox" true
    [ "$status" -eq 127 ]
    [ "$(wc -l <"/proc/$pid/mountinfo")" -eq 8 ]
    rt delete --force c
  done
}

@test "--no-pivot: the same root, and the host's procfs and sysfs are not there to be mounted anew" {
  script='ls /..; exec sleep 20'
  for filter in . "$userns"; do
    bundle "$filter"' | .linux.maskedPaths = ["/proc/keys"]'
    timeout -k 1 20 "$runtime" --root "$place/rt" run --no-pivot --detach --bundle "$place/bundle" c </dev/null >"$place/out" 2>&1
    wait_for 5 eval '[ "$(cat "$place/out")" = "$(ls "$place/bundle/rootfs")" ]'
    # With a masked procfs and no other, the kernel refuses a second one in a nested user namespace.
    got ex --user 1000:1000 c unshare -Urmpf busybox mount -t proc proc /tmp
    [ "$status" -ne 0 ] || { echo "a second, unmasked procfs"; false; }
    rt delete --force c
  done
}

# ---- identity

@test "CapInh is 0 for run, exec and exec --cap (CVE-2022-24769)" {
  script='grep Cap /proc/self/status; sleep 20'
  bundle ". $(caps CHOWN NET_RAW)"
  begin
  wait_for 5 grep -q CapAmb "$place/out"
  grep -q $'CapInh:\t0000000000000000' "$place/out"
  grep -q $'CapAmb:\t0000000000000000' "$place/out"
  grep -q $'CapBnd:\t0000000000002001' "$place/out"
  for flags in '' '--cap CHOWN' '--cap NET_RAW --user 1000:1000'; do
    # shellcheck disable=SC2086
    got ex $flags c grep -E 'Cap(Inh|Amb)' /proc/self/status
    is $'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000'
  done
}

@test "exec gives nothing that the container has not, unless it is asked to (docker exec --privileged); that is said" {
  script='sleep 20'
  bundle ". $(caps CHOWN)"
  begin
  sets='grep -E ^Cap(Prm|Eff|Bnd) /proc/self/status'
  # shellcheck disable=SC2086 # words
  got ex c $sets
  is $'CapPrm:\t0000000000000001\nCapEff:\t0000000000000001\nCapBnd:\t0000000000000001'
  # shellcheck disable=SC2086
  got ex --cap NET_RAW c $sets
  is $'CapPrm:\t0000000000002001\nCapEff:\t0000000000002001\nCapBnd:\t0000000000002001'
  jq '.process | .args = ["grep", "-E", "^Cap(Prm|Eff|Bnd)", "/proc/self/status"] | .capabilities = { bounding: ["CAP_CHOWN", "CAP_SYS_PTRACE"] }' "$place/bundle/config.json" >"$place/process.json"
  got "$runtime" --log-level info --root "$place/rt" exec --process "$place/process.json" c
  has 'the process gets what container c itself does not have: CAP_SYS_PTRACE'
  has $'CapBnd:\t0000000000080001'
  # what was given to one process is not the container's, and its filter and no_new_privs hold for that one too
  # shellcheck disable=SC2086
  got ex c $sets
  is $'CapPrm:\t0000000000000001\nCapEff:\t0000000000000001\nCapBnd:\t0000000000000001'
  got ex --cap SYS_ADMIN c grep NoNewPrivs /proc/self/status
  has $'NoNewPrivs:\t1'
}

@test "exec keeps no_new_privs, Landlock and rlimits, whatever its document leaves out" {
  script='sleep 20'
  bundle '.annotations = { "org.oakum.landlock": "on" } | .process.rlimits = [{ type: "RLIMIT_NOFILE", hard: 77, soft: 77 }]
    | .mounts |= map(if .destination == "/tmp" then .options = ["nosuid"] else . end)'
  begin
  for change in . '.noNewPrivileges = false' 'del(.noNewPrivileges, .rlimits)'; do
    jq --arg s 'grep NoNewPrivs /proc/self/status; ulimit -n; cp /bin/busybox /tmp/echo && /tmp/echo x; (echo >/etc/x) 2>/dev/null || echo ro' \
      ".process | .args = [\"sh\", \"-c\", \$s] | $change" "$place/bundle/config.json" >"$place/process.json"
    got ex --process "$place/process.json" c
    is $'NoNewPrivs:\t1\n77\nx\nro'
  done
  # Landlock is in force: a domain may not change mounts, whatever its capabilities are.
  jq '.process | .args = ["unshare", "-Urm", "busybox", "mount", "-t", "tmpfs", "x", "/tmp"] | .user = { uid: 1000, gid: 1000 } | .noNewPrivileges = false' "$place/bundle/config.json" >"$place/process.json"
  got ex --process "$place/process.json" c
  [ "$status" -ne 0 ]
}

@test "exec's terminal comes from devpts, not from what the container put there (CVE-2025-52565)" {
  script='umount /dev/pts; mount -t tmpfs x /dev/pts; mknod /dev/pts/ptmx c 1 3; ls /dev/pts; sleep 20'
  bundle ".root.readonly = false | .process.noNewPrivileges = false $(caps SYS_ADMIN MKNOD)"
  begin
  wait_for 5 grep -q ptmx "$place/out"
  got ex -t --console-socket "$place/none" c true
  [ "$status" -ne 0 ]
  has 'not devpts'
}

@test "the caller's groups are not the container's (CVE-2022-2995)" {
  script='id -G; exec sleep 20'
  for user in 0:0 1000:1000; do
    bundle '.process.user = { uid: ($u | split(":")[0] | tonumber), gid: ($u | split(":")[1] | tonumber) }' --arg u $user
    setpriv --groups 4,1234,5678 -- timeout -k 1 20 "$runtime" --root "$place/rt" run --detach --bundle "$place/bundle" c </dev/null >"$place/out"
    wait_for 5 test -s "$place/out"
    [ "$(cat "$place/out")" = "${user#*:}" ]
    got setpriv --groups 4,1234,5678 -- "$runtime" --root "$place/rt" exec c id -G
    is "${user#*:}"
    got setpriv --groups 4,1234,5678 -- "$runtime" --root "$place/rt" exec --additional-gids 99 c id -G
    is "${user#*:} 99"
    rt delete --force c
    rm "$place/out"
  done
}

@test "users are numbers, exactly, and never looked up" {
  script='sleep 20'
  bundle
  printf '1:x:0:0::/:/bin/sh\n-1:x:0:0::/:/bin/sh\n1\\::x:0:0::/:/bin/sh\n' >>"$place/bundle/rootfs/etc/passwd"
  begin
  while read -r user want; do
    got ex --user "$user" c sh -c 'echo $(id -u 2>/dev/null) $(id -g 2>/dev/null)'
    if [ "$want" = refused ]; then
      [ "$status" -ne 0 ] || { echo "$user: $output"; return 1; }
    else
      [ "$output" = "${want/:/ }" ] || { echo "$user: $output"; return 1; }
    fi
  done <<'TABLE'
1 1:0
1:2 1:2
1: refused
:1 refused
1:2:3 refused
-1 refused
+1 refused
1.0 refused
0x1 refused
2147483648 2147483648:0
4294967294 4294967294:0
4294967295 refused
1:4294967295 refused
4294967296 refused
99999999999 refused
root refused
mail:mail refused
TABLE
  for user in '' ' 1' '1 ' $'1\n'; do
    got ex --user "$user" c true
    [ "$status" -ne 0 ] || { echo "\"$user\""; return 1; }
  done
  for id in -1 4294967295 4294967296 1.5 '"1"'; do
    bundle ".process.user.uid = $id"
    go
    [ "$status" -ne 0 ] || { echo "$id"; return 1; }
  done
}

@test "the caller's keys are not the container's" {
  bundle '.process.args = ["inside", "find-key"]'
  got "$inside" with-key "$inside" find-key
  is found
  got "$inside" with-key "$runtime" --root "$place/rt" run --bundle "$place/bundle" c
  is none
  got "$inside" with-key "$runtime" --root "$place/rt" run --no-new-keyring --bundle "$place/bundle" c
  is found
  script='sleep 20'
  bundle
  begin
  got "$inside" with-key "$runtime" --root "$place/rt" exec c inside find-key
  is none
}

@test "tmpcopyup: links of the root are copied and not followed, nor is what is mounted below or swapped meanwhile" {
  script='cd /data; readlink out; readlink up; cat out/file up/file 2>/dev/null; ls -A below; find /data -type f'
  bundle '.mounts += [{ destination: "/data/below", type: "bind", source: ($p + "/canary/dir"), options: ["rbind", "rw"] },
    { destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "nosuid"] }]' --arg p "$place"
  mkdir -p "$place/bundle/rootfs/data/below"
  ln -s "$place/canary/dir" "$place/bundle/rootfs/data/out"
  ln -s ../../../../../../../../.. "$place/bundle/rootfs/data/up"
  for link in file dir; do ln -s "$place/canary/$link" "$place/bundle/rootfs/data/$link"; done
  go
  is "$place/canary/dir
../../../../../../../../.."
  canary_untouched
  # The whole path of the tmpfs leads out: it is taken inside the root, or refused.
  rm -rf "$place/bundle/rootfs/data" && ln -s "$place/canary/dir" "$place/bundle/rootfs/data"
  script='find / -xdev -name inner; ls -A /data'
  bundle_config='.mounts += [{ destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] }]'
  make_bundle "$place/bundle" "$bundle_config"
  go
  lacks inner
  canary_untouched
}

@test "tmpcopyup: names swapped against links and back while they are copied: nothing of outside is in the copy" {
  [ -x "$helpers/swap" ] || skip 'this build has no tests/integration/swap'
  script='grep -rl precious /data 2>/dev/null; true'
  bundle '.mounts += [{ destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] }]'
  mkdir -p "$place/bundle/rootfs/data/d" && for i in $(seq 200); do echo "$i" >"$place/bundle/rootfs/data/f$i"; done
  echo mine >"$place/bundle/rootfs/data/d/file"
  ln -s "$place/canary" "$place/bundle/rootfs/l"
  ln -s "$place/canary/file" "$place/bundle/rootfs/m"
  echo mine >"$place/bundle/rootfs/data/g"
  "$helpers/swap" "$place/bundle/rootfs/data/d" "$place/bundle/rootfs/l" &
  one=$!
  "$helpers/swap" "$place/bundle/rootfs/data/g" "$place/bundle/rootfs/m" &
  two=$!
  bad='' copied=0
  for _ in $(seq 150); do
    go
    [ "$status" -ne 0 ] || copied=$((copied + 1))
    [[ $output != /data* ]] || { bad=$output; break; }
  done
  kill $one $two
  wait $one $two 2>/dev/null || true
  echo "copied $copied"
  [ -z "$bad" ] && [ $copied -gt 10 ]
  canary_untouched
}

@test "a namespace by path must be a namespace, of its kind: no other file is opened to any effect" {
  script=true
  mkfifo "$place/pipe"
  for type in pid network ipc uts user cgroup time; do
    for path in "$place/pipe" /dev/null /proc/self/status /proc/self/ns/mnt; do
      bundle '.linux.namespaces |= (map(select(.type != $t)) + [{ type: $t, path: $p }])' --arg t "$type" --arg p "$path"
      go
      [ "$status" -eq 1 ]
      has linux.namespaces
    done
  done
}

@test "who joins a user namespace cannot be traced by those who are in it already" {
  script='sleep 60'
  bundle "$userns | .process.capabilities = { bounding: [\"CAP_SYS_PTRACE\"], effective: [\"CAP_SYS_PTRACE\"], permitted: [\"CAP_SYS_PTRACE\"] }"
  chown -R 1000000:1000000 "$place/bundle/rootfs"
  begin
  pid=$(rt state c | jq .pid)
  script='cat /proc/self/status | grep -c "^NoNewPrivs:.1"; ls -l /proc/1/exe 2>&1 | grep -c oakum-runtime'
  mkdir "$place/second"
  make_bundle "$place/second" '.linux.namespaces += [{ type: "user", path: $p }]' --arg p "/proc/$pid/ns/user"
  # While it is created it stands in our namespaces with our rights; its memory is nobody's there.
  timeout 20 "$runtime" --root "$place/rt" create --bundle "$place/second" second </dev/null >"$place/out2" 2>&1
  second=$(rt state second | jq .pid)
  got nsenter --user="/proc/$pid/ns/user" -S 0 -G 0 cat "/proc/$second/environ"
  [ "$status" -ne 0 ]
  got nsenter --user="/proc/$pid/ns/user" -S 0 -G 0 readlink "/proc/$second/exe"
  [ "$status" -ne 0 ]
  rt delete --force second
}

# ---- kernel surface

@test "cgroups: its own only, read-only, without release_agent, and none can be mounted (CVE-2022-0492)" {
  script='cut -d: -f3 /proc/self/cgroup | sort -u; find /sys/fs/cgroup -name release_agent; for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $d/x 2>/dev/null && echo "made $d/x"; done
    for f in /sys/fs/cgroup/*/cgroup.procs; do (echo 0 >$f) 2>/dev/null && echo "wrote $f"; done
    mkdir /tmp/m; mount -t cgroup -o memory x /tmp/m 2>/dev/null && echo mounted; mount -t cgroup2 x /tmp/m 2>/dev/null && echo mounted; true'
  for filter in . "$userns"; do
    bundle "$filter"' | .mounts += [{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "nodev", "noexec", "ro"] }]
      | .linux.namespaces |= map(select(.type != "cgroup")) + [{ type: "cgroup" }]'
    go
    is /
    # In the host's cgroup namespace the path is the host's; what is there to be seen and written is not more.
    bundle "$filter"' | .mounts += [{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "nodev", "noexec", "ro"] }]
      | .linux.namespaces |= map(select(.type != "cgroup"))'
    go
    [ "$(grep -v "^/$group/\|^/$" <<<"$output")" = '' ] || { echo "$output"; false; }
    has "/$group/"
  done
}

@test "cgroups: writable where the document says so (a privileged container, for containers in it), and its own only all the same" {
  script='for d in /sys/fs/cgroup/*/; do mkdir $d/x 2>/dev/null && rmdir $d/x && echo made; done | sort -u; find /sys/fs/cgroup -name release_agent; cut -d: -f3 /proc/self/cgroup | sort -u'
  for namespaces in 'map(select(.type != "cgroup"))' 'map(select(.type != "cgroup")) + [{ type: "cgroup" }]'; do
    bundle '.mounts += [{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "nodev", "noexec"] }] | .linux.namespaces |= '"$namespaces"
    go
    has made
    [ "$(grep -v "^/$group/\|^/$\|^made$" <<<"$output")" = '' ] || { echo "$output"; false; }
  done
}

@test "sysctls: only those of namespaces that are the container's, and nothing smuggled (CVE-2022-0811)" {
  script='cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni'
  pattern=$(cat /proc/sys/kernel/core_pattern)
  forward=$(cat /proc/sys/net/ipv4/ip_forward)
  bundle '.linux.sysctl = { "net.ipv4.ip_forward": "1", "kernel/shmmni": "123" }'
  go
  is $'1\n123'
  while read -r key value; do
    bundle '.linux.sysctl = { ($key): ($value | gsub("N"; "\n")) }' --arg key "$key" --arg value "$value"
    go
    [ "$status" -ne 0 ] || { echo "$key=$value"; return 1; }
    has 'linux.sysctl'
  done <<'TABLE'
kernel.core_pattern |/owned
kernel/core_pattern |/owned
kernel.shmmni/../core_pattern x
net/../kernel/core_pattern |/owned
net/ipv4/../../kernel/core_pattern |/owned
net.//.kernel.core_pattern |/owned
net/.. x
net/./ipv4/ip_forward 1
.net.ipv4.ip_forward 1
net.ipv4.ip_forward. 1
net..ipv4.ip_forward 1
vm.overcommit_memory 1
fs.suid_dumpable 1
kernel.msgmaxx 1
net.ipv4.ip_forward 1Nkernel.core_pattern=|/owned
kernel.domainname a+kernel.core_pattern=|/ownedN
TABLE
  for key in $'net.ipv4.ip_forward\nkernel.core_pattern' 'net.ipv4.ip forward' ''; do
    bundle '.linux.sysctl = { ($key): "1" }' --arg key "$key"
    go
    [ "$status" -ne 0 ] || { echo "$key"; return 1; }
  done
  [ "$(cat /proc/sys/kernel/core_pattern)" = "$pattern" ]
  [ "$(cat /proc/sys/net/ipv4/ip_forward)" = "$forward" ]
}

@test "a namespace that is the host's by another name does not count as the container's" {
  script=true
  forward=$(cat /proc/sys/net/ipv4/ip_forward)
  name=$(hostname)
  for path in none /proc/self/ns/net; do
    bundle '.linux.namespaces |= map(if .type != "network" then . elif $p == "none" then empty else .path = $p end)
      | .linux.sysctl = { "net.ipv4.ip_forward": "1" } | .mounts |= map(select(.type != "sysfs"))' --arg p $path
    go
    [ "$status" -ne 0 ]
    has 'linux.sysctl'
  done
  for path in none /proc/self/ns/uts; do
    bundle '.linux.namespaces |= map(if .type != "uts" then . elif $p == "none" then empty else .path = $p end)' --arg p $path
    go
    [ "$status" -ne 0 ]
    has hostname
  done
  [ "$(hostname)" = "$name" ]
  [ "$(cat /proc/sys/net/ipv4/ip_forward)" = "$forward" ]
}

@test "a device node of one's own is of no use, in /tmp or elsewhere" {
  disk=$(lsblk -dno MAJ:MIN 2>/dev/null | head -n 1 | tr -d ' ')
  for filter in ".process.user.uid = 0 $(caps MKNOD)" "$userns $(caps MKNOD)"; do
    for node in "c 1 11" "c 1 1" "c 10 200" "b ${disk/:/ }"; do
      bundle "$filter"' | .process.args = (["inside", "node"] + ($node | split(" ")))
        | .mounts |= map(if .destination == "/tmp" then .options = ["nosuid"] else . end)' --arg node "$node"
      go
      lacks 'opened done'
      has EPERM
    done
  done
  # The rules let the default devices through.
  bundle ".process.args = [\"inside\", \"node\", \"c\", \"1\", \"3\"] $(caps MKNOD) | .mounts |= map(if .destination == \"/tmp\" then .options = [\"nosuid\"] else . end)"
  go
  is $'made done\nopened done'
}

@test "the caller's terminal: no input can be put into it, and it is not the controlling one (CVE-2017-5226)" {
  [ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null || echo 1)" = 1 ] || skip 'this kernel has no TIOCSTI'
  bundle '.process.args = ["sh", "-c", "inside tty-inject; inside hold-session"]'
  got timeout -k 1 20 script -qec "$runtime --root $place/rt run --bundle $place/bundle c" /dev/null </dev/null
  output=${output//$'\r'/}
  lacks done
  has 'TIOCSTI EPERM'
  has 'TIOCSTI+high EPERM'
  has 'session 1 terminal none'
}

@test "a named pipe keeps its owner, an unnamed one is given to the user" {
  script='exec 9>&1; stat -L -c %u /proc/self/fd/9 >&2; true'
  bundle '.process.user = { uid: 1234, gid: 1234 }'
  mkfifo "$place/pipe"
  cat "$place/pipe" >/dev/null &
  timeout -k 1 20 "$runtime" --root "$place/rt" run --bundle "$place/bundle" c </dev/null >"$place/pipe" 2>/dev/null
  wait $!
  [ "$(stat -c %u:%g "$place/pipe")" = 0:0 ]
  bash -c "timeout -k 1 20 '$runtime' --root '$place/rt' run --bundle '$place/bundle' c </dev/null 2>'$place/err' | cat"
  [ "$(cat "$place/err")" = 1234 ]
}

@test "sysfs where the network is the host's and the ids are not: there, read-only" {
  script='ls /sys/class/net | sort | tr "\n" " "; touch /sys/x; (echo 1 >/sys/kernel/mm/ksm/run) 2>/dev/null && echo wrote; grep -c " /sys ro" /proc/self/mountinfo'
  bundle "$userns"' | .linux.namespaces |= map(select(.type != "network")) | .mounts |= map(if .type == "sysfs" then .options -= ["ro"] else . end)'
  go
  has "$(ls /sys/class/net | sort | tr '\n' ' ')"
  has 'Read-only file system'
  lacks wrote
  [ "$(tail -n 1 <<<"$output")" = 1 ]
}

@test "time namespaces: the offsets that were asked for, for exec too, and the host keeps its own" {
  [ -e /proc/self/ns/time ] || skip 'this kernel has no time namespaces'
  read -r boot mono < <("$inside" clocks)
  script='inside clocks; exec sleep 20'
  bundle '.linux.namespaces += [{ type: "time" }] | .linux.timeOffsets = { boottime: { secs: 7000000 }, monotonic: { secs: 1000000, nanosecs: 5 } }'
  begin
  wait_for 5 test -s "$place/out"
  for output in "$(cat "$place/out")" "$(ex c inside clocks)"; do
    read -r b m <<<"$output"
    ((b >= boot + 7000000 && b < boot + 7000020 && m >= mono + 1000000 && m < mono + 1000020)) || { echo "$boot $mono: $output"; false; }
  done
  read -r b m < <("$inside" clocks)
  ((b < boot + 100))
  rt delete --force c
  script=true
  bundle '.linux.timeOffsets = { boottime: { secs: 1 } }'
  go
  [ "$status" -ne 0 ]
  has 'linux.timeOffsets'
  bundle '.linux.namespaces += [{ type: "time" }] | .linux.timeOffsets = { boottime: { secs: -900000000 } }'
  go
  [ "$status" -ne 0 ]
  has 'linux.timeOffsets'
  no_cgroup_left
}

# ---- the record

@test "delete and another's cgroup: what the record does not vouch for is left alone" {
  script='sleep 20'
  bundle
  begin
  cgroup=$(jq -r .linux.cgroupsPath "$place/bundle/config.json")
  # A create that was killed between recording the path and finding out that it is taken.
  mkdir -m 700 "$place/rt/killed"
  ln -s "$cgroup" "$place/rt/killed/cgroup"
  rt delete killed
  [ ! -e "$place/rt/killed" ]
  [ "$(rt state c | jq -r .status)" = running ]
  # A container that has ended, whose path another one has now.
  rt kill c KILL
  wait_for 5 sh -c "[ \"\$('$runtime' --root '$place/rt' state c | jq -r .status)\" = stopped ]"
  timeout -k 1 20 "$runtime" --root "$place/rt" run --detach --bundle "$place/bundle" second </dev/null >/dev/null 2>&1
  rt delete c
  [ "$(rt state second | jq -r .status)" = running ]
}

@test "a damaged record: listed, not deleted without force, and with it nothing stays" {
  script='sleep 20'
  for text in '' '{}' 'null' '{"state":1' '{"state":2,"pid":1}' "$(head -c 2000000 /dev/zero | tr '\0' x)"; do
    bundle
    begin
    pid=$(rt state c | jq .pid)
    printf %s "$text" >"$place/rt/c/state.json"
    [ "$(rt list -q)" = c ]
    got rt delete c
    [ "$status" -ne 0 ]
    got rt exec c true
    [ "$status" -ne 0 ]
    [ -d "/proc/$pid" ]
    rt delete --force c
    wait_for 5 test ! -d "/proc/$pid"
    [ -z "$(rt list -q)" ]
    no_cgroup_left
  done
}

@test "an id that is used again at once is not taken away by the run before it" {
  script='sleep 20'
  bundle
  for ((i = 0; i < 20; i++)); do
    timeout -k 1 20 "$runtime" --root "$place/rt" run --bundle "$place/bundle" c </dev/null >/dev/null 2>&1 &
    wait_for 5 rt exec c true
    kill -STOP "$(pgrep -P $!)" # so that the delete is over before it wakes up
    rt delete --force c
    begin
    kill -CONT "$(pgrep -P $!)"
    wait $! || true
    [ "$(rt state c | jq -r .status)" = running ]
    rt delete --force c
  done
}

@test "a frozen container: exec and start say so and do not hang" {
  compgen -G '/sys/fs/cgroup/freezer' >/dev/null || [ -e /sys/fs/cgroup/cgroup.controllers ] || skip 'no freezer'
  script='sleep 20'
  bundle '.linux.resources.unified = null'
  begin
  if rt pause c 2>/dev/null; then
    got timeout 5 "$runtime" --root "$place/rt" exec c true
    [ "$status" -ne 0 ]
    [ "$status" -ne 124 ]
    has paused
    rt delete --force c
  else
    skip 'this version has no pause'
  fi
}
