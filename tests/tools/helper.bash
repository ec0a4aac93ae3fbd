# SPDX-License-Identifier: Apache-2.0
# What the tests of tools/ share: a small tree with the real tables in it, for a checker to look at.

tools=$BATS_TEST_DIRNAME/../../tools

setup() {
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree/tools" "$tree/src/base" "$tree/src/sys" "$tree/src/oci" "$tree/src/engine" "$tree/src/cli"
  cp "$tools"/*.txt "$tree/tools/"
  local folder
  for folder in base sys oci engine cli; do
    echo '#pragma once' >"$tree/src/$folder/$folder.h"
  done
}

# sample FILE: standard input becomes src/FILE of the tree.
sample() { cat >"$tree/src/$1"; }

# fails_at PLACE WORDS: the checker failed, and one line of it begins with PLACE and has WORDS in it.
fails_at() {
  [ "$status" -eq 1 ] || { echo "status $status"; echo "$output"; return 1; }
  grep -F -- "$2" <<<"$output" | grep -q "^$1" || { echo "$output"; return 1; }
}
