# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # lib/registry sets lab and reg
# cosign as a second opinion on signatures. cosign/ holds what cosign 2.6.1 wrote for a small image, with a key that was
# thrown away: `cosign sign --key K --sign-container-identity registry.example/team/app`, and the same with --new-bundle-format.
# COSIGN=PATH compares with a cosign that is there, too (Debian has none, and its skopeo and podman are built without sigstore);
# OAKUM_SHOW=1 shows the table, which docs/registries.md has.
bats_require_minimum_version 1.5.0
load lib/start
load lib/registry
load lib/signatures
setup() {
  registry_setup
  export OAKUM_POLICY=$place/policy.json
  accept_all
  fixture=$BATS_TEST_DIRNAME/cosign
}
teardown() { registry_teardown; }

# static DIR api|tags: sets $reg.
static() {
  rm -f "$lab/static-port"
  "$BATS_TEST_DIRNAME/lib/static-registry" "$1" "$lab/static-port" "$2" >"$lab/static.log" 2>&1 3>&- &
  started+=($!)
  wait_for 10 test -e "$lab/static-port"
  reg=localhost:$(cat "$lab/static-port")
}
# want KEY TYPE: the policy for $reg; the images were signed as registry.example/team/app, wherever they lie now.
want() {
  jq -n --arg reg "$reg" --arg key "$1" --arg type "$2" '{default: [{type: "reject"}], transports: {docker: {($reg): [{type: "sigstoreSigned", keyPath: $key,
    signedIdentity: ({type: $type} + (if $type == "exactRepository" then {dockerRepository: "registry.example/team/app"} else {} end))}]}}}' >"$OAKUM_POLICY"
}
# without WHAT: a copy of the fixture in which the tag form, or the bundle, is not there.
without() {
  rm -rf "$lab/copy"
  cp -r "$fixture" "$lab/copy"
  case $1 in
  tag-form) jq 'with_entries(select(.key | endswith(".sig") | not))' "$fixture/tags.json" >"$lab/copy/tags.json" ;;
  bundle) jq 'with_entries(select((.key | startswith("sha256-") | not) or (.key | endswith(".sig"))))' "$fixture/tags.json" >"$lab/copy/tags.json"
    grep -l '"subject"' "$lab/copy/blobs/"* | xargs rm ;;
  esac
}

@test "what cosign wrote is accepted: the tag form, the bundle by the referrers API and by its tag; by the right key only" {
  local form
  key other
  for form in api tags; do
    without bundle
    static "$lab/copy" $form
    want "$fixture/cosign.pub" exactRepository
    oak pull -q "$reg/team/app:1"
    oak rmi "$reg/team/app:1"
    want "$fixture/cosign.pub" matchRepository
    run oak pull "$reg/team/app:1"
    said 1 'signed under the name registry.example/team/app'
    want "$lab/other.pub" exactRepository
    run oak pull "$reg/team/app:1"
    said 1 'none of the keys made'

    without tag-form
    static "$lab/copy" $form
    want "$fixture/cosign.pub" matchRepositoryIfNamed
    oak pull -q "$reg/elsewhere/app:1"
    run -0 oak verify --local "$reg/elsewhere/app:1"
    run -0 oak verify --key "$fixture/cosign.pub" "$reg/elsewhere/app:1"
    oak rmi "$reg/elsewhere/app:1"
    want "$fixture/cosign.pub" matchRepository
    run oak pull "$reg/team/app:1"
    said 1 'names no repository' 'matchRepositoryIfNamed'
    want "$lab/other.pub" matchRepositoryIfNamed
    run oak pull "$reg/team/app:1"
    said 1 'none of the keys made'
    run oak verify --key "$lab/other.pub" "$reg/team/app:1"
    said 1 'none of the keys made'
  done
  [ -z "$(oak images -q)" ]
}

@test "a referrer that is gone, one that is no bundle, and one that another image has, do not stand in the way and do not count" {
  local index manifest image other
  without tag-form
  static "$lab/copy" tags
  want "$fixture/cosign.pub" matchRepositoryIfNamed
  image=$(jq -r '."1"' "$lab/copy/tags.json")
  index=$(jq -r --arg k "${image/:/-}" '.[$k]' "$lab/copy/tags.json")
  manifest=$(jq -r '.manifests[0].digest' "$lab/copy/blobs/${index#sha256:}")
  put() { # the file as a blob; its digest
    local hex
    hex=$(sha256sum "$1" | cut -d ' ' -f 1)
    cp "$1" "$lab/copy/blobs/$hex"
    echo "sha256:$hex"
  }
  jq -c --arg gone "sha256:$(printf 'a%.0s' {1..64})" --arg image "$image" --argjson size "$(stat -c %s "$lab/copy/blobs/${image#sha256:}")" \
    '.manifests = [(.manifests[0] | .digest = $gone), (.manifests[0] | .digest = $image | .size = $size)] + .manifests' "$lab/copy/blobs/${index#sha256:}" >"$lab/index"
  jq --arg k "${image/:/-}" --arg v "$(put "$lab/index")" '.[$k] = $v' "$lab/copy/tags.json" >"$lab/tags" && cp "$lab/tags" "$lab/copy/tags.json"
  run -0 oak verify "$reg/team/app:1"
  # The bundle put beside another image: it verifies, and is of the first one.
  jq -c '.annotations = {"other": "image"}' "$lab/copy/blobs/${image#sha256:}" >"$lab/image"
  other=$(put "$lab/image")
  jq -c --arg d "$other" --argjson n "$(stat -c %s "$lab/image")" '.subject.digest = $d | .subject.size = $n' "$lab/copy/blobs/${manifest#sha256:}" >"$lab/manifest"
  jq -nc --arg d "$(put "$lab/manifest")" --argjson n "$(stat -c %s "$lab/manifest")" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $n, artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json"}]}' >"$lab/index"
  jq -n --arg o "$other" --arg k "${other/:/-}" --arg v "$(put "$lab/index")" '{"1": $o, ($k): $v}' >"$lab/copy/tags.json"
  run oak verify "$reg/team/app:1"
  said 1 'is of another image'
  run oak verify --key "$fixture/cosign.pub" "$reg/team/app:1"
  said 1 'is of another image'
}

# --- the table ---

row() { printf '| %s | %s | %s |\n' "$@" >>"$place/table"; }
# What each says: accepted, refused; - when it is not there.
by_oakum() {
  oak rmi -f "$1" >/dev/null 2>&1 || true
  if oak pull -q "$1" >"$place/said" 2>&1; then
    oak rmi "$1" >/dev/null
    echo accepted
  else
    sed -n 's/.* is refused: \(.*\) (.*/refused: \1/p' "$place/said" | sed "s#$reg#registry.example#g; s/sha256:[0-9a-f]*/sha256:…/"
  fi
}
# cosign compares no repository unless it is asked to.
by_cosign() {
  [ -n "${COSIGN:-}" ] || { echo '-'; return; }
  if COSIGN_PASSWORD='' "$COSIGN" verify --key "$lab/good.pub" --insecure-ignore-tlog --allow-insecure-registry "$@" >"$place/said" 2>&1; then echo accepted; else echo refused; fi
}

@test "signed, unsigned, wrongly signed, moved: the table of the manual" {
  local a b c
  registry one
  key good
  key other
  for c in a b unsigned theirs; do
    random_image "$reg/team/$c:1" 1
    oak push -q "$reg/team/$c:1"
  done
  a=$(digest_of "$reg/team/a:1") b=$(digest_of "$reg/team/b:1")
  require
  printf '| image | oakum | cosign |\n|---|---|---|\n' >"$place/table"
  both() { row "$1" "$(by_oakum "$2")" "$(by_cosign "$2")"; }
  both 'not signed' "$reg/team/unsigned:1"
  sign_as other "$reg/team/theirs" "$(digest_of "$reg/team/theirs:1")" "$reg/team/theirs" "$(digest_of "$reg/team/theirs:1")"
  both 'signed by another key' "$reg/team/theirs:1"
  sign_as good "$reg/team/b" "$a" "$reg/team/b" "$b"
  both 'signed by the key, another image' "$reg/team/b:1"
  sign_as good "$reg/team/else" "$a" "$reg/team/a" "$a"
  both 'signed by the key, for another repository' "$reg/team/a:1"
  accept_all
  oak pull -q "$reg/team/a:1"
  oak push -q --sign-by "$lab/good.key" "$reg/team/a:1"
  oak rmi "$reg/team/a:1" >/dev/null
  require
  skopeo copy -q --preserve-digests --src-tls-verify=false --dest-tls-verify=false "docker://$reg/team/a:1" "docker://$reg/team/moved:1"
  skopeo copy -q --preserve-digests --src-tls-verify=false --dest-tls-verify=false "docker://$reg/team/a:${a/:/-}.sig" "docker://$reg/team/moved:${a/:/-}.sig"
  both 'moved with its signature to another repository' "$reg/team/moved:1"
  both 'signed by oakum push --sign-by' "$reg/team/a:1"
  [ -z "${OAKUM_SHOW:-}" ] || sed 's/^/# /' "$place/table" >&3
  # The manual's, in the columns that were filled.
  local columns=2,3
  [ -z "${COSIGN:-}" ] || columns+=,4
  diff -u <(sed -n '/^| image | oakum | cosign/,/^$/p' "$top/docs/registries.md" | sed '/^$/d' | cut -d '|' -f $columns) <(cut -d '|' -f $columns "$place/table")
}

@test "with the real cosign: what it signs is accepted here, what is signed here it accepts" {
  [ -n "${COSIGN:-}" ] || skip 'COSIGN=PATH names a cosign to compare with'
  local form digest
  registry one
  random_image "$reg/team/box:1" 1
  export COSIGN_PASSWORD=
  (cd "$lab" && "$COSIGN" generate-key-pair >/dev/null 2>&1)
  for form in false true; do
    random_image "$reg/team/box-$form:1" 1
    oak push -q "$reg/team/box-$form:1"
    digest=$(digest_of "$reg/team/box-$form:1")
    run oak verify --key "$lab/cosign.pub" "$reg/team/box-$form:1"
    said 1 'no signature'
    "$COSIGN" sign --key "$lab/cosign.key" --tlog-upload=false -y --allow-insecure-registry --use-signing-config=false --new-bundle-format=$form "$reg/team/box-$form@$digest"
    run -0 oak verify --key "$lab/cosign.pub" "$reg/team/box-$form:1"
    oak image trust set --bundles -f "$lab/cosign.pub" "$reg"
    oak rmi "$reg/team/box-$form:1" >/dev/null
    oak pull -q "$reg/team/box-$form:1"
    accept_all
  done
  key good
  oak push -q --sign-by "$lab/good.key" "$reg/team/box:1"
  "$COSIGN" verify --key "$lab/good.pub" --insecure-ignore-tlog --allow-insecure-registry "$reg/team/box:1"
}
