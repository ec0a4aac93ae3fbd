# SPDX-License-Identifier: Apache-2.0
# Attacks of a container on who copies out of it and into it: CVE-2018-15664 and CVE-2019-10152 (a link that is put in the way while cp
# walks), CVE-2019-14271 (code of the container that the copying process loads). Seen to fail without its defence:
#   sys/root.c: RESOLVE_IN_ROOT                        the first two
#   image/sandbox.c: chroot, Landlock, no_new_privs    nothing of the container is loaded (with the library loaded after chroot)
#   image/sandbox.c: become_root_of()                  the worker has no right and no id of the host's
bats_require_minimum_version 1.5.0
load ../integration/lib/start
load ../integration/lib/detached

setup() {
  detached_setup
  canary_make "$place/canary"
  canary "$place/canary" >"$BATS_TEST_TMPDIR.canary"
  mkdir "$place/w" && cd "$place/w"
}
teardown() { cd /; detached_teardown; }
canary_untouched() { canary "$place/canary" | diff "$BATS_TEST_TMPDIR.canary" - || { echo "the canary was touched: $*"; return 1; }; }

# racing WHERE TARGET: a container that exchanges WHERE/dir and a link to TARGET without an end.
racing() {
  mkdir -p image/x/dir && echo inside >image/x/dir/file && ln -s "$2" image/x/link
  cp "$helpers/swap" image/swap
  oak create --name cc --user 0 --read-only=false --network none --cgroup-parent "/$group" -v vol:/vol:rw box sh -c "cd $1 && exec /swap dir link" >/dev/null
  oak cp image/swap cc:/swap
  oak cp image/x/. cc:"$1"
  oak start cc >/dev/null
  rm -rf image
}

@test "cp into a container that swaps the target against a link to the host, thousands of times" {
  echo evil >file
  for target in "$place/canary/dir" "../../../../../../../../../..$place/canary/dir"; do
    for where in /home /vol; do
      racing $where "$target"
      for ((i = 0; i < 250; i++)); do
        oak cp file cc:$where/dir/inner 2>/dev/null || true
        oak cp file cc:$where/dir/sub/ 2>/dev/null || true
      done
      canary_untouched "$where -> $target"
      [ "$(oak inspect -f '{{.State.Running}}' cc)" = true ]
      oak rm -f cc >/dev/null
      rm -rf "$place/store/volumes/vol"
    done
  done
}

@test "cp out of a container that swaps the source against a link to the host, thousands of times" {
  for target in "$place/canary" "../../../../../../../../../..$place/canary"; do
    for where in /home /vol; do
      racing $where "$target"
      n=0
      for ((i = 0; i < 100; i++)); do
        for flag in '' -L; do
          rm -rf out
          if oak cp $flag cc:$where/dir/file out 2>/dev/null; then n=$((n + 1)); fi
          ! grep -rqs precious out
          rm -rf out
          oak cp $flag cc:$where/dir out 2>/dev/null || true
          ! grep -rqs precious out
        done
      done
      [ $n -gt 10 ] || { echo "only $n copies came through"; return 1; }
      canary_untouched
      oak rm -f cc >/dev/null
      rm -rf "$place/store/volumes/vol"
    done
  done
}

@test "a directory that becomes a link while it is read, and links in it, lead nowhere" {
  oak create --name cc --user 0 --read-only=false --network none --cgroup-parent "/$group" box sh -c 'cd /home/tree/a && exec /swap dir link' >/dev/null
  mkdir -p t/a/dir/deep && ln -s "$place/canary" t/a/link && for i in $(seq 50); do mkdir t/a/dir/d$i; echo $i >t/a/dir/d$i/f; ln -s "$place/canary/file" t/a/dir/d$i/l; done
  oak cp "$helpers/swap" cc:/swap
  oak cp t cc:/home/tree
  oak start cc >/dev/null
  for ((i = 0; i < 100; i++)); do
    rm -rf out
    oak cp cc:/home/tree out 2>/dev/null || true
    [ -z "$(find out -type f -exec grep -l precious {} + 2>/dev/null)" ]
    oak cp t/. cc:/home/tree 2>/dev/null || true
  done
  canary_untouched
}

@test "nothing of the container is loaded or executed by who copies (CVE-2019-14271)" {
  command -v strace >/dev/null || skip 'needs strace'
  oak create --name cc --read-only=false --network none box true >/dev/null
  echo 1 >f
  for way in "cp f cc:/home/" "cp cc:/etc out"; do
    strace -f -o trace -e trace=chroot,execve,execveat,openat,openat2,mmap "$bin/oakum" --root "$place/store" --state "$place/state" $way
    # Of each process, from its chroot on: no program, no library, no code.
    awk '$2 ~ /^chroot\(/ && / = 0$/ { in_root[$1] = 1; n++ } in_root[$1] && ($2 ~ /^exec/ || /\.so/ || /nsswitch/ || /PROT_EXEC/) { print; bad = 1 } END { exit bad || n < 2 }' trace
  done
}

@test "in the container's ids: the worker has no right and no id of the host's" {
  command -v strace >/dev/null || skip 'needs strace'
  keep --name cc --user 0 --read-only=false box sleep 100
  echo 1 >f
  strace -f -o trace -e trace=setns,setresuid,chroot,openat,mkdirat,fchown "$bin/oakum" --root "$place/store" --state "$place/state" cp f cc:/home/
  # Who has made the file was root of the container's user namespace before.
  awk '/ setns\(.*CLONE_NEWUSER\)/ { u[$1] = 1 } $2 ~ /^setresuid\(0,/ && u[$1] { r[$1] = 1 } /openat\(.*"f", .*O_EXCL/ { made = 1; if (!r[$1]) bad = 1 } END { exit bad || !made }' trace
  # A file that the host's root alone may read is not read on the container's side: a volume with a foreign owner is closed there.
  mkdir closed && echo secret >closed/f && chown 300000:300000 closed/f && chmod 600 closed/f
  keep --name vv --user 0 -v "$PWD/closed:/closed" box sleep 100
  run oak cp vv:/closed/f got
  said 1 'Permission denied'
  [ ! -e got ]
}

@test "setuid programs and devices that a container has made do not come out as such" {
  keep --name cc --privileged --user 0 --userns host box sh -c 'mkdir /home/x; cp /bin/busybox /home/x/su; chmod 4755 /home/x/su; mknod /home/x/dev b 7 0; touch /home/x/done; sleep 100' 2>/dev/null
  wait_for 10 oak exec cc test -e /home/x/done
  oak cp cc:/home/x out 2>err
  grep -q '1 device nodes' err
  [ ! -e out/dev ]
  [ -z "$(find out -perm /6000)" ]
}
