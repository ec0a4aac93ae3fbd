# SPDX-License-Identifier: Apache-2.0
load helper

setup_tidy() {
  cp "$tools/tidy" "$tree/tools/"
  cp "$tools/../.clang-tidy" "$tree/"
  mkdir -p "$tree/build"
  printf '[{"directory": "%s", "file": "../src/base/a.c", "command": "cc -I../src -std=gnu17 -Wall -fanalyzer -MD -MF a.d -o a.o -c ../src/base/a.c"}]' \
    "$tree/build" >"$tree/build/compile_commands.json"
}

@test "clean code passes, and is not looked at twice" {
  setup_tidy
  sample base/a.c <<<$'#include "base/base.h"\nint f(int a);\nint f(int a)\n{\n    return a + 1;\n}'
  run "$tree/tools/tidy" "$tree/build"
  echo "$output"
  [ "$status" -eq 0 ]
  [[ "$output" == *'1 files, 0 unchanged, 0 wrong'* ]]
  run "$tree/tools/tidy" "$tree/build"
  [[ "$output" == *'1 files, 1 unchanged, 0 wrong'* ]]
}

@test "a changed header makes it look again" {
  setup_tidy
  sample base/a.c <<<$'#include "base/base.h"\nint f(int a);\nint f(int a)\n{\n    return a + 1;\n}'
  "$tree/tools/tidy" "$tree/build"
  sample base/base.h <<<$'#pragma once\nstatic inline int g(int a)\n{\n    return a == a;\n}'
  run "$tree/tools/tidy" "$tree/build"
  echo "$output"
  [ "$status" -eq 1 ]
  [[ "$output" == *'base.h:4'*'comparison'* ]]
}

@test "a fault fails each time" {
  setup_tidy
  sample base/a.c <<<$'int f(int n);\nint f(int n)\n{\n    int x;\n    if (n)\n        x = 1;\n    return x;\n}'
  for _ in 1 2; do
    run "$tree/tools/tidy" "$tree/build"
    [ "$status" -eq 1 ]
    [[ "$output" == *'a.c:7'* ]]
  done
}
