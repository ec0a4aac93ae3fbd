# SPDX-License-Identifier: Apache-2.0
load helper

# body N: a function of N lines.
body() {
  printf 'static int %s(int a,\n             int b)\n{\n' "$1"
  yes '    a += b; /* { */ puts("}");' | head -n $(($2 - 4))
  printf '}\n'
}

@test "a function of 60 lines passes in silence, of 61 with a warning" {
  { body f 60; echo; body g 61; } | sample engine/a.c
  run "$tools/check-sizes" "$tree"
  [ "$status" -eq 0 ]
  [[ "$output" != *'f()'* ]]
  [[ "$output" == *'src/engine/a.c:62: warning: g() has 61 lines'* ]]
}

@test "a function of 100 lines passes, of 101 fails" {
  body f 100 | sample engine/a.c
  run "$tools/check-sizes" "$tree"
  [ "$status" -eq 0 ]
  body f 101 | sample engine/a.c
  run "$tools/check-sizes" "$tree"
  fails_at src/engine/a.c:1: 'f() has 101 lines, over 100'
}

@test "a long table is not a function" {
  {
    echo 'static const struct row rows[] = {'
    yes '    { .name = "x", .run = f(1) },' | head -n 150
    echo '};'
    echo '#define LONG(x) \'
    yes '    { x; } \' | head -n 150
    echo '    { }'
    body f 10
  } | sample engine/a.c
  run "$tools/check-sizes" "$tree"
  echo "$output"
  [ "$status" -eq 0 ]
  [[ "$output" == *'1 functions, 0 long'* ]]
}

@test "the function behind a struct and an attribute has its own name" {
  {
    echo 'struct s { int (*f)(void); };'
    echo '__attribute__((noinline))'
    body long_one 105
  } | sample engine/a.c
  run "$tools/check-sizes" "$tree"
  fails_at src/engine/a.c:2: 'long_one() has 106 lines'
}

@test "a file of 1201 lines fails, of 801 is warned of" {
  yes 'int x;' | head -n 1201 | sample engine/a.c
  yes 'int x;' | head -n 801 | sample engine/b.c
  run "$tools/check-sizes" "$tree"
  fails_at src/engine/a.c:1: 'the file has 1201 lines, over 1200'
  fails_at src/engine/b.c:1: 'warning: the file has 801 lines'
}

@test "tests and benches are looked at too" {
  mkdir -p "$tree/tests/unit" "$tree/bench"
  body f 101 >"$tree/tests/unit/t.c"
  body g 101 >"$tree/bench/b.c"
  run "$tools/check-sizes" "$tree"
  fails_at tests/unit/t.c:1: 'f()'
  fails_at bench/b.c:1: 'g()'
}
