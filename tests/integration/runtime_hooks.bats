# SPDX-License-Identifier: Apache-2.0
# Hooks of the runtime specification: who runs them, when, with what, and what a failure does.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  log=$place/log
  mkdir -p "$place/hooks"
  mkdir -m 700 "$place/rt"
  # NAME: appends "NAME status pid cwd" of its state document to the log.
  cat >"$place/hooks/note" <<END
#!/bin/sh
state=\$(/bin/cat)
echo "\$1 \$(echo "\$state" | /usr/bin/jq -r '.status + " " + (.pid|tostring)') \$PWD" >>$log
[ -z "\$2" ] || { echo "said by \$1"; echo "and more" >&2; exit \$2; }
END
  chmod +x "$place/hooks/note"
}
teardown() { start_teardown; }

# hook KIND NAME [STATUS]: a filter that appends a note.
hook() { echo ".hooks.$1 += [{path: \$note, args: [\"note\", \"$2\"$([ -z "${3:-}" ] || echo ", \"$3\"")]}]"; }
bundle_with() {
  local filter=. kind
  for kind in "$@"; do filter="$filter | $kind"; done
  make_bundle "$place/bundle" "$filter" --arg note "$place/hooks/note"
}
names() { cut -d' ' -f1 "$log" | paste -sd' '; }

@test "all kinds of the runtime's namespaces, in order, with status, pid and the bundle as directory" {
  bundle_with .
  mark
  script='sleep 60' bundle_with "$(hook prestart a)" "$(hook prestart b)" "$(hook createRuntime c)" "$(hook createContainer d)" "$(hook poststart e)" "$(hook poststop f)"
  rt create --bundle "$place/bundle" --pid-file "$place/pid" victim </dev/null >/dev/null 2>&1
  pid=$(cat "$place/pid")
  [ "$(cat "$log")" = "a creating $pid $place/bundle
b creating $pid $place/bundle
c creating $pid $place/bundle
d creating 1 $place/bundle" ]
  rt start victim
  [ "$(tail -n 1 "$log")" = "e running $pid $place/bundle" ]
  rt kill victim KILL
  wait_for 5 rt delete victim
  [ "$(tail -n 1 "$log")" = "f stopped null $place/bundle" ]
  rm "$log" "$place/pid"
  nothing_left
}

@test "run has them all too, poststop after the end" {
  script='echo in the middle' bundle_with "$(hook prestart a)" "$(hook createContainer b)" "$(hook poststart c)" "$(hook poststop d)"
  mark
  [ "$(rt run --bundle "$place/bundle" victim)" = 'in the middle' ]
  [ "$(names)" = 'a b c d' ]
  rm "$log"
  nothing_left
}

@test "run --detach and delete --force have them" {
  script='sleep 60' bundle_with "$(hook poststart c)" "$(hook poststop d)"
  rt run --detach --bundle "$place/bundle" victim </dev/null >/dev/null 2>&1
  [ "$(names)" = c ]
  rt delete --force victim
  [ "$(names)" = 'c d' ]
}

@test "createContainer: the container's namespaces, the host's files, the root in its place" {
  cat >"$place/hooks/look" <<END
#!/bin/sh
/bin/readlink /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/uts >$log
/bin/ls -d /etc/debian_version $place/hooks/look >>$log
/bin/grep -c " $place/bundle/rootfs/proc " /proc/self/mountinfo >>$log
/bin/hostname >>$log
END
  chmod +x "$place/hooks/look"
  make_bundle "$place/bundle" '.hooks.createContainer = [{path: $p}]' --arg p "$place/hooks/look"
  rt run --bundle "$place/bundle" victim
  [ "$(sed -n 6,7p "$log")" = "1
bench" ] || { cat "$log"; false; }
  ! grep -qF "$(readlink /proc/self/ns/mnt)" "$log"
  ! grep -qF "$(readlink /proc/self/ns/net)" "$log"
}

@test "a createRuntime hook finds the container's network by pid, and what it adds is there for the program and for sysctls" {
  command -v ip >/dev/null || skip 'needs ip'
  cat >"$place/hooks/net" <<'END'
#!/bin/sh
pid=$(/usr/bin/jq .pid)
exec /usr/bin/nsenter -t "$pid" -n /sbin/ip link add given0 type veth peer name given1 2>&1
END
  chmod +x "$place/hooks/net"
  script='ls /sys/class/net; cat /proc/sys/net/ipv4/conf/given0/rp_filter' \
    make_bundle "$place/bundle" '.hooks.createRuntime = [{path: $p}] | .linux.sysctl = {"net.ipv4.conf.given0.rp_filter": "2"}' --arg p "$place/hooks/net"
  run rt run --bundle "$place/bundle" victim
  said 0 given0 lo
  [ "${lines[-1]}" = 2 ]
}

@test "a prestart hook can mount into the root, also into a read-only one" {
  cat >"$place/hooks/mount" <<END
#!/bin/sh
pid=\$(/usr/bin/jq .pid)
exec /usr/bin/nsenter -t "\$pid" -m /bin/mount --bind $place/gift $place/bundle/rootfs/home 2>&1
END
  chmod +x "$place/hooks/mount"
  mkdir "$place/gift"
  echo here >"$place/gift/file"
  script='cat /home/file' make_bundle "$place/bundle" '.hooks.prestart = [{path: $p}]' --arg p "$place/hooks/mount"
  mark
  run rt run --bundle "$place/bundle" victim
  said 0 here
  nothing_left
}

@test "startContainer: in the root, before the program, with the container's restrictions and not its output" {
  cat >"$place/hook" <<'END'
#!/bin/sh
cat >/tmp/state
{ pwd; grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; id -u; tr "\\0" "\\n" </proc/self/environ; } >/tmp/hook
echo noise
END
  chmod 755 "$place/hook"
  script='cat /tmp/state; echo; cat /tmp/hook' \
    make_bundle "$place/bundle" '.hooks.startContainer = [{path: "/bin/hook", env: ["ONLY=this"]}] | .process.user = {uid: 8, gid: 8} | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["fork", "vfork", "wait4", "waitid", "ppoll", "poll"], action: "SCMP_ACT_ALLOW"}]}'
  cp "$place/hook" "$place/bundle/rootfs/bin/hook"
  run rt run --bundle "$place/bundle" victim
  said 0 '"status":"created"' '"pid":1' 'CapEff:	0000000000000000' 'CapBnd:	0000000000000000' 'NoNewPrivs:	1' 'Seccomp:	2' 'ONLY=this'
  [[ "$output" != *noise* ]]
  [ "$(grep -cx 8 <<<"$output")" -eq 1 ]
  [ "$(grep -cx / <<<"$output")" -eq 1 ]
  ! grep -q '^PATH=' <<<"$output"
}

@test "environment and descriptors are exactly what was given" {
  cat >"$place/hooks/show" <<END
#!/bin/sh
{ tr '\\0' '|' </proc/self/environ; echo; ls /proc/self/fd | paste -sd' '; } >>$log
END
  chmod +x "$place/hooks/show"
  make_bundle "$place/bundle" '.hooks.prestart = [{path: $p, args: ["x", "", "b c"], env: ["A=1", "B=2 3"]}, {path: $p, env: []}] | .hooks.createContainer = [{path: $p, env: []}] | .hooks.poststop = [{path: $p, env: []}]' --arg p "$place/hooks/show"
  SECRET=1 rt run --bundle "$place/bundle" victim 7</dev/null
  # 3 is the directory that ls reads
  [ "$(cat "$log")" = 'A=1|B=2 3|
0 1 2 3

0 1 2 3

0 1 2 3

0 1 2 3' ] || { cat "$log"; false; }
}

@test "a hook without env has the runtime's environment, a startContainer hook its container's" {
  printf '#!/bin/sh\ntr "\\0" "|" </proc/self/environ >>%s; echo >>%s\n' "$log" "$log" >"$place/hooks/show"
  chmod +x "$place/hooks/show"
  script='cat /tmp/env; env' make_bundle "$place/bundle" '(["prestart", "createRuntime", "createContainer", "poststart", "poststop"] | map({(.): [{path: $p}]}) | add) as $h
    | .hooks = $h + {startContainer: [{path: "/bin/sh", args: ["sh", "-c", "env >/tmp/env"]}]} | .process.env = ["PATH=/bin", "OWN=1"]' --arg p "$place/hooks/show"
  run env -i PATH=/usr/bin:/bin SECRET=1 "$runtime" --root "$place/rt" run --bundle "$place/bundle" victim 7</dev/null
  [ "$status" -eq 0 ]
  [ "$(grep -c 'SECRET=1|' "$log")" = 5 ] || { cat "$log"; false; }
  ! grep -q OWN "$log"
  [ "$(grep -cx OWN=1 <<<"$output")" = 2 ] && [ "$(grep -cx HOME=/root <<<"$output")" = 2 ] || { echo "$output"; false; }
  [[ $output != *SECRET* ]]
  # An empty one stays what it is, also when the document was written anew.
  rm "$log"
  script='sleep 60' make_bundle "$place/bundle" '.hooks.poststop = [{path: $p, env: []}]' --arg p "$place/hooks/show"
  rt run --detach --bundle "$place/bundle" victim </dev/null >/dev/null 2>&1 3>&-
  rt update --pids-limit 100 victim
  rt delete --force victim
  [ "$(cat "$log")" = '' ] && [ -e "$log" ] || { cat "$log"; false; }
}

@test "arguments are given as they are; without any there is the path" {
  printf '#!/bin/sh\nprintf "%%s|" "$0" "$@" >>%s; echo >>%s\n' "$log" "$log" >"$place/hooks/args"
  chmod +x "$place/hooks/args"
  make_bundle "$place/bundle" '.hooks.prestart = [{path: $p, args: ["x", "", "b c"]}, {path: $p}, {path: "/bin/sh", args: ["own-name", "-c", "echo $0 >>" + $log]}]' --arg p "$place/hooks/args" --arg log "$log"
  rt run --bundle "$place/bundle" victim
  [ "$(cat "$log")" = "$place/hooks/args||b c|
$place/hooks/args|
own-name" ] || { cat "$log"; false; }
}

@test "a path is never searched for" {
  mkdir "$place/path"
  cp "$place/hooks/note" "$place/path/note"
  make_bundle "$place/bundle" '.hooks.prestart = [{path: "note"}]'
  PATH=$place/path:$PATH run rt run --bundle "$place/bundle" victim
  said 1 hooks.prestart
  make_bundle "$place/bundle" '.hooks.prestart = [{path: "/no/such/hook"}]'
  run rt run --bundle "$place/bundle" victim
  said 1 'hooks.prestart[0] (/no/such/hook)' 'No such file'
}

@test "a failing hook of create stops the rest, is named with what it said, and undoes everything but poststop" {
  for kind in prestart createRuntime createContainer; do
    rm -f "$log"
    bundle_with "$(hook $kind a)" "$(hook $kind b 3)" "$(hook $kind c)" "$(hook startContainer never)" "$(hook poststart never)" "$(hook prestart first)" "$(hook poststop stop)"
    mark
    run rt create --bundle "$place/bundle" victim
    said 1 "hooks.$kind[1]" "$place/hooks/note" 'status 3' "said by b" 'and more'
    one_error "$output"
    case $kind in
    prestart) [ "$(names)" = 'a b stop' ] ;;
    *) [ "$(names)" = 'first a b stop' ] ;;
    esac
    [ -z "$(rt list -q)" ]
    rm "$log"
    nothing_left
  done
}

@test "a failing startContainer hook: start says so, the program does not run, delete takes it away" {
  script='echo program' make_bundle "$place/bundle" '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo why; exit 9"]}]'
  mark
  rt create --bundle "$place/bundle" victim </dev/null >"$place/out" 2>&1
  run rt start victim
  said 1 'hooks.startContainer[0] (/bin/sh)' 'status 9' why
  wait_for 5 rt delete victim
  [ ! -s "$place/out" ]
  rm "$place/out"
  run rt run --bundle "$place/bundle" victim
  said 1 'hooks.startContainer[0] (/bin/sh)' 'status 9'
  nothing_left
}

@test "a failing poststart hook is an error and ends the container" {
  script='sleep 60' bundle_with "$(hook poststart a 4)" "$(hook poststart b)" "$(hook poststop c)"
  mark
  rt create --bundle "$place/bundle" victim </dev/null >/dev/null 2>&1
  run rt start victim
  said 1 'hooks.poststart[0]' 'status 4'
  [ "$(rt state victim | jq -r .status)" = stopped ]
  rt delete victim
  [ "$(names)" = 'a c' ]
  rm "$log"
  for detach in '' --detach; do
    run rt run $detach --bundle "$place/bundle" victim </dev/null
    said 1 'hooks.poststart[0]' 'status 4'
    [ "$(names)" = 'a c' ]
    rm "$log"
    nothing_left
  done
}

@test "a failing poststop hook is only logged, and the others run" {
  bundle_with "$(hook poststop a 5)" "$(hook poststop b)"
  run rt run --bundle "$place/bundle" victim
  said 0 'hooks.poststop[0]' 'status 5'
  [ "$(names)" = 'a b' ]
  rt create --bundle "$place/bundle" victim </dev/null >/dev/null 2>&1
  run rt delete --force victim
  said 0 'hooks.poststop[0]'
  [ -z "$(rt list -q)" ]
}

@test "a hook that hangs is killed with its children when its time is over" {
  cat >"$place/hooks/hang" <<END
#!/bin/sh
/bin/sleep 600.25 &
echo \$! >$log
/bin/sleep 600.25
END
  chmod +x "$place/hooks/hang"
  for kind in prestart createContainer; do
    make_bundle "$place/bundle" ".hooks.$kind = [{path: \$p, timeout: 1}]" --arg p "$place/hooks/hang"
    began=$SECONDS
    run rt create --bundle "$place/bundle" victim
    said 1 "hooks.$kind[0]" 'timeout of 1 s'
    [ $((SECONDS - began)) -le 4 ]
    ! pgrep -f 'sleep 600.25'
    [ -z "$(rt list -q)" ]
  done
}

@test "a hook may leave a process behind and need not read its input" {
  cat >"$place/hooks/daemon" <<END
#!/bin/sh
/bin/sleep 600.5 &
echo \$! >$log
END
  chmod +x "$place/hooks/daemon"
  make_bundle "$place/bundle" '.hooks.prestart = [{path: $p}] | .annotations = {big: ("x" * 200000)}' --arg p "$place/hooks/daemon"
  timeout 10 "$runtime" --root "$place/rt" run --bundle "$place/bundle" victim
  kill "$(cat "$log")"
}

@test "a long state document arrives whole; so do annotations" {
  cat >"$place/hooks/size" <<END
#!/bin/sh
/usr/bin/jq -r '(.annotations.big|length|tostring) + " " + .annotations.small + " " + .ociVersion + " " + .id' >$log
END
  chmod +x "$place/hooks/size"
  make_bundle "$place/bundle" '.hooks.prestart = [{path: $p}] | .annotations = {big: ("x" * 200000), small: "ä"}' --arg p "$place/hooks/size"
  rt run --bundle "$place/bundle" victim
  [ "$(cat "$log")" = '200000 ä 1.0.2 victim' ]
}

@test "a signal to a foreground run ends a hook that hangs, and everything is undone" {
  printf '#!/bin/sh\nexec /bin/sleep 600.75\n' >"$place/hooks/hang"
  chmod +x "$place/hooks/hang"
  make_bundle "$place/bundle" '.hooks.prestart = [{path: $p}]' --arg p "$place/hooks/hang"
  mark
  "$runtime" --root "$place/rt" run --bundle "$place/bundle" victim >/dev/null 2>&1 &
  wait_for 5 pgrep -f 'sleep 600.75'
  kill -TERM $!
  wait $! || true
  ! pgrep -f 'sleep 600.75'
  nothing_left
}

@test "output without end does not hang or fill anything" {
  printf '#!/bin/sh\n/usr/bin/yes | /usr/bin/head -c 3000000\necho the end\nexit 1\n' >"$place/hooks/loud"
  chmod +x "$place/hooks/loud"
  make_bundle "$place/bundle" '.hooks.prestart = [{path: $p}]' --arg p "$place/hooks/loud"
  run rt run --bundle "$place/bundle" victim
  said 1 'the end'
  [ "${#output}" -lt 1100 ]
}

@test "a poststart hook may use exec and state on the container" {
  printf '#!/bin/sh\n%s --root %s exec victim echo inside >>%s 2>&1\n%s --root %s state victim >>%s\n' "$runtime" "$place/rt" "$log" "$runtime" "$place/rt" "$log" >"$place/hooks/use"
  chmod +x "$place/hooks/use"
  script='sleep 60' make_bundle "$place/bundle" '.hooks.poststart = [{path: $p, timeout: 5}]' --arg p "$place/hooks/use"
  rt run --detach --bundle "$place/bundle" victim </dev/null >/dev/null 2>&1
  grep -q inside "$log"
  grep -q '"status": "running"' "$log"
  rt delete --force victim
}

@test "hooks without a pid namespace of the container's own leave nothing when they fail" {
  printf '#!/bin/sh\n/bin/sleep 600.125 >/dev/null 2>&1 &\nexit 1\n' >"$place/hooks/bad"
  chmod +x "$place/hooks/bad"
  make_bundle "$place/bundle" '.hooks.createContainer = [{path: $p}] | .linux.namespaces |= map(select(.type != "pid"))' --arg p "$place/hooks/bad"
  mark
  run rt run --bundle "$place/bundle" victim
  said 1 'hooks.createContainer[0]'
  ! pgrep -f 'sleep 600.125'
  nothing_left
}
