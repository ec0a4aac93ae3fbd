# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the tests of the specification share. A test's name begins with the ids of musts.txt that it holds.
#
#   RUNTIME   oakum (default), runc or crun: the same tests with another runtime, for comparison

RUNTIME=${RUNTIME:-oakum}
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/../../integration/lib/start.bash"

spec_setup() {
  start_setup
  case $RUNTIME in
  oakum) ;;
  crun) # of Debian 12: refuses a host that has both versions of cgroups
    command -v crun >/dev/null || skip 'needs crun'
    runtime=$BATS_TEST_TMPDIR.crun
    printf '#!/bin/sh\nexec unshare -m sh -c '\''umount /sys/fs/cgroup/unified 2>/dev/null; exec crun "$@"'\'' crun "$@"\n' >"$runtime"
    chmod 755 "$runtime"
    ;;
  *) runtime=$(command -v "$RUNTIME") || skip "needs $RUNTIME" ;;
  esac
  bundle=$place/bundle
  log=$place/log
  mkdir -m 700 "$place/rt"
  # an ordinary user must be able to get to the root of a container with a user namespace
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_RUN_TMPDIR/file" 2>/dev/null || true
}
spec_teardown() {
  local id
  [ -d "${place:-}/rt" ] && for id in $(timeout 20 "$runtime" --root "$place/rt" list -q 2>/dev/null); do
    timeout 20 "$runtime" --root "$place/rt" delete --force "$id" >/dev/null 2>&1 || true
  done
  start_teardown
}

# No command may hang the suite; standard input is a pipe at its end (crun gives /dev/null away where there is a user namespace).
rt() { timeout 30 "$runtime" --root "$place/rt" "$@" < <(:); }
oakum_only() { [ "$RUNTIME" = oakum ] || skip "a choice of oakum's"; }

# inside SCRIPT [FILTER [JQ ARGUMENTS]]: a container runs sh -c SCRIPT; $status and $output as of `run`.
inside() {
  local script=$1 filter=${2:-.}
  shift $(($# > 1 ? 2 : 1))
  make_bundle "$bundle" "$filter" "$@"
  run rt run --bundle "$bundle" box
}
# shows WANT SCRIPT [FILTER [JQ ARGUMENTS]]: it ends with 0 and says WANT.
shows() {
  local want=$1
  shift
  inside "$@"
  [ "$status" -eq 0 ] && [ "$output" = "$want" ] || { echo "$2: status $status, \"$output\", not \"$want\""; return 1; }
}
# refuses WORD FILTER [JQ ARGUMENTS]: run and create make no container; oakum's message names WORD.
refuses() {
  local word=$1 filter=$2 command
  shift 2
  script='echo it ran' make_bundle "$bundle" "$filter" "$@"
  for command in create run; do
    status=0
    rt $command --bundle "$bundle" refused >"$BATS_TEST_TMPDIR.said" 2>&1 3>&- || status=$?
    output=$(cat "$BATS_TEST_TMPDIR.said")
    [ "$status" -ne 0 ] || { echo "$filter: $command accepts it"; rt delete --force refused; return 1; }
    [[ $output != *'it ran'* ]] || { echo "$filter: the program ran"; return 1; }
    [ "$RUNTIME" != oakum ] || [[ $output == *"$word"* ]] || { echo "$filter: no \"$word\" in: $output"; return 1; }
    [ -z "$(rt list -q)" ] || { echo "$filter: there is a container"; return 1; }
  done
}
# rt_create ARGUMENT...: `rt create` for `run`. It speaks into a file: a container that was made after all would keep run's pipe open.
rt_create() {
  local status=0
  rt create "$@" >"$BATS_TEST_TMPDIR.said" 2>&1 3>&- || status=$?
  cat "$BATS_TEST_TMPDIR.said"
  return $status
}
# created SCRIPT [FILTER [JQ ARGUMENTS]], running ...: a container `box`; what it says is in $place/out.
created() {
  local script=$1 filter=${2:-.}
  shift $(($# > 1 ? 2 : 1))
  make_bundle "$bundle" "$filter" "$@"
  rt create --bundle "$bundle" --pid-file "$place/pid" box >"$place/out" 2>&1 3>&-
  pid=$(cat "$place/pid")
}
running() {
  created "$@"
  rt start box
}
status_of() { rt state "$1" | jq -r .status; }
is_status() { [ "$(status_of "$1")" = "$2" ]; }

# hooked NAME...: for each a program that notes its state document in $place/NAME; `failing` ones end with 1.
hook_program() {
  printf '#!/bin/sh\n%s\n' "$2" >"$place/$1"
  chmod 755 "$place/$1"
}

# control V1-CONTROLLER/FILE V2-FILE: a file of the box's cgroup.
control() {
  local dir=${1%/*} file
  for file in "/sys/fs/cgroup/$dir/$group/bundle/${1##*/}" "/sys/fs/cgroup/$group/bundle/$2" "/sys/fs/cgroup/unified/$group/bundle/$2"; do
    [ -e "$file" ] || continue
    cat "$file"
    return
  done
  echo "there is no $1 and no $2"
  return 1
}
has_controller() { grep -qw "^$1" /proc/cgroups; }
