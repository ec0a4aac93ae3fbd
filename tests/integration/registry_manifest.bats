# SPDX-License-Identifier: Apache-2.0
# oakum manifest: lists for several platforms, against Debian's registry; docker, skopeo and podman look at the same.
bats_require_minimum_version 1.5.0
load lib/start
load lib/registry
setup() { registry_setup; }
teardown() { registry_teardown; }

# Two images for two platforms at $reg/app, tags amd64 and arm64.
push_two() {
  local arch
  registry one
  for arch in amd64 arm64; do
    make_root "$place/root-$arch"
    echo "$arch" >"$place/root-$arch/etc/arch"
    oak import --platform "linux/$arch" "$place/root-$arch" "$reg/app:$arch" >/dev/null
    oak push -q "$reg/app:$arch"
  done
}
digest_of() { skopeo inspect --raw --tls-verify=false "docker://$1" | sha256sum | cut -d ' ' -f 1; }

@test "create, add, annotate, inspect, push: each platform gets its image, with oakum, skopeo and podman" {
  push_two
  run -0 oak manifest create "$reg/app:all" "$reg/app:amd64"
  [ "$output" = "Created manifest list $reg/app:all" ]
  run oak manifest create "$reg/app:all" "$reg/app:arm64"
  said 1 'already' '--amend'
  oak manifest add --variant v8 --annotation a=b=c "$reg/app:all" "$reg/app:arm64"
  oak manifest inspect "$reg/app:all" >"$place/list"
  jq -e '.mediaType == "application/vnd.oci.image.index.v1+json" and ([.manifests[].platform.architecture] == ["amd64", "arm64"])
    and .manifests[1].platform.variant == "v8" and .manifests[1].annotations.a == "b=c" and all(.manifests[]; .ref == null)' "$place/list"
  oak manifest annotate --os-version 10.0 --os-features x --os-features y "$reg/app:all" "$reg/app:arm64"
  oak manifest annotate --variant v9 "$reg/app:all" "sha256:$(digest_of "$reg/app:arm64")"
  oak manifest inspect "$reg/app:all" | jq -e '.manifests[1].platform == {architecture: "arm64", os: "linux", variant: "v9", "os.version": "10.0", "os.features": ["x", "y"]}'
  oak manifest annotate --variant v8 "$reg/app:all" "$reg/app:arm64"
  run oak manifest annotate --os x "$reg/app:all" "$reg/app:nosuch"
  said 1 'there is no' 'nosuch'
  run -0 oak manifest push --digestfile "$place/digest" "$reg/app:all"
  [ "$output" = "sha256:$(digest_of "$reg/app:all")" ] && [ "$(cat "$place/digest")" = "$output" ]
  cmp <(oak manifest inspect --raw "$reg/app:all") <(skopeo inspect --raw --tls-verify=false "docker://$reg/app:all")
  rm -rf "$place/store"
  for arch in amd64 arm64; do
    oak pull -q --platform "linux/$arch" "$reg/app:all" >/dev/null
    [ "$(oak images --digests --format json "$reg/app" | jq -r .Digest)" = "sha256:$(digest_of "$reg/app:all")" ]
    [ "$(oak image inspect "$reg/app:all" | jq -r '.[0].Architecture')" = $arch ]
    oak image inspect "$reg/app@sha256:$(digest_of "$reg/app:$arch")" | jq -e --arg arch $arch '.[0].Architecture == $arch'
    [ "$(skopeo inspect --config --tls-verify=false --override-arch $arch "docker://$reg/app:all" | jq -r .architecture)" = $arch ]
    oak rmi "$reg/app:all"
  done
}

@test "what docker makes of the same images is the same list" {
  command -v docker >/dev/null || skip 'needs docker'
  push_two
  # Debian's docker knows manifests of its own form only.
  for arch in amd64 arm64; do
    skopeo copy -q --insecure-policy --format v2s2 --src-tls-verify=false --dest-tls-verify=false "docker://$reg/app:$arch" "docker://$reg/app:d-$arch"
  done
  docker manifest create --insecure "$reg/app:docker" "$reg/app:d-amd64" "$reg/app:d-arm64"
  docker manifest annotate --variant v8 "$reg/app:docker" "$reg/app:d-arm64"
  oak manifest create --insecure "$reg/app:docker" "$reg/app:d-amd64" "$reg/app:d-arm64"
  oak manifest annotate --variant v8 "$reg/app:docker" "$reg/app:d-arm64"
  docker manifest inspect --insecure "$reg/app:docker" | jq -S '.manifests | map({digest, size, mediaType, platform})' >"$place/docker.json"
  oak manifest inspect "$reg/app:docker" | jq -S '.manifests | map({digest, size, mediaType, platform})' >"$place/ours.json"
  diff "$place/docker.json" "$place/ours.json"
  # And docker takes what we push.
  oak manifest create "$reg/app:v2" "$reg/app:d-amd64" "$reg/app:d-arm64"
  oak manifest push "$reg/app:v2"
  docker manifest inspect --insecure "$reg/app:v2" | jq -e '.mediaType == "application/vnd.docker.distribution.manifest.list.v2+json" and (.manifests | length) == 2'
}

@test "members of another repository are copied within the registry; of another registry refused; a list that lost one" {
  push_two
  oak tag "$reg/app:arm64" "$reg/other/arm:1" && oak push -q "$reg/other/arm:1"
  oak manifest create "$reg/new:all" "$reg/app:amd64" "$reg/other/arm:1"
  oak manifest push "$reg/new:all" "$reg/new:elsewhere"
  oak manifest inspect "$reg/new:all" | jq -r '.manifests[].digest' | while read -r d; do
    skopeo inspect --raw --tls-verify=false "docker://$reg/new@$d" >/dev/null
  done
  skopeo copy -q --insecure-policy --all --src-tls-verify=false "docker://$reg/new:elsewhere" "oci:$place/copy"
  first=$reg
  registry two
  run oak manifest push "$first/new:all" "$reg/new:all"
  said 1 'another registry' "$first/app:amd64"
  run oak manifest create "$reg/l:1" "$first/new:elsewhere"
  said 1 'a list itself'
  run oak manifest create "$reg/l:1" "$first/new:nosuch"
  said 1 'nosuch'
  run oak manifest inspect "$reg/l:1"
  said 1
  oak manifest create "$reg/l:1"
  run oak manifest push "$reg/l:1"
  said 1 'empty'
  run oak manifest add "$reg/nolist" "$first/app:amd64"
  said 1 'no manifest list' 'manifest create'
}

@test "rm and push --purge: the list is forgotten here, what was pushed stays" {
  push_two
  oak manifest create "$reg/app:all" "$reg/app:amd64"
  oak manifest push -p "$reg/app:all"
  [ -z "$(find "$place/store/lists" -name '*.json')" ]
  run oak manifest rm "$reg/app:all"
  said 1 'no manifest list'
  oak manifest create -a "$reg/app:more" "$reg/app:amd64"
  oak manifest create -a "$reg/app:more" "$reg/app:arm64" "$reg/app:amd64"
  oak manifest inspect "$reg/app:more" | jq -e '.manifests | length == 2'
  oak manifest rm "$reg/app:more"
  run oak manifest inspect "$reg/app:more"
  said 1 'more'
  oak manifest inspect "$reg/app:all" | jq -e '.manifests | length == 1'
  # A damaged one is said to be.
  oak manifest create "$reg/app:bad" "$reg/app:amd64"
  for f in "$place"/store/lists/*.json; do echo '{"name": 1}' >"$f"; done
  run oak manifest push "$reg/app:bad"
  said 1 'damaged'
}
