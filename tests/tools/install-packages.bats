# SPDX-License-Identifier: Apache-2.0
load helper

setup_lists() {
  export OAKUM_PACKAGE_LISTS=$BATS_TEST_TMPDIR/lists PATH=$BATS_TEST_TMPDIR/bin:$PATH
  mkdir "$OAKUM_PACKAGE_LISTS" "$BATS_TEST_TMPDIR/bin"
  printf '%s\n' '# a comment' 'dash  # the shell' 'coreutils' >"$OAKUM_PACKAGE_LISTS/here.txt"
  echo 'oakum-no-such-package # for this test' >"$OAKUM_PACKAGE_LISTS/away.txt"
  printf '#!/bin/sh\necho "apt-get $*" >>"%s/log"\ncase "$*" in *update*) touch "%s/updated" ;; *) [ -e "%s/updated" ] ;; esac\n' \
    "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/bin/apt-get"
  printf '#!/bin/sh\necho 0\n' >"$BATS_TEST_TMPDIR/bin/id"
  chmod +x "$BATS_TEST_TMPDIR"/bin/*
}

@test "apt is left alone when all is there" {
  setup_lists
  run "$tools/install-packages" here
  [ "$status" -eq 0 ]
  [ ! -e "$BATS_TEST_TMPDIR/log" ]
}

@test "only what is missing is installed, after an update only when it must be" {
  setup_lists
  run "$tools/install-packages" here away
  [ "$status" -eq 0 ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/log")" -eq 3 ]
  grep -q 'Install-Recommends=false.* install oakum-no-such-package$' "$BATS_TEST_TMPDIR/log"
  ! grep -q coreutils "$BATS_TEST_TMPDIR/log"
}

@test "an unknown list is wrong use" {
  run "$tools/install-packages" no-such-list
  [ "$status" -eq 2 ]
}

@test "each package of the lists has a reason" {
  run grep -HvE '^#|^[a-z0-9][a-z0-9.+-]+ +# .{3,}' "$tools"/packages/*.txt
  echo "$output"
  [ "$status" -eq 1 ]
}
