# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # lib/start's place, bin and group
#
# What tests of containers with a monitor share. Loaded after lib/start.

detached_setup() { start_setup; make_image; mark; }
# The monitors of a test are in no cgroup of its own: they end with their containers.
detached_teardown() {
  [ -z "${place:-}" ] || oak ps -aq 2>/dev/null | xargs -r "$bin/oakum" --root "$place/store" --state "$place/state" rm -f >/dev/null 2>&1 || true
  start_teardown
}

# keep FLAGS IMAGE COMMAND: in the background; its id is printed.
keep() { oak run -d --network none --cgroup-parent "/$group" "$@"; }
# state_of NAME FIELD
state_of() { oak inspect "$1" | jq -r ".[0].State.$2"; }
# monitors ROLE: the living processes of this test's monitors (keeper, scribe).
monitors() { pgrep -f "^oakum-monitor $1.*$place" || true; }
# A keeper brings a killed scribe back: until none is left.
kill_monitors() { until no_monitor; do monitors '' | xargs -r kill -KILL 2>/dev/null || true; done; }
no_monitor() { [ -z "$(monitors "${1:-}")" ]; }
