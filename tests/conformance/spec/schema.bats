# SPDX-License-Identifier: Apache-2.0
# The specification's own JSON schemas and example documents. Debian's package (golang-github-opencontainers-specs-dev) has the
# schemas of 1.0.2 and no examples; RUNTIME_SPEC names the directory of a later one (the Go module
# github.com/opencontainers/runtime-spec, with schema/ in it), which has both.
bats_require_minimum_version 1.5.0
load lib
setup() {
  spec_setup
  for dir in "${RUNTIME_SPEC:-/nothing}" "${GOPATH:-$HOME/go}"/pkg/mod/github.com/opencontainers/runtime-spec@v1.[3-9]* \
    /usr/share/gocode/src/github.com/opencontainers/runtime-spec; do
    [ ! -f "$dir/schema/config-schema.json" ] || break
  done
  schemas=$dir/schema
  case $BATS_TEST_DESCRIPTION in
  *'written here'*) return ;;
  esac
  [ -f "$schemas/config-schema.json" ] || skip "the specification's schemas are not installed"
  python3 -c 'import jsonschema' 2>/dev/null || skip 'needs python3-jsonschema'
}
teardown() { spec_teardown; }
valid() { "$BATS_TEST_DIRNAME/schema" "$schemas" "$@"; }

@test "the schemas refuse what is wrong" {
  echo '{ "ociVersion": 1, "process": { "cwd": 5 } }' >"$place/wrong.json"
  run ! valid config-schema.json "$place/wrong.json"
  echo '{ "id": "x" }' >"$place/wrong.json"
  run ! valid state-schema.json "$place/wrong.json"
}
@test "what spec prints is valid by the configuration's schema" {
  oakum_only
  mkdir "$bundle" "$place/rootless"
  rt spec --bundle "$bundle"
  valid config-schema.json "$bundle/config.json"
}
@test "what state prints is valid by the state's schema" {
  created 'sleep 60' '.annotations = { a: "b" }'
  rt state box >"$place/1.json"
  rt start box
  rt state box >"$place/2.json"
  rt kill box KILL
  wait_for 10 is_status box stopped
  rt state box >"$place/3.json"
  valid state-schema.json "$place"/[123].json
}
@test "the state that hooks read is valid by the state's schema" {
  hook_program keep "/bin/cat >\"\$(mktemp $place/state.XXXXXX)\""
  running 'sleep 60' '.hooks = (["prestart", "createRuntime", "createContainer", "poststart", "poststop"] | map({ (.): [{ path: $p }] }) | add)' --arg p "$place/keep"
  rt delete --force box
  [ "$(ls "$place"/state.* | wc -l)" -eq 5 ]
  valid state-schema.json "$place"/state.*
}
@test "what features prints is valid by the features' schema" {
  [ -f "$schemas/features-schema.json" ] || skip "these schemas have none for features (they are older than 1.1)"
  rt features >"$place/features.json"
  valid features-schema.json "$place/features.json"
}
@test "what features prints is valid by the schema written here" {
  rt features >"$place/features.json"
  jq -e '
    def only(names): (keys - names) == [];
    only(["ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations", "potentiallyUnsafeConfigAnnotations"])
    and (.linux | only(["namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "memoryPolicy", "mountExtensions", "netDevices"])
      and (.cgroup | only(["v1", "v2", "systemd", "systemdUser", "rdma"]) and all(.[]; type == "boolean"))
      and (.seccomp | only(["enabled", "actions", "operators", "archs", "knownFlags", "supportedFlags"]))
      and (.apparmor | only(["enabled"])) and (.selinux | only(["enabled"])) and (.intelRdt | only(["enabled", "schemata", "monitoring"]))
      and (.memoryPolicy | only(["modes", "flags"])) and (.mountExtensions | only(["idmap"]) and (.idmap | only(["enabled"]))) and (.netDevices | only(["enabled"])))
    and all(.hooks, .mountOptions, .linux.namespaces, .linux.capabilities, .linux.seccomp.actions, .linux.seccomp.operators, .linux.seccomp.archs,
      .linux.seccomp.knownFlags, .linux.seccomp.supportedFlags; type == "array" and all(.[]; type == "string") and (unique | length) == length)' "$place/features.json"
}
@test "what is written of the specification that oakum run makes is valid by the configuration's schema" {
  oakum_only
  make_image
  oak run --name first --network none --cgroup-parent "/$group" --memory 64m --cpus 0.5 --ulimit nofile=50:60 -e A=b --tmpfs /data:size=1m box sleep 60 3>&- &
  oak run --name second --network none --cgroup-parent "/$group" --userns host --user 0 --cap-add CHOWN --read-only=false box sleep 60 3>&- &
  for name in first second; do wait_for 20 oak exec $name true; done
  configs=$(find "$place/state" -name config.json)
  [ "$(wc -l <<<"$configs")" -ge 2 ] || { find "$place/state"; false; }
  valid config-schema.json $configs
  oak rm -f first second >/dev/null
}
# (podman's have the kind of a device in its fileMode, which no schema allows and everybody takes)
@test "documents of docker, which our reader takes, are valid as well: the schemas are those of the specification" {
  valid config-schema.json "$top/bench/start/config.json" "$top"/tests/unit/oci/data/docker-*.json
}

# read_config FILE: does our reader take it? What comes later (there is no root here) does not count.
read_config() {
  mkdir -p "$bundle"
  # the oldest of them call themselves 0.5.0-dev, which is no version that we support
  sed 's/"ociVersion": *"0\.[^"]*"/"ociVersion": "1.0.0"/' "$1" >"$bundle/config.json"
  run rt_create --bundle "$bundle" example
  [ -z "$(rt list -q)" ] || rt delete --force example
  [[ $output != *"$bundle/config.json: "* ]]
}
@test "the specification's good examples are read, its bad ones refused" {
  oakum_only
  [ -d "$schemas/test/config/good" ] || skip 'these schemas come without examples (RUNTIME_SPEC names some that have them)'
  tried=0
  for file in "$schemas"/test/config/good/*.json; do
    case $file in
    */freebsd-* | */windows-* | */zos-* | */solaris-*) continue ;; # of other platforms, which need other fields
    esac
    read_config "$file" || { echo "$file: $output"; false; }
    tried=$((tried + 1))
  done
  for file in "$schemas"/test/config/bad/*.json; do
    case $file in
    */freebsd-* | */windows-* | */zos-* | */solaris-*) continue ;;
    esac
    ! read_config "$file" || { echo "$file was read"; false; }
    tried=$((tried + 1))
  done
  [ $tried -ge 5 ]
}
