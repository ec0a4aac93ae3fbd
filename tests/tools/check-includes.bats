# SPDX-License-Identifier: Apache-2.0
load helper

@test "arrows of the table pass, also through what a folder may use" {
  sample engine/a.c <<<$'#include "engine/engine.h"\n#include "base/base.h"\n#  include "sys/sys.h"\n#include <stdio.h>'
  sample cli/a.c <<<'#include "engine/engine.h"'
  run "$tools/check-includes" "$tree"
  [ "$status" -eq 0 ]
}

@test "an arrow upwards fails with its place" {
  sample base/a.c <<<$'/* lower */\n#include "sys/sys.h"'
  run "$tools/check-includes" "$tree"
  fails_at src/base/a.c:2: 'base may not use sys'
}

@test "an arrow sideways fails, also from a header" {
  sample sys/b.h <<<'#include "oci/oci.h"'
  run "$tools/check-includes" "$tree"
  fails_at src/sys/b.h:1: 'sys may not use oci'
}

@test "an include in a comment does not count" {
  sample base/a.c <<<$'/*\n#include "cli/cli.h"\n*/\n// #include "cli/cli.h"'
  run "$tools/check-includes" "$tree"
  [ "$status" -eq 0 ]
}

@test "no folder, an unknown folder and a missing header fail" {
  sample base/a.c <<<$'#include "base.h"\n#include "web/x.h"\n#include "base/gone.h"\n#include "../cli/cli.h"'
  run "$tools/check-includes" "$tree"
  fails_at src/base/a.c:1: 'with its folder'
  fails_at src/base/a.c:2: 'no such folder'
  fails_at src/base/a.c:3: 'there is no src/base/gone.h'
  fails_at src/base/a.c:4: 'with its folder'
}

@test "a source folder that the table does not know fails" {
  mkdir "$tree/src/web"
  sample web/a.c <<<'int x;'
  run "$tools/check-includes" "$tree"
  fails_at src/web/a.c:1: 'not in tools/may-use.txt'
}

@test "a table that points upwards is refused" {
  printf 'base: sys\nsys: base\n' >"$tree/tools/may-use.txt"
  run "$tools/check-includes" "$tree"
  [ "$status" -eq 1 ]
  [[ "$output" == *'base may use sys, which has no line above'* ]]
}
