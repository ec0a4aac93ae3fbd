# SPDX-License-Identifier: Apache-2.0
# Input that is too much, or that goes away: it works or is refused in one line, in bounded time, and leaves nothing.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  mkdir -m 700 "$place/rt"
}
teardown() {
  local status=0
  [ -z "${helper:-}" ] || kill "$helper" 2>/dev/null || true
  start_teardown || status=1
  ! mountpoint -q "$place/read-only" 2>/dev/null || umount "$place/read-only"
  return $status
}
rt() { timeout 60 "$runtime" --root "$place/rt" "$@"; }

# big FILTER MEMBER: a bundle whose config.json has at MEMBER the JSON of standard input, however long.
big() {
  make_bundle "$place/bundle" "$1"
  cat >"$place/values"
  jq --slurpfile v "$place/values" "$2 = \$v[0]" "$place/bundle/config.json" >"$place/config.big"
  mv "$place/config.big" "$place/bundle/config.json"
}

@test "a config.json of 10 MB that is all used: annotations" {
  script='echo fine; sleep 60' big . .annotations < <(head -c 10000000 /dev/zero | tr '\0' x | jq -R '{ big: ., small: "here" }')
  [ "$(stat -c %s "$place/bundle/config.json")" -gt 10000000 ]
  rt run --detach --bundle "$place/bundle" big </dev/null >"$place/out" 2>&1 3>&-
  wait_for 10 grep -q fine "$place/out"
  [ "$(rt state big | jq -r '.annotations | "\(.small) \(.big | length)"')" = 'here 10000000' ]
  rt exec big true </dev/null
  rt delete --force big
}
@test "a config.json of 10 MB that nobody reads" {
  script='echo fine' big . '.["com.example.extension"]' < <(head -c 10000000 /dev/zero | tr '\0' x | jq -R '[., { a: . }]')
  run rt run --bundle "$place/bundle" big </dev/null
  said 0 fine
}
@test "1,000 mounts" {
  mkdir "$place/source"
  echo content >"$place/source/file"
  script='grep -c " /mnt/" /proc/self/mountinfo; cat /mnt/1/file /mnt/1000/file' big '.root.readonly = false' .mounts \
    < <(jq --arg s "$place/source" '.mounts + [range(1; 1001) | { destination: "/mnt/\(.)", type: "bind", source: $s, options: ["bind", "ro"] }]' "$top/bench/start/config.json")
  began=$SECONDS
  run rt run --bundle "$place/bundle" many </dev/null
  [ "$output" = $'1000\ncontent\ncontent' ] || { echo "$output" | head; false; }
  [ $((SECONDS - began)) -le 20 ]
  no_cgroup_left
}
@test "1,000 mounts on one place" {
  script='grep -c " /mnt " /proc/self/mountinfo' big . .mounts \
    < <(jq '.mounts + [range(1; 1001) | { destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["size=4k"] }]' "$top/bench/start/config.json")
  run rt run --bundle "$place/bundle" many </dev/null
  [ "$output" = 1000 ] || { echo "$output" | head; false; }
}
@test "10,000 variables of environment" {
  big '.process.args = ["sh", "-c", "env | grep -c ^NAME_; echo $NAME_9999"]' .process.env < <(jq -n '["PATH=/bin"] + [range(0; 10000) | "NAME_\(.)=value \(.)"]')
  run rt run --bundle "$place/bundle" env </dev/null
  said 0 10000 'value 9999'
}
@test "more arguments and environment than the kernel takes are an error that says so" {
  for member in .process.env .process.args; do
    script=true big . $member < <(jq -n '["/bin/true"] + [range(0; 100) | "A\(.)=" + ("x" * 100000)]')
    run rt run --bundle "$place/bundle" much </dev/null
    [ "$status" -ne 0 ]
    one_error "$output"
    [[ $output == *'Argument list too long'* ]] || { echo "${output:0:300}"; false; }
    no_cgroup_left
  done
}
@test "10,000 seccomp rules, sysctls, devices, annotations, masked paths: read, or refused in a line" {
  while IFS='|' read -r member values; do
    script='echo fine' big . "$member" < <(jq -n "${values//#/|}")
    run rt run --bundle "$place/bundle" many </dev/null
    [ "$status" -ne 124 ] || { echo "$member hangs"; false; }
    if [ "$status" -eq 0 ]; then
      [ "$output" = fine ]
    else
      one_error "$output"
    fi || { echo "$member: ${output:0:300}"; false; }
    no_cgroup_left
    [ -z "$(rt list -q)" ]
  done <<'END'
.linux.seccomp|{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [range(0; 10000) # { names: ["acct"], action: "SCMP_ACT_ERRNO", args: [{ index: 0, value: ., op: "SCMP_CMP_EQ" }] }] }
.linux.sysctl|[range(0; 10000) # { key: "net.no.such.\(.)", value: "1" }] # from_entries
.linux.devices|[range(0; 10000) # { path: "/dev/d\(.)", type: "c", major: 1, minor: 3 }]
.annotations|[range(0; 10000) # { key: "key.\(.)", value: "v" }] # from_entries
.linux.maskedPaths|[range(0; 10000) # "/proc/no/\(.)"]
.linux.readonlyPaths|[range(0; 10000) # "/proc/no/\(.)"]
.process.user|{ uid: 0, gid: 0, additionalGids: [range(1; 10001)] }
.process.capabilities.bounding|[range(0; 10000) # "CAP_CHOWN"]
.linux.uidMappings|[range(0; 10000) # { containerID: ., hostID: (100000 + .), size: 1 }]
.hooks|{ prestart: [range(0; 300) # { path: "/bin/true" }] }
END
}

# listener KIND: a socket, and what listens there does.
listener() {
  timeout 60 python3 - "$place/console" "$1" 3>&- <<'END' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
if sys.argv[2] != 'deaf':
    s.listen()
if sys.argv[2] == 'closes':
    s.accept()[0].close()
elif sys.argv[2] == 'reads and closes':
    c = s.accept()[0]
    c.recvmsg(4096, 256)
    c.close()
elif sys.argv[2] == 'goes':
    s.close()
else:
    time.sleep(50)
END
  helper=$!
  wait_for 10 test -S "$place/console"
  [ "$1" != goes ] || wait "$helper"
  [ "$1" = goes ] || sleep 0.2
}
@test "a console socket that is not there, is no socket, has nobody, or whose owner goes away" {
  script='echo text; sleep 0.3; echo more' make_bundle "$place/bundle" '.process.terminal = true'
  # kind, and whether the container may come to be
  while IFS='|' read -r kind may; do
    rm -f "$place/console"
    socket=$place/console
    case $kind in
    missing) ;;
    file) touch "$place/console" ;;
    'too long') socket=$place/$(printf 'x%.0s' {1..150}) ;;
    *) listener "$kind" ;;
    esac
    status=0
    timeout 20 "$runtime" --root "$place/rt" create --console-socket "$socket" --bundle "$place/bundle" box </dev/null >"$place/out" 2>&1 3>&- || status=$?
    [ $status -ne 124 ] || { echo "$kind: hangs"; false; }
    if [ $may = no ]; then
      [ $status -ne 0 ] || { echo "$kind: made"; false; }
      one_error "$(cat "$place/out")"
      [ -z "$(rt list -q)" ]
    elif [ $status -eq 0 ]; then
      timeout 20 "$runtime" --root "$place/rt" start box </dev/null
      timeout 20 "$runtime" --root "$place/rt" delete --force box
    fi
    no_cgroup_left || { echo "after: $kind"; false; }
    [ -z "${helper:-}" ] || kill "$helper" 2>/dev/null || true
    helper=
  done <<'END'
missing|no
file|no
too long|no
deaf|no
goes|no
closes|yes
reads and closes|yes
never accepts|yes
END
}

@test "a state directory that is read-only, or another user's, or no directory" {
  make_bundle "$place/bundle"
  mkdir "$place/read-only"
  mount -t tmpfs -o mode=700 tmpfs "$place/read-only"
  mkdir -m 700 "$place/read-only/rt"
  mount -o remount,ro "$place/read-only"
  mkdir -m 700 "$place/theirs"
  chown 1234:1234 "$place/theirs"
  touch "$place/file"
  ln -s /nothing/there "$place/link"
  for root in "$place/read-only/rt" "$place/read-only/new" "$place/theirs" "$place/file" "$place/file/below" "$place/link"; do
    for command in "run --bundle $place/bundle box" "create --bundle $place/bundle box" 'state box' 'delete --force box' 'list'; do
      run timeout 20 "$runtime" --root "$root" $command </dev/null
      [ "$status" -ne 124 ] || { echo "$root: $command hangs"; false; }
      case "$root $command" in
      "$place/read-only/rt list" | "$place/read-only/rt delete"*) [ "$status" -eq 0 ] ;; # nothing is there, which is what they say
      *) [ "$status" -ne 0 ] && one_error "$output" ;;
      esac || { echo "$root: $command: $status $output"; false; }
    done
    no_cgroup_left
  done
  umount "$place/read-only"
}
@test "the owner of the state directory changes while a container runs" {
  script='sleep 60' make_bundle "$place/bundle"
  rt run --detach --bundle "$place/bundle" box </dev/null >/dev/null 2>&1 3>&-
  chown 1234 "$place/rt"
  run rt state box
  [ "$status" -ne 0 ]
  one_error "$output"
  chown 0 "$place/rt"
  chmod 777 "$place/rt"
  run rt kill box KILL
  [ "$status" -ne 0 ]
  chmod 700 "$place/rt"
  [ "$(rt state box | jq -r .status)" = running ]
  rt delete --force box
}
