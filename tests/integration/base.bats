# SPDX-License-Identifier: Apache-2.0
# `oakum base`: a minimal image from Debian packages. Slow: each image is installed for real, from this host's apt sources.

setup() {
  oakum="${OAKUM_BUILD:-$BATS_TEST_DIRNAME/../../build}/src/bin/oakum"
  [ -x "$oakum" ] || skip 'this build has no oakum'
  [ "$(id -u)" -eq 0 ] || skip 'packages are installed by root'
  command -v mmdebstrap >/dev/null || skip 'needs mmdebstrap'
  oak() { "$oakum" --root "$BATS_TEST_TMPDIR/store" --state "$BATS_TEST_TMPDIR/state" "$@"; }
}

@test "base: what cannot be a package is refused before anything is fetched" {
  for name in '' -- --help 'a b' a=1 '../x' 'A' 'redis;id'; do
    run oak base --packages "$name" x
    echo "$name: $output"
    [ "$status" -ne 0 ]
    [[ "$output" != *mmdebstrap* ]]
  done
  run oak base --packages redis-server --suite '../x' x
  [ "$status" -ne 0 ]
  [[ "$output" == *'is not the name of a Debian suite'* ]]
}

@test "base: a package that there is not" {
  apt-cache policy dash | grep -q 'http' || skip 'no apt source'
  run oak base --packages no-such-package-at-all x
  echo "$output"
  [ "$status" -eq 1 ]
  [[ "$output" == *"there is no package \"no-such-package-at-all\" in this machine's apt sources"* ]]
  [ -z "$(ls -A "$BATS_TEST_TMPDIR/store/tmp")" ]
}

@test "base: redis twice is the same image, with its packages' records and nothing of this host" {
  apt-get -qq --print-uris download redis-server >/dev/null 2>&1 || skip 'redis-server cannot be fetched'
  first=$(oak base --packages redis-server one | tail -n 1)
  second=$(oak base --packages redis-server two | tail -n 1)
  [ -n "$first" ]
  [ "$first" = "$second" ]
  layer=$(echo "$BATS_TEST_TMPDIR"/store/layers/*)
  [ -d "$layer" ]
  [ "$(dpkg-query --admindir="$layer/var/lib/dpkg" -W -f '${db:Status-Status}' redis-server)" = installed ]
  [ -z "$(dpkg-query --admindir="$layer/var/lib/dpkg" -W -f '${db:Status-Status}\n' | grep -v '^installed$')" ]
  [ -x "$layer/usr/bin/redis-server" ]
  grep -q ^redis: "$layer/etc/passwd"
  for gone in etc/resolv.conf etc/hostname etc/machine-id etc/apt/sources.list usr/share/man/man1; do [ ! -e "$layer/$gone" ]; done
  for empty in var/lib/apt var/cache/apt var/log/apt tmp run dev; do [ -z "$(ls -A "$layer/$empty")" ]; done
  [ -f "$layer/usr/share/doc/redis-server/copyright" ]
  [ "$(du -sm "$layer" | cut -f1)" -lt 100 ]
  [ "$(skopeo inspect --config "oci:$BATS_TEST_TMPDIR/store/images:docker.io/library/one:latest" | jq -c '.config | [.User, .Cmd, .WorkingDir]')" = '["redis",["redis-server"],"/var/lib/redis"]' ]
}
