# SPDX-License-Identifier: Apache-2.0
# What a document may say of mounts, beyond the ordinary: each word of the specification, crun and runc does what it is for.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  b=$place/bundle
  root=$b/rootfs
  mkdir -p "$b"
  make_root "$root"
}
teardown() { start_teardown; }

userns='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
# mount_of DESTINATION TYPE SOURCE [OPTION...]
mount_of() {
  jq -nr '".mounts += [" + ($ARGS.positional | {destination: .[0], type: .[1], source: .[2], options: .[3:]} | tojson) + "]"' --args "$@"
}
override='.process.capabilities = {bounding: ["CAP_DAC_OVERRIDE"], effective: ["CAP_DAC_OVERRIDE"], permitted: ["CAP_DAC_OVERRIDE"]}'
# go FILTER [SCRIPT]: runs it; sets status and output.
go() {
  script=${2:-true} make_bundle "$b" "$1"
  run timeout -k 1 30 "$runtime" --root "$place/rt" run --bundle "$b" box </dev/null
}
is() { [ "$status" -eq "$1" ] && [ "$output" = "$2" ] || { printf 'wanted (%s): %s\ngot (%s): %s\n' "$1" "$2" "$status" "$output"; return 1; }; }

# What the root has on /data: of each kind, with what belongs to it.
make_data() {
  mkdir -p "$root/data/dir/deep" "$root/data/empty"
  echo content >"$root/data/file"
  echo more >"$root/data/dir/deep/inner"
  printf 'head' >"$root/data/sparse" && truncate -s 1G "$root/data/sparse" && printf 'tail' >>"$root/data/sparse"
  ln -s /etc/passwd "$root/data/link"
  ln -s nowhere "$root/data/dangling"
  mkfifo -m 640 "$root/data/fifo"
  mknod "$root/data/device" c 1 3
  python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$root/data/sock"
  cp "$root/bin/busybox" "$root/data/setuid" && chmod 4751 "$root/data/setuid"
  chown "$1:$2" "$root/data" "$root/data/file" "$root/data/dir" && chown -h "$1:$2" "$root/data/link"
  chmod 2750 "$root/data" && chmod 640 "$root/data/file" && chmod 711 "$root/data/dir"
  touch -h -d @1000000000 "$root/data/file"
  setfattr -n user.mark -v yes "$root/data/file" 2>/dev/null || true
}
show='cd /data; stat -c "%n %F %a %u:%g" . * dir/* dir/deep/*; cat file dir/deep/inner; stat -c %Y file; readlink link; readlink dangling; cmp setuid /bin/busybox && stat -c %s sparse'
expected() {
  cat <<END
. directory 2750 $1
dangling symbolic link 777 $2
dir directory 711 $1
empty directory 755 $2
fifo fifo 640 $2
file regular file 640 $1
link symbolic link 777 $1
setuid regular file 4751 $2
sparse regular file 644 $2
dir/deep directory 755 $2
dir/deep/inner regular file 644 $2
content
more
1000000000
/etc/passwd
nowhere
1073741828
END
}

@test "tmpcopyup: content, modes, owners, links, times; a FIFO, but no device and no socket; written to the tmpfs only" {
  make_data 8 9
  go "$override | $(mount_of /data tmpfs tmpfs tmpcopyup nosuid nodev)" "$show; echo changed >file; rm dir/deep/inner; grep ' /data ' /proc/self/mountinfo | grep -c tmpfs"
  is 0 "$(expected 8:9 0:0)
1"
  [ "$(cat "$root/data/file")" = content ] && [ -f "$root/data/dir/deep/inner" ]
  # Holes stay holes.
  go "$override | $(mount_of /data tmpfs tmpfs tmpcopyup size=4m)" 'cd /data; tail -c 4 sparse; echo; du -k sparse | cut -f1'
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = tail ] && [ "${lines[1]}" -le 16 ]
}

@test "tmpcopyup in a user namespace: owners of the container's; what is nobody's there keeps no set-user-ID" {
  make_data 100008 100009
  find "$root" -uid 0 -exec chown -h 100000:100000 {} + -o -true
  chmod 4751 "$root/data/setuid"
  go "$override | $userns | $(mount_of /data tmpfs tmpfs tmpcopyup)" "$show"
  is 0 "$(expected 8:9 0:0)"
  chown 5000:5000 "$root/data/setuid" && chmod 6755 "$root/data/setuid"
  go "$userns | $(mount_of /data tmpfs tmpfs tmpcopyup) | $override" 'stat -c "%a %u:%g" /data/setuid'
  [ "$status" -eq 0 ]
  [[ $output == '755 0:0' || $output == '6755 65534:65534' ]] || { echo "$output"; false; }
}

@test "tmpcopyup: extended attributes and ACLs, as far as tmpfs has them" {
  command -v getfattr >/dev/null || skip 'needs getfattr'
  make_data 0 0
  chmod 777 "$root/data" # for nobody's sake
  setcap cap_net_raw+ep "$root/data/setuid" 2>/dev/null || setfattr -n user.other -v 1 "$root/data/setuid" || skip 'no attributes on this file system'
  script='sleep 30' make_bundle "$b" "$(mount_of /data tmpfs tmpfs tmpcopyup)"
  rt run --detach --bundle "$b" box </dev/null >/dev/null 2>&1
  pid=$(rt state box | jq .pid)
  there=$(getfattr -d -m - "/proc/$pid/root/data/file" "/proc/$pid/root/data/setuid" 2>/dev/null | grep -v '^#' || true)
  here=$(getfattr -d -m - "$root/data/file" "$root/data/setuid" 2>/dev/null | grep -v '^#' || true)
  rt delete --force box
  [ -n "$here" ]
  [ "$there" = "$here" ]
}

@test "tmpcopyup: read-only, on nothing, onto a mount point that is missing, too small, too deep, not for other types" {
  make_data 0 0
  go "$(mount_of /data tmpfs tmpfs tmpcopyup ro)" 'cat /data/file; touch /data/x 2>/dev/null || echo ro'
  is 0 $'content\nro'
  go "$(mount_of /nothing/there tmpfs tmpfs tmpcopyup)" 'stat -c %a /nothing/there'
  is 0 1777
  head -c 3000000 /dev/urandom >"$root/data/big"
  go "$(mount_of /data tmpfs tmpfs tmpcopyup size=1m)"
  said 1 'mounts[' tmpcopyup 'No space left'
  rm "$root/data/big"
  (cd "$root/data" && for _ in $(seq 70); do mkdir d && cd d; done)
  go "$(mount_of /data tmpfs tmpfs tmpcopyup)"
  said 1 tmpcopyup
  go "$(mount_of /data none "$place" bind tmpcopyup)"
  said 1 tmpcopyup 'only a tmpfs'
  go "$(mount_of /data proc proc tmpcopyup)"
  said 1 tmpcopyup 'only a tmpfs'
}

@test "a tmpfs without a mode has that of the directory it covers" {
  mkdir "$root/a" "$root/b"
  chmod 710 "$root/a" && chmod 1733 "$root/b"
  go "$(mount_of /a tmpfs tmpfs nosuid) | $(mount_of /b tmpfs tmpfs) | $(mount_of /c tmpfs tmpfs) | $(mount_of /tmp tmpfs tmpfs mode=700) | $(mount_of /run tmpfs tmpfs mode=1777)" 'stat -c %a /a /b /c /tmp /run'
  is 0 $'710\n1733\n1777\n700\n1777'
}

@test "copy-symlink: a link is made anew; what is no link is mounted; another link there is an error" {
  ln -s /etc/passwd "$place/link"
  ln -s /elsewhere "$root/other"
  ln -s /etc/passwd "$root/same"
  echo file >"$place/file"
  go "$(mount_of /new/link none "$place/link" bind copy-symlink) | $(mount_of /same none "$place/link" bind copy-symlink) | $(mount_of /file none "$place/file" bind copy-symlink)" \
    'readlink /new/link; readlink /same; cat /file; grep -c " /new/link " /proc/self/mountinfo || true'
  is 0 $'/etc/passwd\n/etc/passwd\nfile\n0'
  go "$(mount_of /other none "$place/link" bind copy-symlink)"
  said 1 copy-symlink 'File exists'
  [ "$(readlink "$root/other")" = /elsewhere ]
  go "$(mount_of /x tmpfs tmpfs copy-symlink)"
  said 1 copy-symlink
}

@test "src-nofollow and dest-nofollow: the links themselves" {
  echo secret >"$place/secret"
  ln -s secret "$place/link"
  ln -s /etc/group "$root/target"
  cp "$root/etc/group" "$place/group"
  go "$(mount_of /target none "$place/link" bind src-nofollow dest-nofollow)" 'readlink /target; head -n 1 /etc/group; grep -c " /target " /proc/self/mountinfo'
  is 0 $'secret\nroot:x:0:\n1'
  echo plain >"$place/plain"
  go "$(mount_of /target none "$place/plain" bind dest-nofollow)" 'cat /target; head -n 1 /etc/group'
  is 0 $'plain\nroot:x:0:'
  go "$(mount_of /target none "$place/plain" bind)" 'cat /target; cat /etc/group'
  is 0 $'plain\nplain'
  go "$(mount_of /missing none "$place/plain" bind dest-nofollow)" 'cat /missing'
  is 0 plain
}

@test "relative destinations begin at the root" {
  mkdir "$place/source" && echo here >"$place/source/f"
  go "$(mount_of mnt/x none "$place/source" bind) | $(mount_of ../../y none "$place/source" bind)" 'cat /mnt/x/f /y/f'
  is 0 $'here\nhere'
  go '.mounts |= map(.destination |= ltrimstr("/"))' 'test -c /dev/null && test -d /proc/self && stat -c %a /dev/shm'
  [ "$status" -eq 0 ]
  go "$(mount_of '' none "$place/source" bind)"
  said 1 destination
}

@test "several options of a file system in one entry, as mount(2) takes them" {
  go "$(mount_of /x tmpfs tmpfs nosuid size=1m,mode=700 nodev)" 'stat -c %a /x; grep " /x " /proc/self/mountinfo | sed "s/.* - //"; grep -c " /x .*nosuid,nodev" /proc/self/mountinfo'
  is 0 $'700\ntmpfs tmpfs rw,size=1024k,mode=700\n1'
  mkdir "$place/source"
  go "$(mount_of /x none "$place/source" bind noexec,ro)"
  said 1 'mounts[' noexec,ro
}

@test "mountinfo names the source that the document names" {
  go "$(mount_of /x tmpfs mine) | $(mount_of /sys/fs/cgroup cgroup cgroup ro)" \
    'for p in /proc /dev /dev/pts /dev/shm /dev/mqueue /sys /tmp /x; do cut -d" " -f5- /proc/self/mountinfo | grep "^$p " | sed "s/.* - //; s/ [^ ]*$//"; done; grep " /sys/fs/cgroup/" /proc/self/mountinfo | grep -vc " - cgroup2* cgroup "'
  [ "$output" = "proc proc
tmpfs tmpfs
devpts devpts
tmpfs shm
mqueue mqueue
sysfs sysfs
tmpfs tmpfs
tmpfs mine
0" ] || { echo "$output"; false; }
}

@test "remount: attributes of what is mounted" {
  mkdir "$place/source"
  go "$(mount_of /x none "$place/source" bind) | $(mount_of /x none "" bind remount ro noexec)" 'touch /x/y 2>/dev/null || echo ro; grep " /x " /proc/self/mountinfo | grep -c noexec'
  is 0 $'ro\n1'
  go "$(mount_of /etc none "" bind remount ro)"
  said 1 'mounts[' remount
  go "$(mount_of /x tmpfs tmpfs) | $(mount_of /x tmpfs tmpfs remount size=1m)"
  said 1 remount
}

@test "recursive words reach the mounts below, the plain ones do not" {
  mkdir -p "$place/source/sub"
  mount -t tmpfs tmpfs "$place/source/sub"
  trap 'umount "$place/source/sub"' EXIT
  for pair in ro:rro noexec:rnoexec nosuid:rnosuid nodev:rnodev noatime:rnoatime nodiratime:rnodiratime nosymfollow:rnosymfollow; do
    go "$(mount_of /x none "$place/source" rbind "${pair%:*}") | $(mount_of /y none "$place/source" rbind "${pair#*:}")" \
      'cut -d" " -f5,6 /proc/self/mountinfo | grep -E "^/[xy]/?"'
    [ "$status" -eq 0 ]
    word=${pair%:*}
    [ "$(grep -cE "^/x .*\b$word\b" <<<"$output")" -eq 1 ] || { echo "$pair: $output"; false; }
    [ "$(grep -cE "^/x/sub .*\b$word\b" <<<"$output")" -eq 0 ] || { echo "$pair: $output"; false; }
    [ "$(grep -cE "^/y(/sub)? .*\b$word\b" <<<"$output")" -eq 2 ] || { echo "$pair: $output"; false; }
  done
  umount "$place/source/sub"
  trap - EXIT
}

@test "idmap: the container's maps, maps of the option, relative ones, of the tree" {
  mkdir -p "$place/source/sub"
  mount -t tmpfs -o mode=755 tmpfs "$place/source"
  mkdir "$place/source/sub"
  mount -t tmpfs -o mode=755 tmpfs "$place/source/sub"
  trap 'umount -R "$place/source"' EXIT
  touch "$place/source/f" "$place/source/sub/f"
  chown 5:6 "$place/source/f" "$place/source/sub/f"
  chown -R 100000:100000 "$root"
  look='stat -c %u:%g /x/f /x/sub/f'
  go "$userns | $(mount_of /x none "$place/source" rbind idmap)" "$look"
  is 0 $'5:6\n65534:65534'
  go "$userns | $(mount_of /x none "$place/source" rbind ridmap)" "$look"
  is 0 $'5:6\n5:6'
  go "$userns | $(mount_of /x none "$place/source" rbind 'ridmap=uids=5-100020-1;gids=6-100030-1')" "$look"
  is 0 $'20:30\n20:30'
  go "$userns | $(mount_of /x none "$place/source" bind 'idmap=uids=@5-40-1;gids=@6-50-1')" 'stat -c %u:%g /x/f'
  is 0 40:50
  go "$(mount_of /x none "$place/source" bind 'idmap=uids=5-1000-1#0-0-1;gids=6-1001-1#0-0-1')" 'stat -c %u:%g /x/f'
  is 0 1000:1001
  go "$(mount_of /x none "$place/source" bind idmap)"
  said 1 idmap 'user namespace'
  go "$userns | $(mount_of /x none "$place/source" bind 'idmap=uids=@5-65530-100;gids=6-1001-1')"
  said 1 idmap
  go "$(mount_of /x none "$place/source" bind) | .mounts[-1].uidMappings = [{containerID: 0, hostID: 1000, size: 10}]"
  said 1 gidMappings
  umount -R "$place/source"
  trap - EXIT
}

@test "each word that a bind mount or no mount can have is named" {
  for word in sync dirsync acl noacl rsync rdirsync bogus; do
    go "$(mount_of /x none "$place" bind "$word")"
    said 1 'mounts[' "\"$word\""
  done
  for word in sync dirsync lazytime silent loud iversion mand; do
    go "$(mount_of /x tmpfs tmpfs "$word")"
    [ "$status" -eq 0 ] || { echo "$word: $output"; false; }
  done
}

@test "propagation of the root" {
  for kind in private:- shared:shared rshared:shared slave:- rslave:- rprivate:- unbindable:unbindable; do
    go ".linux.rootfsPropagation = \"${kind%:*}\"" 'awk "\$5 == \"/\" { for (i = 7; \$i != \"-\"; i++) printf \"%s\", \$i; print \"\" }" /proc/self/mountinfo'
    [ "$status" -eq 0 ] || { echo "$kind: $output"; false; }
    case ${kind#*:} in
    -) [ -z "$output" ] ;;
    *) [[ $output == *"${kind#*:}"* ]] ;;
    esac || { echo "$kind: $output"; false; }
  done
  go '.linux.rootfsPropagation = "sideways"'
  said 1 rootfsPropagation
}

# ---- the program is looked for at create

@test "create tells of a program that is not there or cannot be executed, and leaves nothing" {
  touch "$root/bin/plain" && cp "$root/bin/busybox" "$root/bin/private" && chmod 700 "$root/bin/private"
  cp "$root/bin/busybox" "$root/bin/grouped" && chmod 750 "$root/bin/grouped" && chown 0:77 "$root/bin/grouped"
  mkdir -m 700 "$place/rt"
  make_bundle "$b"
  mark
  while read -r want user arg; do
    make_bundle "$b" '.process.args = [$a] | .process.user = ($u | fromjson)' --arg a "$arg" --arg u "$user"
    status=0
    timeout 20 "$runtime" --root "$place/rt" create --bundle "$b" box </dev/null >"$BATS_TEST_TMPDIR.said" 2>&1 || status=$?
    output=$(cat "$BATS_TEST_TMPDIR.said")
    case $want in
    found) said 0 && rt delete --force box ;;
    missing) said 1 "$arg" 'executable file not found' 'no such file or directory' ;;
    refused) said 1 "$arg" 'permission denied' ;;
    esac || { echo "$want $user $arg"; false; }
  done <<'END'
found {"uid":0,"gid":0} sh
found {"uid":1000,"gid":1000} /bin/busybox
missing {"uid":0,"gid":0} /nonexistent
missing {"uid":0,"gid":0} nonexistent
missing {"uid":1000,"gid":1000} /bin/none
refused {"uid":0,"gid":0} /etc/passwd
refused {"uid":0,"gid":0} /etc
refused {"uid":0,"gid":0} plain
found {"uid":0,"gid":0} private
refused {"uid":1000,"gid":1000} private
refused {"uid":1000,"gid":1000} grouped
found {"uid":1000,"gid":77} grouped
found {"uid":1000,"gid":1000,"additionalGids":[77]} grouped
END
  nothing_left
}

@test "a program that goes away after create is told by start" {
  cp "$root/bin/busybox" "$root/bin/brief"
  make_bundle "$b" '.process.args = ["/bin/brief"]'
  rt create --bundle "$b" box </dev/null >"$place/out" 2>&1
  rm "$root/bin/brief"
  run rt start box
  said 1 '/bin/brief' 'executable file not found'
  rt delete --force box
}

# ---- namespaces that exist

# other FILTER: a container `other` that sleeps; sets pid.
other() {
  script='sleep 60' make_bundle "$place/other" "$1"
  [ -z "${2:-}" ] || chown -R "$2:$2" "$place/other/rootfs"
  timeout 20 "$runtime" --root "$place/rt" run --detach --bundle "$place/other" other </dev/null >"$place/other.out" 2>&1 || { cat "$place/other.out"; return 1; }
  pid=$(rt state other | jq .pid)
}
joined() { # TYPE:FILE...: these namespaces of the other's
  local pair
  for pair in "$@"; do
    printf '.linux.namespaces |= (map(select(.type != "%s")) + [{type: "%s", path: "/proc/%s/ns/%s"}]) | ' "${pair%:*}" "${pair%:*}" "$pid" "${pair#*:}"
  done
  echo .
}

@test "a user namespace by path: its ids, and every namespace that belongs to it can be joined with it" {
  chown -R 100000:100000 "$root"
  other "$userns" 100000
  ids='cat /proc/self/uid_map | tr -s " "; id -u'
  go "$(joined user:user)" "$ids; readlink /proc/self/ns/user"
  is 0 " 0 100000 65536
0
$(readlink "/proc/$pid/ns/user")"
  # With its maps said, also by another process of it; id-mapped mounts; a new time namespace.
  go "$userns | $(joined user:user) | .linux.namespaces += [{type: \"time\"}] | .linux.timeOffsets = {boottime: {secs: 100000}} | $(mount_of /x none "$place" bind idmap)" 'stat -c %u /x'
  is 0 0
  # All of them: one sees the other's processes, with mqueue and proc mounted anew.
  go "$(joined user:user pid:pid ipc:ipc network:net uts:uts) | del(.hostname) | del(.linux.sysctl)" 'ps | grep -c "sleep 60"; readlink /proc/self/ns/ipc; readlink /proc/self/ns/net'
  [ "$status" -eq 0 ] || { echo "$status: $output"; cat "$b/config.json"; false; }
  [ "${lines[0]}" -ge 1 ] && [ "${lines[1]}" = "$(readlink "/proc/$pid/ns/ipc")" ] && [ "${lines[2]}" = "$(readlink "/proc/$pid/ns/net")" ]
  # create, start, exec, kill as ever.
  script='sleep 30' make_bundle "$b" "$(joined user:user pid:pid)"
  rt create --bundle "$b" box </dev/null >"$place/out" 2>&1
  rt start box
  run rt exec box readlink /proc/self/ns/user
  is 0 "$(readlink "/proc/$pid/ns/user")"
  rt delete --force box
  rt delete --force other
}

@test "a user namespace by path that is none, is our own, or has other maps than are said" {
  other "$userns" 100000
  for wrong in /proc/self/ns/user "/proc/$pid/ns/net" /dev/null "$place/nothing" "$place/fifo"; do
    [ -p "$place/fifo" ] || mkfifo "$place/fifo"
    go ".linux.namespaces += [{type: \"user\", path: \"$wrong\"}]"
    said 1 linux.namespaces
  done
  go "$userns | $(joined user:user) | .linux.uidMappings[0].hostID = 200000"
  said 1 linux.uidMappings
  rt delete --force other
}

# ---- cgroups without a namespace of them

@test "no cgroup namespace: the caller's is kept; /sys/fs/cgroup shows the container's own, read-only" {
  cgroup='.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "nodev", "noexec", "relatime", "ro"]}] | .linux.namespaces |= map(select(.type != "cgroup"))'
  chown -R 100000:100000 "$root"
  for filter in . "$userns"; do
    go "$filter | $cgroup" 'readlink /proc/self/ns/cgroup; grep -c '"$group"' /proc/self/cgroup
      for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $d/x 2>/dev/null && echo "made $d/x"; done
      for f in $(find /sys/fs/cgroup -name cgroup.procs); do grep -qx $$ $f || grep -qx 1 $f || grep -qx 0 $f || echo "not ours: $f $(head -n 2 $f)"; (echo 0 >$f) 2>/dev/null && echo "wrote $f"; done
      find /sys/fs/cgroup -name release_agent; find /sys/fs/cgroup -mindepth 2 -type d'
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "$(readlink /proc/self/ns/cgroup)" ]
    [ "${lines[1]}" -ge 1 ]
    [ "${#lines[@]}" -eq 2 ] || { echo "$output"; false; }
  done
}

# layered DIR...: the root as an overlay of these, the first on top.
layered() {
  local IFS=:
  printf '.mounts = [{destination: "/", type: "overlay", source: "overlay", options: ["lowerdir=%s"]}] + .mounts' "$*"
}
mapped_root='.mounts[0].uidMappings = .linux.uidMappings | .mounts[0].gidMappings = .linux.uidMappings'

@test "root of many layers: in one directory, elsewhere, mount points, links; each with its own files and owners" {
  local l=$place/layers i other=$place/elsewhere all=()
  mkdir -p "$l" "$other"
  for i in a b c d e; do
    mkdir -p "$l/$i/srv"
    echo "$i" >"$l/$i/srv/$i"
    chown "7:$((0x$i))" "$l/$i/srv/$i"
    echo "$i" >"$l/$i/srv/common"
  done
  mv "$l/e" "$other/e"
  # What lies below a mount, or a link's target, is what counts.
  mkdir -p "$place/over/srv" "$place/target/srv"
  echo mounted >"$place/over/srv/over" && echo linked >"$place/target/srv/target"
  mkdir "$l/m"
  ln -s "$place/target" "$l/link"
  mount --bind "$place/over" "$l/m"
  show='stat -c "%n %u:%g" /srv/[a-e]; cat /srv/common /srv/over /srv/target; touch /srv/x 2>/dev/null && echo written; ls /srv | wc -l'
  go "$(layered "$l/a" "$l/b" "$l/m" "$l/link" "$l/c" "$l/d" "$other/e" "$root")" "$show"
  first=$output first_status=$status
  go "$userns | $(layered "$l/a" "$l/b" "$l/m" "$l/link" "$l/c" "$l/d" "$other/e" "$root") | $mapped_root" "$show"
  umount "$l/m"
  want=$'/srv/a 7:10\n/srv/b 7:11\n/srv/c 7:12\n/srv/d 7:13\n/srv/e 7:14\na\nmounted\nlinked\n8'
  is 0 "$want"
  [ "$first_status" -eq 0 ] && [ "$first" = "$want" ]
  run go "$(layered "$l/a" "$l/nosuch" "$l/b" "$l/c" "$root")"
  [ "$status" -ne 0 ] && [[ $output == *nosuch* ]]
  # As many as images have at the most, and those that overlayfs takes.
  for ((i = 0; i < 499; i++)); do
    mkdir -p "$l/$i/srv"
    echo >"$l/$i/srv/$i"
    all+=("$l/$i")
  done
  go "$userns | $(layered "${all[@]:0:127}" "$root") | $mapped_root" 'ls /srv | wc -l'
  is 0 127
  go "$userns | $(layered "${all[@]}" "$root") | $mapped_root" 'ls /srv | wc -l'
  is 0 499
}
