#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Every command and flag that this machine's runc and crun print in their help is one of oakum-runtime's: with --flag=VALUE and --flag
# VALUE, the short form, and the same kind (with or without a value). What is not so stands in flags.txt with its reason.

bats_require_minimum_version 1.5.0
load lib/engine

setup_file() {
  needs python3
}

@test 'every command and flag of runc' {
  command -v runc >/dev/null || skip 'needs runc'
  python3 "$BATS_TEST_DIRNAME/flags" runc "$OAKUM_BUILD/src/bin/oakum-runtime"
}

@test 'every command and flag of crun' {
  command -v crun >/dev/null || skip 'needs crun'
  python3 "$BATS_TEST_DIRNAME/flags" crun "$OAKUM_BUILD/src/bin/oakum-runtime"
}
