#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# pasta (Debian's package passt) gives a container of an ordinary user a network: by the number of its process alone, since its network
# namespace belongs to a user namespace of that user. Between create and start, as engines do it, and to a running one.

bats_require_minimum_version 1.5.0
load lib/start
load lib/user

setup() {
  command -v pasta >/dev/null || skip 'needs pasta (package passt)'
  [ -c /dev/net/tun ] || skip 'needs /dev/net/tun'
  user_setup
  # A host: one interface with an address and a way out of it, which pasta copies, and a server on the loopback, where pasta leads
  # what is sent to the gateway; /dev/net/tun as udev makes it.
  mknod -m 666 "$place/tun" c 10 200
  mkdir "$place/www"
  echo served >"$place/www/page"
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare -n -m --propagation private sh -c '
    set -e
    mount --bind "$1/tun" /dev/net/tun
    ip link set lo up
    ip link add ext0 type veth peer name ext1
    ip addr add 192.0.2.10/24 dev ext0
    ip link set ext1 up
    ip link set ext0 up
    ip route add default via 192.0.2.1
    exec busybox httpd -f -p 127.0.0.1:8123 -h "$1/www"' sh "$place" 3>&- &
  host=$!
  wait_for 10 nsenter -t "$host" -n busybox wget -q -O /dev/null http://127.0.0.1:8123/page
}
teardown() {
  [ -z "${place:-}" ] || [ ! -s "$place/run/pasta" ] || kill "$(cat "$place/run/pasta")" 2>/dev/null || true
  [ -z "${host:-}" ] || kill "$host" 2>/dev/null || true
  user_teardown
}

here() { nsenter -t "$host" -n -m -- bash -c "$(declare -f as); place=$place user_uid=$user_uid; as \"\$@\"" bash "$@"; }
pasta() { here pasta --config-net --quiet --pid "$place/run/pasta" "$@"; }

@test 'pasta: by the pid of a container that was created, before it starts' {
  script='ip -4 addr show ext0 | grep -o "inet [0-9./]*"; wget -q -O - http://192.0.2.1:8123/page; ip route | grep default' config
  here oakum-runtime create --pid-file "$place/run/pid" box </dev/null >"$place/run/out" 2>&1
  run pasta "$(cat "$place/run/pid")"
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  here oakum-runtime start box
  wait_for 20 grep -q default "$place/run/out"
  grep -q 'inet 192.0.2.10/24' "$place/run/out"
  grep -q served "$place/run/out"
  here oakum-runtime delete --force box
}

@test 'pasta: as a hook, before the program runs' {
  printf '#!/bin/sh\nexec pasta --config-net --quiet --pid "%s/run/pasta" "$(jq .pid)"\n' "$place" >"$place/hook"
  chmod 755 "$place/hook"
  # shellcheck disable=SC2016 # expanded by jq
  script='wget -q -O - http://192.0.2.1:8123/page' config '.hooks.createRuntime = [{path: $h, env: ["PATH=\($path)"], timeout: 20}]' --arg h "$place/hook" --arg path "$PATH"
  run here oakum-runtime run box </dev/null
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  [[ $output == *served* ]]
}

@test 'pasta: by the pid of a container that runs' {
  script='until wget -q -O - http://192.0.2.1:8123/page; do sleep 0.1; done; sleep 60' config
  here oakum-runtime run --detach --pid-file "$place/run/pid" box </dev/null >"$place/run/out" 2>/dev/null
  run pasta "$(cat "$place/run/pid")"
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  wait_for 20 grep -q served "$place/run/out"
  here oakum-runtime delete --force box
}

# Who waits for its start still has rights and descriptors: it can be looked into only where nobody but its owner can.
@test 'a container that waits in a pid namespace with others stays closed to them' {
  config
  here oakum-runtime create --pid-file "$place/run/pid" own </dev/null >/dev/null 2>&1
  run here readlink "/proc/$(cat "$place/run/pid")/ns/net"
  [[ $status -eq 0 && $output == net:* ]]
  # Nor by exec, which may come before start: with CAP_SYS_PTRACE it could look into the first process.
  run here oakum-runtime exec own true
  [ "$status" -eq 0 ]
  config '.process.capabilities = (["bounding", "effective", "permitted"] | map({key: ., value: ["CAP_SYS_PTRACE"]}) | from_entries)'
  here oakum-runtime create tracer </dev/null >/dev/null 2>&1
  run here oakum-runtime exec tracer true
  [[ $status -eq 1 && $output == *"not started"* ]] || { echo "$status $output"; false; }
  here oakum-runtime start tracer
  here oakum-runtime delete --force tracer
  config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.type != "proc"))'
  here oakum-runtime create --pid-file "$place/run/pid" shared </dev/null >"$place/run/out" 2>&1 || { cat "$place/run/out"; false; }
  run here readlink "/proc/$(cat "$place/run/pid")/ns/net"
  [ "$status" -eq 1 ]
  here oakum-runtime delete --force own
  here oakum-runtime delete --force shared
}
