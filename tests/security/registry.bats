# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # lib/registry sets lab, place and reg
# Documents of a hostile registry. What comes in the wrong order, cut or late is in tests/integration/registry_faults.bats. Seen to
# fail with the defence taken out of a copy of the tree:
#
#   image/pull_layers.c: known, and the comparison with the DiffID     another image's DiffID
#   image/pull.c: the config's length                                  a config that is here
#   image/partial.c: partial_check()                                   registry_faults: wrong bytes; a prefix of something else
#   image/registry.c: may_be(); trust.c: claim_fits()                  registry_cosign: what cosign wrote; a referrer that is gone
bats_require_minimum_version 1.5.0
load ../integration/lib/start
load ../integration/lib/registry
setup() {
  registry_setup
  export OAKUM_POLICY=$place/policy.json
  echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$OAKUM_POLICY"
  mkdir -p "$lab/static/blobs"
  echo '{}' >"$lab/static/tags.json"
  python3 "$BATS_TEST_DIRNAME/../integration/lib/static-registry" "$lab/static" "$lab/port" tags >"$lab/static.log" 2>&1 3>&- &
  started+=($!)
  wait_for 10 test -e "$lab/port"
  reg=localhost:$(cat "$lab/port")
}
teardown() { registry_teardown; }

# blob FILE: into the registry; its digest.
blob() {
  local hex
  hex=$(sha256sum "$1" | cut -d ' ' -f 1)
  cp "$1" "$lab/static/blobs/$hex"
  echo "sha256:$hex"
}
name() { jq --arg k "$1" --arg v "$2" '.[$k] = $v' "$lab/static/tags.json" >"$lab/tags" && mv "$lab/tags" "$lab/static/tags.json"; }
# layer NAME TEXT: a plain tar with one file.
layer() {
  mkdir -p "$lab/$1"
  printf '%s' "$2" >"$lab/$1/file"
  tar -C "$lab/$1" --sort=name --mtime=@1 --owner=0 --group=0 -cf "$lab/$1.tar" file
}
diff_id() { echo "sha256:$(sha256sum "$lab/$1.tar" | cut -d ' ' -f 1)"; }
# image TAG LAYER DIFF_ID [FILTER]: a manifest, changed by FILTER; puts all into the registry.
image() {
  local config
  jq -nc --arg d "$3" '{architecture: "amd64", os: "linux", config: {}, rootfs: {type: "layers", diff_ids: [$d]}}' >"$lab/config"
  config=$(blob "$lab/config")
  jq -nc --arg c "$config" --argjson cs "$(stat -c %s "$lab/config")" --arg l "$(blob "$lab/$2.tar")" --argjson ls "$(stat -c %s "$lab/$2.tar")" \
    "{schemaVersion: 2, mediaType: \"application/vnd.oci.image.manifest.v1+json\", config: {mediaType: \"application/vnd.oci.image.config.v1+json\", digest: \$c, size: \$cs},
      layers: [{mediaType: \"application/vnd.oci.image.layer.v1.tar\", digest: \$l, size: \$ls}]} | ${4:-.}" >"$lab/manifest"
  name "$1" "$(blob "$lab/manifest")"
}

@test "another image's DiffID in a config does not give that image's files" {
  layer secret 'of another'
  layer mine 'mine'
  image secret secret "$(diff_id secret)"
  oak pull -q "$reg/private:secret"
  image mine mine "$(diff_id mine)"
  oak pull -q "$reg/public:mine"
  # A blob of one's own, then one that is here too: neither unpacks to what the config says.
  layer other 'something else'
  image thief other "$(diff_id secret)"
  run oak pull "$reg/thief:thief"
  said 1 "$(diff_id other)"
  image thief2 mine "$(diff_id secret)"
  run oak pull "$reg/thief:thief2"
  said 1 "$(diff_id mine)"
  [ "$(oak images -q | wc -l)" -eq 2 ]
  oak system check
}

@test "a config that is here and has another length than the manifest says" {
  layer mine 'mine'
  image mine mine "$(diff_id mine)"
  oak pull -q "$reg/public:mine"
  for size in '.config.size += 4000000' '.config.size -= 1' '.config.size = 0'; do
    image liar mine "$(diff_id mine)" "$size"
    run oak pull "$reg/liar:liar"
    said 1 'the config of'
    one_error "$(grep -v '^[^:]*: Pull' <<<"$output" | tail -n 1)"
  done
  image liar mine "$(diff_id mine)" '.config.size = -1'
  run oak pull "$reg/liar:liar"
  said 1 'size'
  [ "$(oak images -q | wc -l)" -eq 1 ]
  oak system check
}
