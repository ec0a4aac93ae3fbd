# SPDX-License-Identifier: Apache-2.0
# Root in a sealed container is a number like any other: securebits, locked, keep uid 0 from bringing capabilities with it, now and after
# every exec. Where capabilities were asked for, uid 0 means what it means with docker.
#
#   defence                                                        test
#   runtime/process.c: drop_privileges(), SEALED_SECUREBITS        sealed: …; nobody takes them back
bats_require_minimum_version 1.5.0
load ../integration/lib/start

setup() {
  start_setup
  make_root "$place/root"
  cp "$helpers/inside" "$place/root/bin/inside"
  cp "$helpers/inside" "$place/root/bin/setuid"
  chmod 4755 "$place/root/bin/setuid"
  oak import "$place/root" box >/dev/null
}
teardown() { start_teardown; }

# NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE, each locked, and KEEP_CAPS locked where it is: off (capabilities(7)).
sealed=ef

@test "sealed: every user, root too" {
  for flags in '' '-u 0' '-u 8' '-u 0 --userns host' '-u 0 --security-opt no-new-privileges=false' '-u 0 --security-opt seccomp=unconfined'; do
    # shellcheck disable=SC2086
    run -0 --separate-stderr oak_run $flags box inside securebits
    [ "$output" = $sealed ] || { echo "$flags: $output"; false; }
  done
}
@test "sealed: by exec too, and by oakum-runtime" {
  oak run -d --rm --name sealed --pull never --network none --cgroup-parent "/$group" box sleep 60 >/dev/null
  for user in 0 8; do
    run -0 oak exec -u $user sealed inside securebits
    [ "$output" = $sealed ]
  done
  oak rm -f sealed
  mkdir -p "$place/b"
  mv "$place/root" "$place/b/rootfs"
  script='inside securebits; grep ^Cap /proc/self/status' make_bundle "$place/b" 'del(.process.capabilities)'
  run -0 rt run --bundle "$place/b" box
  [ "${lines[0]}" = $sealed ]
  [ "$(grep -c 0000000000000000 <<<"$output")" = 5 ]
}
@test "nobody takes them back, and an exec of root's own or of a setuid file brings nothing" {
  run -0 oak_run -u 0 box sh -c 'inside securebits 0; inside securebits; inside rights'
  [ "$output" = $'EPERM\n'$sealed$'\n0 0 0' ]
  # He becomes root by it, and that is all.
  run -0 --separate-stderr oak_run -u 8 --security-opt no-new-privileges=false --security-opt seccomp=unconfined box \
    sh -c 'setuid rights; setuid securebits 0; setuid securebits'
  [ "$output" = $'0 0 0\nEPERM\n'$sealed ] || { echo "$output"; false; }
}
@test "none where capabilities were asked for: root keeps what he has over an exec, as with docker" {
  for flags in '--cap-add CHOWN -u 0' '--cap-add CHOWN -u 8' '--compat docker' '--privileged -u 0' '--privileged -u 8'; do
    # shellcheck disable=SC2086
    run -0 --separate-stderr oak_run $flags box inside securebits
    [ "$output" = 0 ] || { echo "$flags: $output"; false; }
  done
  run -0 oak_run --cap-add CHOWN -u 0 box sh -c 'inside rights'
  [ "$output" = '0 1 1' ]
}
