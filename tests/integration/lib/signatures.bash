# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # lib/registry sets lab and reg
#
# Keys, policies and signatures of the tests.

# key NAME: $lab/NAME.key and $lab/NAME.pub
key() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$lab/$1.key" 2>/dev/null
  openssl ec -in "$lab/$1.key" -pubout -out "$lab/$1.pub" 2>/dev/null
}
accept_all() { echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$OAKUM_POLICY"; }
require() { oak image trust set -f "$lab/good.pub" "$reg"; }
digest_of() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$1"; }
# sign_as KEY REFERENCE DIGEST TAG_REPO: a signature of KEY that says REFERENCE and DIGEST, put beside the image TAG_REPO@DIGEST4.
sign_as() {
  local repo=$4 of=$5 payload
  printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}' "$2" "$3" >"$lab/payload"
  payload=$(sha256sum "$lab/payload" | cut -d ' ' -f 1)
  mkdir -p "$lab/sig/blobs/sha256"
  cp "$lab/payload" "$lab/sig/blobs/sha256/$payload"
  printf '{}' >"$lab/config"
  cp "$lab/config" "$lab/sig/blobs/sha256/$(sha256sum "$lab/config" | cut -d ' ' -f 1)"
  jq -cn --arg p "sha256:$payload" --argjson ps "$(stat -c %s "$lab/payload")" --arg c "sha256:$(sha256sum "$lab/config" | cut -d ' ' -f 1)" \
    --arg s "$(openssl dgst -sha256 -sign "$lab/$1.key" "$lab/payload" | base64 -w0)" \
    '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $c, size: 2},
      layers: [{mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest: $p, size: $ps, annotations: {"dev.cosignproject.cosign/signature": $s}}]}' >"$lab/manifest"
  local m
  m=$(sha256sum "$lab/manifest" | cut -d ' ' -f 1)
  cp "$lab/manifest" "$lab/sig/blobs/sha256/$m"
  printf '{"imageLayoutVersion":"1.0.0"}' >"$lab/sig/oci-layout"
  jq -cn --arg m "sha256:$m" --argjson s "$(stat -c %s "$lab/manifest")" \
    '{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $m, size: $s, annotations: {"org.opencontainers.image.ref.name": "sig"}}]}' >"$lab/sig/index.json"
  skopeo copy -q --dest-tls-verify=false --preserve-digests "oci:$lab/sig:sig" "docker://$repo:sha256-${of#sha256:}.sig"
}
