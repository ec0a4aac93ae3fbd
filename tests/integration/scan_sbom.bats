# SPDX-License-Identifier: Apache-2.0
# oakum sbom: what is in an image, against what the distributions' own programs say.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() { start_teardown; }

# listed FILE TYPE: "name version" of the components of a type in a CycloneDX document.
listed() { jq -r --arg t "pkg:$2/" '.components[] | select(.purl // "" | startswith($t)) | .name + " " + .version' "$1" | sort; }

@test "sbom: the packages of dpkg are those that dpkg-query names, with the sources" {
  mkdir -p "$place/root/var/lib/dpkg/info" "$place/root/etc"
  cp /var/lib/dpkg/status "$place/root/var/lib/dpkg/status"
  cp /etc/os-release "$place/root/etc/"
  oak sbom --format cyclonedx-json "$place/root" >"$place/bom"
  dpkg-query --admindir="$place/root/var/lib/dpkg" -W -f '${db:Status-Status} ${Package} ${Version}\n' | sed -n 's/^installed //p' | sort >"$place/want"
  [ "$(wc -l <"$place/want")" -gt 100 ]
  listed "$place/bom" deb | diff "$place/want" -
  dpkg-query --admindir="$place/root/var/lib/dpkg" -W -f '${db:Status-Status} ${Package} ${source:Package}\n' | awk '$1 == "installed" && $2 != $3 { print $2, $3 }' | sort >"$place/want"
  jq -r '.components[] | select(.purl // "" | test("upstream=")) | .name + " " + (.purl | capture("upstream=(?<u>[^&]*)").u)' "$place/bom" | sed 's/%2B/+/g' | sort | diff "$place/want" -
}

@test "sbom: an image of several layers: what a layer removed is not in it, and each component names its layer" {
  make_root "$place/rootfs"
  mkdir -p "$place/rootfs/app/node_modules/one" "$place/rootfs/app/node_modules/two"
  echo '{"name": "one", "version": "1.0.0"}' >"$place/rootfs/app/node_modules/one/package.json"
  echo '{"name": "two", "version": "1.0.0"}' >"$place/rootfs/app/node_modules/two/package.json"
  oak import "$place/rootfs" base >/dev/null
  oak run --name box --network none --cgroup-parent "/$group" --pull never --read-only=false --user 0 base sh -c 'rm -r /app/node_modules/one; mkdir -p /app/node_modules/three; echo "{\"name\": \"three\", \"version\": \"3\"}" >/app/node_modules/three/package.json'
  oak commit box next >/dev/null
  oak rm box >/dev/null
  oak sbom --format cyclonedx-json next >"$place/bom"
  [ "$(listed "$place/bom" npm)" = $'three 3\ntwo 1.0.0' ]
  [ "$(jq '[.components[] | select(.purl // "" | startswith("pkg:npm/")) | .properties[] | select(.name == "oakum:layer").value] | unique | length' "$place/bom")" -eq 2 ]
  # busybox came without a package: it is there, as unknown.
  jq -e '.components[] | select(.name == "bin/busybox" and .type == "file")' "$place/bom" >/dev/null
  [ "$(jq -r '.compositions[0].aggregate' "$place/bom")" = incomplete ]
  # The same bytes each time; SPDX with a date that can be set.
  oak sbom --format cyclonedx-json next | cmp - "$place/bom"
  SOURCE_DATE_EPOCH=0 oak sbom --format spdx-json next >"$place/spdx"
  [ "$(jq -r '.spdxVersion + " " + .creationInfo.created' "$place/spdx")" = 'SPDX-2.3 1970-01-01T00:00:00Z' ]
  [ "$(jq '[.relationships[] | select(.relationshipType == "CONTAINS")] | length' "$place/spdx")" -eq 2 ]
  oak sbom next | head -n 1 | grep -Eq '^2 components, [0-9]+ files unknown, 0 not readable$'
  oak sbom -o "$place/file" --format spdx-json next
  jq -e .SPDXID "$place/file" >/dev/null
}

@test "sbom: Alpine as it is published, against its own database" {
  local data=$top/../shared/data/images
  [ -e "$data/alpine-minirootfs-3.20.3-x86_64.tar.gz" ] || skip 'there is no ../shared/data/images'
  oak import "$data/alpine-minirootfs-3.20.3-x86_64.tar.gz" alpine >/dev/null
  oak sbom --format cyclonedx-json alpine >"$place/bom"
  tar -xzOf "$data/alpine-minirootfs-3.20.3-x86_64.tar.gz" ./lib/apk/db/installed | awk -F: '/^P:/ { p = $2 } /^V:/ { print p, $2 }' | sort | diff - <(listed "$place/bom" apk)
  oak sbom alpine | head -n 1 | grep -q '^14 components, 0 files unknown, 0 not readable$'
}

@test "sbom: what is damaged is a warning and never a shorter list without a word; wrong words are one sentence" {
  mkdir -p "$place/root/lib/apk/db" "$place/root/bin"
  : >"$place/root/lib/apk/db/installed"
  cp "$(command -v busybox)" "$place/root/bin/busybox"
  run --separate-stderr -0 oak sbom "$place/root"
  [ "${lines[0]}" = '0 components, 1 files unknown, 1 not readable' ]
  [[ $stderr == *'1 files could not be read'* ]]
  run oak sbom --format html "$place/root"
  said 1 'cyclonedx-json'
  run oak sbom nosuch
  said 1
  one_error "$output"
  run oak sbom "$place/nosuch"
  said 1 'nosuch'
}
