# SPDX-License-Identifier: Apache-2.0
# Every field of config.json with every wrong type.
bats_require_minimum_version 1.5.0
load lib
setup() {
  spec_setup
  oakum_only
}
teardown() { spec_teardown; }

@test "every field of the tables with each wrong type is refused by its path" {
  mkdir "$bundle"
  run timeout 150 "$BATS_TEST_DIRNAME/wrong_types" "$runtime" "$bundle" "$top"
  said 0
}
