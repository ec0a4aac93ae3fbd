# SPDX-License-Identifier: Apache-2.0
# oakum scan and oakum db: findings, gates, and that what is not known is never called clean.
bats_require_minimum_version 1.5.0
load lib/start
setup() {
  start_setup
  root=$place/root
  mkdir -p "$root/var/lib/dpkg/info" "$root/etc" "$place/feeds"
  printf 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian 12"\n' >"$root/etc/os-release"
  printf 'Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl (3.0.8-1)\nVersion: 3.0.8-1+b1\n\n' >"$root/var/lib/dpkg/status"
  echo '{"openssl": {"CVE-2023-0001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.9-1", "urgency": "high"}}},
    "CVE-2023-0002": {"releases": {"bookworm": {"status": "open", "urgency": "low", "nodsa": "Minor issue"}}},
    "CVE-2023-0003": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0", "urgency": "low"}}}}}' >"$place/feeds/debian.json"
}
teardown() { start_teardown; }

@test "scan: by source package and version; the count comes first; JSON says where; gates and their exit status" {
  run -1 oak scan "$root"
  [[ $output == *'oakum db build'* ]]
  oak db build "$place/feeds"
  run -0 oak scan "$root"
  [ "${lines[0]}" = '2 known, 1 fixable, 0 files unknown' ]
  [[ $output == *CVE-2023-0001*high*libssl3*3.0.9-1* ]]
  [[ $output == *CVE-2023-0002*'no fix, vendor says: not soon'* ]]
  [[ $output != *CVE-2023-0003* ]]
  oak scan --format json "$root" >"$place/json"
  [ "$(jq -r '[.known, .fixable, .complete, .findings[0].id, .findings[0].path, .findings[0].source] | map(tostring) | join(" ")' "$place/json")" = '2 1 true CVE-2023-0001 var/lib/dpkg/status openssl' ]
  run -0 oak scan --fail-on severity=critical,unknown "$root"
  run -2 oak scan --fail-on severity=high "$root"
  run -2 oak scan --fail-on fixable "$root"
  run oak scan --fail-on severity=unknown "$root"
  said 1 'severity='
  # A program that nobody knows is no finding, and can be a gate.
  mkdir -p "$root/bin" && cp "$(command -v busybox)" "$root/bin/"
  run -0 oak scan "$root"
  [ "${lines[0]}" = '2 known, 1 fixable, 1 files unknown' ]
  run -2 oak scan --fail-on unknown "$root"
  # The same, from an image.
  oak import "$root" app >/dev/null
  run -0 oak scan app
  [ "${lines[0]}" = '2 known, 1 fixable, 1 files unknown' ]
  oak scan --format json app | jq -e '.findings[0].layer | startswith("sha256:")' >/dev/null
}

@test "scan: never clean: a release without data, a damaged package database, an empty image, a damaged vulnerability database" {
  oak db build "$place/feeds"
  sed -i 's/bookworm/forky/; s/"12"/"14"/' "$root/etc/os-release"
  run -3 oak scan "$root"
  [ "${lines[0]}" = '0 known, 0 fixable, 0 files unknown, INCOMPLETE' ]
  [[ $output == *'the database has no data for debian:forky'* ]]
  : >"$root/var/lib/dpkg/status"
  run -3 oak scan "$root"
  [[ $output == *INCOMPLETE* ]]
  mkdir -p "$place/empty"
  run -3 oak scan "$place/empty"
  [[ $output == *'nothing in it could be named'* ]]
  # A database that is a link out of the image is not followed.
  rm -r "$root/var/lib/dpkg"; ln -s /var/lib/dpkg "$root/var/lib/dpkg"
  run -3 oak scan "$root"
  [[ $output == *'nothing in it could be named'* ]]
  truncate -s -1 "$place/store/vulnerabilities.db"
  run oak scan "$root"
  said 1 'damaged or cut off'
  one_error "$output"
}

@test "db: build replaces at once or not at all; info says what it knows of" {
  SOURCE_DATE_EPOCH=86400 oak db build "$place/feeds/debian.json"
  run -0 oak db info
  [[ $output == *'built: 1970-01-02T00:00:00Z'* && $output == *'ecosystems: debian:bookworm'* ]]
  sum=$(sha256sum <"$place/store/vulnerabilities.db")
  SOURCE_DATE_EPOCH=86400 oak db build "$place/feeds/debian.json"
  [ "$(sha256sum <"$place/store/vulnerabilities.db")" = "$sum" ]
  echo '{"what": "is this"}' >"$place/feeds/x.json"
  run oak db build "$place/feeds"
  said 1 'no feed that is known'
  [ "$(sha256sum <"$place/store/vulnerabilities.db")" = "$sum" ]
  [ "$(find "$place/store" -name '*vulnerabilities*' | wc -l)" -eq 1 ]
}
