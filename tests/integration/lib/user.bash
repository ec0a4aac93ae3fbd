# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# An ordinary user for tests, who is in no file of the host: uid 12345 in a mount namespace of the test's with its own /etc/passwd,
# group, subuid and subgid (bound over the host's, which nobody touches). The namespace ends with the command.
#
# user_setup: $place (home, run, bundle), owned by the user. as [sub] COMMAND...: as the user; with sub: with a range of ids.

user_uid=12345

user_setup() {
  [ "$(id -u)" -eq 0 ] || skip 'needs root (to become somebody else)'
  local program
  for program in busybox jq setpriv unshare script; do
    command -v $program >/dev/null || skip "needs $program"
  done
  [ "$(cat /proc/sys/user/max_user_namespaces)" -gt 0 ] || skip 'this host has no user namespaces'
  [ "$(cat /proc/sys/kernel/unprivileged_userns_clone 2>/dev/null || echo 1)" = 1 ] || skip 'no user namespaces for ordinary users'
  # bats' own directory is closed to others.
  place=$(mktemp -d "${TMPDIR:-/tmp}/oakum-user.XXXXXX")
  chmod 755 "$place"
  umask 022
  mkdir "$place/home" "$place/run" "$place/etc"
  chmod 700 "$place/run"
  make_root "$place/bundle/rootfs"
  { cat /etc/passwd; echo "made-up:x:$user_uid:$user_uid::$place/home:/bin/sh"; } >"$place/etc/passwd"
  { cat /etc/group; echo "made-up:x:$user_uid:"; } >"$place/etc/group"
  echo "made-up:2000000:65536" >"$place/etc/sub"
  : >"$place/etc/nosub"
  # The programs may lie where the user cannot go.
  mkdir "$place/bin"
  cp "$bin/oakum" "$bin/oakum-runtime" "$bin/oakum-init" "$bin/oakum-unpack" "$bin/oakum-monitor" "$place/bin/"
  chown -R "$user_uid:$user_uid" "$place/home" "$place/run" "$place/bundle"
  [ -e /etc/subuid ] && [ -e /etc/subgid ] || skip 'needs /etc/subuid and /etc/subgid to exist'
}

needs_newuidmap() {
  [ -u "$(command -v newuidmap)" ] && [ -u "$(command -v newgidmap)" ] || skip 'needs newuidmap and newgidmap (package uidmap)'
}

as() {
  local sub=nosub
  [ "$1" != sub ] || { sub=sub; shift; }
  # shellcheck disable=SC2016 # expanded by the inner shell
  timeout -k 2 60 unshare -m --propagation private sh -c '
    set -e
    place=$1 sub=$2 uid=$3
    shift 3
    mount --bind "$place/etc/$sub" /etc/subuid
    mount --bind "$place/etc/$sub" /etc/subgid
    mount --bind "$place/etc/passwd" /etc/passwd
    mount --bind "$place/etc/group" /etc/group
    cd "$place/bundle"
    exec setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all \
      env -i PATH="$place/bin:$PATH" HOME="$place/home" XDG_RUNTIME_DIR="${TEST_XDG_RUNTIME_DIR-$place/run}" TERM=dumb "$@"
    ' sh "$place" "$sub" "$user_uid" "$@" 3>&-
}

# Ends what the test left running; only the user's own, whom nobody else is.
user_teardown() {
  local pid
  [ -n "${place:-}" ] || return 0
  for pid in $(find /proc -maxdepth 1 -name '[0-9]*' \( -uid $user_uid -o -uid +1999999 -uid -2065537 \) -printf '%f\n' 2>/dev/null); do
    if grep -qs "$place" "/proc/$pid/cmdline" "/proc/$pid/environ" "/proc/$pid/mountinfo"; then kill -KILL "$pid" 2>/dev/null || true; fi
  done
  rm -rf --one-file-system "$place"
}

# config FILTER [JQ ARGUMENTS]: the bundle's config.json, from `spec --rootless`, changed; program: sh -c $script.
config() {
  rm -f "$place/bundle/config.json"
  as oakum-runtime spec --rootless
  jq --arg script "${script:-true}" ".process.terminal = false | .process.args = [\"sh\", \"-c\", \$script] | ${1:-.}" \
    "${@:2}" "$place/bundle/config.json" >"$place/config.new"
  cat "$place/config.new" >"$place/bundle/config.json"
}
# shellcheck disable=SC2034 # used by tests
range='.linux.uidMappings += [{containerID: 1, hostID: 2000000, size: 65536}] | .linux.gidMappings = (.linux.uidMappings | .[0].hostID = 12345)'
