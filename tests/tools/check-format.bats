# SPDX-License-Identifier: Apache-2.0
load helper

setup_format() {
  cp "$tools/check-format" "$tree/tools/"
  cp "$tools/../.clang-format" "$tree/"
  rm -r "$tree"/src/*
  mkdir -p "$tree/src/base"
}

@test "well laid out passes" {
  setup_format
  sample base/a.c <<<$'// SPDX-License-Identifier: Apache-2.0\nint f(char *p)\n{\n    return *p;\n}'
  run "$tree/tools/check-format"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "a wrong layout and a missing licence line fail with their places" {
  setup_format
  sample base/a.c <<<$'// SPDX-License-Identifier: Apache-2.0\nint f(char *p)\n{\n  return *p;\n}'
  sample base/b.c <<<'int x;'
  run "$tree/tools/check-format"
  fails_at src/base/a.c:4: layout
  fails_at src/base/b.c:1: SPDX
}
