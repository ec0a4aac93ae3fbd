# SPDX-License-Identifier: Apache-2.0
# tests/conformance/spec/table: the demands of the specification and their tests agree, and the checker sees it when they do not.
top=$BATS_TEST_DIRNAME/../..
table=$top/tests/conformance/spec/table

# a small tree: $1 the rows, $2 the tests
tree() {
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree/tests/conformance/spec" "$tree/tests/unit"
  printf '%s\n' "$1" >"$tree/tests/conformance/spec/musts.txt"
  printf '%s\n' "$2" >"$tree/tests/conformance/spec/some.bats"
  printf 'cmocka_unit_test(test_there),\n' >"$tree/tests/unit/test_x.c"
}
fails() {
  run "$table" --root "$tree"
  [ "$status" -eq 1 ] && [[ $output == *"$1"* ]] || { echo "$output"; return 1; }
}

@test "every demand of the specification has its test, every test its demand" {
  run "$table"
  [ "$status" -eq 0 ] || { echo "$output"; false; }
}
@test "docs/specification.md is what the table makes" {
  "$table" docs | diff -u "$top/docs/specification.md" -
}
@test "a row and its tests" {
  tree $'# note\nL-001 | MUST | s | d | = ;; unit/test_x.c: test_there\nL-002 | MAY | s | d | no: why\nL-003 | MUST | s | d | differs: why ;; =' '@test "L-001 L-003 both" {'
  run "$table" --root "$tree"
  [ "$status" -eq 0 ] || { echo "$output"; false; }
}
@test "a row without its test" {
  tree 'L-001 | MUST | s | d | =' '@test "L-0011 no" {'
  fails 'musts.txt:1: L-001: there is no test with this id'
  tree 'L-001 | MUST | s | d | unit/test_x.c: test_gone' ''
  fails 'there is no test unit/test_x.c: test_gone'
  tree 'L-001 | MUST | s | d | differs: why' ''
  fails 'L-001: has no test'
}
@test "a test without its row" {
  tree 'L-001 | MUST | s | d | no: why' '@test "L-009 what" {'
  fails 'some.bats:1: L-009: has no row'
  tree 'L-001 | MUST | s | d | no: why' '@test "L-001 what" {'
  fails 'does not say that there is a test here'
}
@test "what is no row, and a row twice" {
  tree 'L-001 | MUST | s | d' ''
  fails 'is no row'
  tree 'L-001 | WILL | s | d | no: why' ''
  fails 'is no row'
  tree $'L-001 | MUST | s | d | no: why\nL-001 | MUST | s | e | no: why' ''
  fails 'is there twice'
}
