# SPDX-License-Identifier: Apache-2.0
# What both programs say: help, versions, mistakes; man pages and completions that follow the tables.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() { start_teardown; }

@test "every command has help, and help is no error" {
  local program command
  for program in oakum oakum-runtime; do
    run -0 "$bin/$program" --help
    [ "$output" = "$("$bin/$program" help)" ]
    while read -ra command; do
      run -0 "$bin/$program" "${command[@]}" --help
      said 0 "Usage: $program ${command[*]}"
      [ "$output" = "$("$bin/$program" help "${command[@]}")" ]
    done < <("$bin/$program" dump-commands | jq -r '.commands[].name')
  done
}

@test "every option of every command is in its help" {
  local program
  for program in oakum oakum-runtime; do
    "$bin/$program" dump-commands | jq -r '.commands[] | .name as $c | .options[] | "\(.name) \($c)"' | while read -r option command; do
      # shellcheck disable=SC2086 # a command may have two words
      "$bin/$program" $command --help | grep -qe "--$option\b" || { echo "$command --$option"; exit 1; }
    done
  done
}

@test "mistakes: one sentence, a proposal, docker's statuses" {
  run oak
  [ "$status" -eq 1 ]
  local line
  while IFS='|' read -r want words text; do
    # shellcheck disable=SC2086
    run oak $words
    said "$want" "$text"
    one_error "$output"
  done <<'END'
1|rnu x|Did you mean run?
1|frobnicate|there is no command "frobnicate"
125|--rot /x ps|Did you mean --root?
1|--log-level loud ps|--log-level must be
1|ps --al|Did you mean --all?
1|ps extra|ps takes no more than 0 arguments
1|rm|rm takes no fewer than 1 argument
1|system nonsense|there is no command "system nonsense"
1|inspect --type car x|--type must be container or image
125|run|name an image to run
125|run --memroy 1g x|Did you mean --memory?
125|exec --usr 0 x y|Did you mean --user?
END
}

@test "versions" {
  run -0 oak --version
  [[ $output =~ ^oakum\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  run -0 oak version --format json
  jq -e '.OciRuntimeSpec == "1.3.0"' <<<"$output"
  run -0 "$bin/oakum-runtime" --version
  said 0 'oakum-runtime version' 'spec: 1.3.0'
}

@test "system info answers for each control, and json is the same" {
  run -0 oak system info
  said 0 'user namespaces' 'Landlock' 'control groups' 'CAP_SYS_RESOURCE'
  oak system info --format json | jq -e '.Controls | length >= 15 and all(.available | IN("yes", "partly", "no")) and all(.available == "yes" or .cost != "")'
  [ "$(oak info)" = "$(oak system info)" ]
  # The store's own file system is asked, also where the store is still to be made.
  "$bin/oakum" --root /proc/1/nonesuch system info --format json | jq -e '.Controls[] | select(.control == "id-mapped mounts") | .detail | startswith("/proc/1/nonesuch: no")'
}

@test "the root can be named by flag or environment, also relative" {
  cd "$place"
  run -0 env OAKUM_ROOT="$place/by-env" OAKUM_STATE="$place/s" "$bin/oakum" images
  run -0 "$bin/oakum" --root relative --state s images
  run "$bin/oakum" --root= ps
  said 1 'a path is empty'
}

@test "standard streams that are closed do not become something else" {
  make_image
  oak_run box true <&- >&- 2>&-
  run -0 oak_run box sh -c 'ls -l /proc/self/fd | grep -c /dev/null' <&-
}

@test "oakum-runtime: mistakes, log files, formats" {
  run "$bin/oakum-runtime" --root "$place/rt" state nosuch
  [ "$status" -eq 1 ]
  one_error "$output"
  run "$bin/oakum-runtime" --root "$place/rt" --log "$place/log" --log-format json state nosuch
  [ "$status" -eq 1 ]
  jq -e '.level == "error" and (.msg | test("nosuch")) and .time' "$place/log"
  run "$bin/oakum-runtime" --root "$place/rt" --cgroup-manager nosuch list
  said 1 'cgroupfs, systemd or disabled'
  run "$bin/oakum-runtime" --root "$place/rt" --log-format xml list
  said 1 '--log-format'
  run "$bin/oakum-runtime" --root "$place/rt" run --preserve-fds -1 x
  said 1 'preserve-fds'
  run "$bin/oakum-runtime" --root "$place/rt" kill x NOSUCH
  said 1 'is not a signal'
  run -0 "$bin/oakum-runtime" --root "$place/rt" list -f json
  [ "$output" = '[]' ]
  run -0 "$bin/oakum-runtime" --root "$place/rt" --rootless false --criu x delete --force nosuch
}

@test "oakum-runtime spec and features" {
  make_root "$place/b/rootfs"
  "$bin/oakum-runtime" spec -b "$place/b"
  run "$bin/oakum-runtime" spec -b "$place/b"
  said 1 'remove it first'
  jq -e '.ociVersion == "1.3.0" and .process.noNewPrivileges and .root.readonly' "$place/b/config.json"
  jq '.process.terminal = false | .process.args = ["echo", "from spec"] | .linux.cgroupsPath = "/'"$group"'/spec"' "$place/b/config.json" >"$place/c"
  mv "$place/c" "$place/b/config.json"
  run -0 rt run -b "$place/b" spec
  [ "$output" = 'from spec' ]
  "$bin/oakum-runtime" features | jq -e '.ociVersionMax == "1.3.0" and (.linux.namespaces | index("user")) and .linux.seccomp.enabled and .linux.mountExtensions.idmap.enabled'
}

@test "man pages and completions follow the tables" {
  local program
  for program in oakum oakum-runtime; do
    mkdir -p "$place/man"
    "$top/tools/gen-man" "$bin/$program" "$place/man"
    "$top/tools/gen-man" "$bin/$program" "$place/man" bash
    "$top/tools/gen-man" "$bin/$program" "$place/man" names | while read -r page; do
      grep -qF "'$page'" "$top/man/meson.build" || { echo "$page is not in man/meson.build"; exit 1; }
      [ -s "$place/man/$page" ]
    done
    bash -n "$place/man/$program"
  done
  mandoc -Tlint -Wwarning "$place"/man/*.1
}

@test "completion proposes commands, options and names" {
  make_image
  "$top/tools/gen-man" "$bin/oakum" "$place" bash
  complete_words() { # WORDS...: completes the last one
    PATH=$place/path:$PATH bash -c '. "$1/oakum"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _oakum; printf "%s\n" "${COMPREPLY[@]}"' _ "$place" "$@"
  }
  mkdir "$place/path"
  printf '#!/bin/sh\nexec "%s" --root "%s" --state "%s" "$@"\n' "$bin/oakum" "$place/store" "$place/state" >"$place/path/oakum"
  chmod +x "$place/path/oakum"
  [ "$(complete_words oakum ru)" = run ]
  [ "$(complete_words oakum run --memory-sw)" = $'--memory-swap\n--memory-swappiness' ]
  [ "$(complete_words oakum run bo)" = box:latest ]
}

@test "groups of commands: what is in them, and docker's other names" {
  run -0 oak system --help
  said 0 'Usage: oakum system COMMAND' 'system info'
  run oak system
  said 1 'system info'
  run oak image nosuch
  said 1 'there is no command "image nosuch"'
  [ "$(oak image ls)" = "$(oak images)" ]
  [ "$(oak container ls -a)" = "$(oak ps -a)" ]
}
