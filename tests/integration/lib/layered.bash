# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # lib/start sets place

# layered NAME SEED: three layers, that of the bottom common to all.
layered() {
  local dir=$place/layered i diffs=() digests=() sizes=()
  mkdir -p "$dir/blobs/sha256"
  for i in 1 2 3; do
    mkdir -p "$place/part/dir$i/sub"
    if [ "$i" = 1 ]; then
      cp "$(command -v busybox)" "$place/part/dir1/busybox"
    else
      yes "$2 $i" | head -c 3000000 >"$place/part/dir$i/file" || true
      echo "$2 $i" >"$place/part/dir$i/sub/who"
      ln "$place/part/dir$i/file" "$place/part/dir$i/link"
    fi
    tar -C "$place/part" --sort=name --mtime=@1 -cf "$place/part.tar" .
    rm -rf "$place/part"
    diffs+=("sha256:$(sha256sum "$place/part.tar" | cut -d' ' -f1)")
    gzip -1 -n "$place/part.tar"
    digests+=("sha256:$(sha256sum "$place/part.tar.gz" | cut -d' ' -f1)")
    sizes+=("$(stat -c %s "$place/part.tar.gz")")
    mv "$place/part.tar.gz" "$dir/blobs/sha256/${digests[-1]#sha256:}"
  done
  jq -nc --args '{architecture: "amd64", os: "linux", config: {}, rootfs: {type: "layers", diff_ids: $ARGS.positional}}' "${diffs[@]}" >"$place/config"
  local config manifest
  config=$(sha256sum "$place/config" | cut -d' ' -f1)
  jq -nc --arg c "sha256:$config" --argjson n "$(stat -c %s "$place/config")" --args '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $c, size: $n},
    layers: [range(3) as $i | {mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: $ARGS.positional[$i], size: ($ARGS.positional[$i + 3] | tonumber)}]}' \
    "${digests[@]}" "${sizes[@]}" >"$place/manifest"
  manifest=$(sha256sum "$place/manifest" | cut -d' ' -f1)
  jq -nc --arg m "sha256:$manifest" --argjson n "$(stat -c %s "$place/manifest")" --arg name "$1" '{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: $m, size: $n, platform: {os: "linux", architecture: "amd64"}, annotations: {"org.opencontainers.image.ref.name": $name}}]}' >"$dir/index.json"
  echo '{"imageLayoutVersion": "1.0.0"}' >"$dir/oci-layout"
  mv "$place/config" "$dir/blobs/sha256/$config"
  mv "$place/manifest" "$dir/blobs/sha256/$manifest"
  tar -C "$dir" -cf "$place/$2.tar" .
  rm -rf "$dir"
}
