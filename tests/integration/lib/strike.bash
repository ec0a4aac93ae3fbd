# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For tests that kill a command at a random point of its work: how long it takes, and a point within that.

# took COMMAND...: in microseconds.
took() {
  local from=${EPOCHREALTIME/./}
  "$@" >/dev/null 2>&1 || true
  echo $((${EPOCHREALTIME/./} - from))
}
# point MICROSECONDS: one within them and a little after.
point() { echo $(((RANDOM * 32768 + RANDOM) % ($1 * 11 / 10 + 1))); }
