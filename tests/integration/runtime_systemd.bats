# SPDX-License-Identifier: Apache-2.0
# The systemd driver where no systemd runs, and what is wrong before one is asked. With systemd: tests/vm/systemd-test.

bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  mkdir -m 700 "$place/rt"
}
teardown() { start_teardown; }

@test 'without systemd, --systemd-cgroup is an error that says so, and leaves nothing' {
  [ ! -e /run/systemd/system ] || skip 'systemd runs here'
  make_bundle "$place/bundle" 'del(.linux.cgroupsPath)'
  for flag in --systemd-cgroup '--cgroup-manager systemd'; do
    # shellcheck disable=SC2086 # two words
    run "$bin/oakum-runtime" --root "$place/rt" $flag run --bundle "$place/bundle" box
    [ "$status" -eq 1 ]
    [[ "$output" == *'systemd does not run here'* ]]
    [ "$("$bin/oakum-runtime" --root "$place/rt" list --quiet)" = '' ]
  done
}

@test 'a path instead of SLICE:PREFIX:NAME is refused before anything is made' {
  make_bundle "$place/bundle" '.linux.cgroupsPath = "/a/path"'
  run "$bin/oakum-runtime" --root "$place/rt" --systemd-cgroup run --bundle "$place/bundle" box
  [ "$status" -eq 1 ]
  [[ "$output" == *'SLICE:PREFIX:NAME'* ]]
}

@test 'properties in annotations: what is not understood is refused before anything is made, and without the driver they are named in the log' {
  make_bundle "$place/bundle" 'del(.linux.cgroupsPath) | .annotations = {"org.systemd.property.TimeoutStopUSec": "soon"}'
  run "$bin/oakum-runtime" --root "$place/rt" --systemd-cgroup run --bundle "$place/bundle" box
  [ "$status" -eq 1 ]
  [[ "$output" == *'annotations.org.systemd.property.TimeoutStopUSec: "soon" is not'* ]]
  [ "$("$bin/oakum-runtime" --root "$place/rt" list --quiet)" = '' ]
  script=true make_bundle "$place/bundle" '.annotations = {"org.systemd.property.TimeoutStopUSec": "uint64 5"}'
  run "$bin/oakum-runtime" --root "$place/rt" run --bundle "$place/bundle" box </dev/null
  [ "$status" -eq 0 ]
  [[ "$output" == *'annotations.org.systemd.property.TimeoutStopUSec: is ignored'* ]]
}
