# SPDX-License-Identifier: Apache-2.0
load helper

@test "a banned call fails with its place and what to use" {
  sample engine/a.c <<<$'void f(void)\n{\n    int fd = open ("/etc/passwd", 0);\n}'
  run "$tools/check-banned" "$tree"
  fails_at src/engine/a.c:3: 'open() is banned here: sys/root.h'
}

@test "every name of the table is found" {
  local name n=0
  while IFS=: read -r name _; do
    printf 'x = %s(y);\n' "$name"
    n=$((n + 1))
  done < <(grep -v '^#' "$tools/banned.txt") >"$tree/src/cli/a.c"
  run "$tools/check-banned" "$tree"
  [ "$status" -eq 1 ]
  [ "$(grep -c 'is banned here' <<<"$output")" -eq "$(grep -vc '^#' "$tools/banned.txt")" ]
}

@test "base and sys may" {
  sample base/a.c <<<'int n = open(p, 0);'
  sample sys/a.c <<<'int n = mount(a, b, c, 0, 0);'
  run "$tools/check-banned" "$tree"
  [ "$status" -eq 0 ]
}

@test "comments, strings, longer names and members do not count" {
  sample engine/a.c <<'E2'
/* open(x) and
   system(x) */
// popen(x) \
   strcpy(x)
const char *s = "mount(\" stat(", c = '"'; int after = fdopen(x) + x.open(y) + x->unlink(y) + my_access(z);
struct stat st;
int n = fstatat(fd, "stat(", &st, 0) + openat(fd, p, 0);
E2
  run "$tools/check-banned" "$tree"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "a call behind a string is found" {
  sample engine/a.c <<<'int n = f("a\"b", '"'\\''"') + /* x */ atoi(s);'
  run "$tools/check-banned" "$tree"
  fails_at src/engine/a.c:1: 'atoi() is banned'
}

@test "banned-ok lets one line through when it has a reason" {
  sample engine/a.c <<<'int fd = open(p, 0); /* banned-ok: our own configuration, before any container */'
  run "$tools/check-banned" "$tree"
  [ "$status" -eq 0 ]
  [[ "$output" == *'1 excused, 0 wrong'* ]]
}

@test "banned-ok without a reason fails, and where nothing is banned" {
  sample engine/a.c <<<$'int fd = open(p, 0); /* banned-ok: */\nint x; /* banned-ok: there was a call here once */'
  run "$tools/check-banned" "$tree"
  fails_at src/engine/a.c:1: 'without a reason'
  fails_at src/engine/a.c:2: 'needs none'
}
