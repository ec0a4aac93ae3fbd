# SPDX-License-Identifier: Apache-2.0
# The image commands as a person uses them. What archives may hold is tested in tests/unit/image and tests/security.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() { start_teardown; }

@test "no store yet: nothing to list, and a run says what to do" {
  [ "$(oak images | wc -l)" -eq 1 ]
  [ -z "$(oak images -q)" ]
  run oak run --pull never box true
  said 125 'there is no image "box" on this host' 'oakum import'
  one_error "$output"
}

@test "import, images, tag, rmi" {
  make_image
  make_root "$place/root2"
  local id
  id=$(oak import "$place/root2" other/thing:2.0)
  [[ $id == sha256:* ]]
  run -0 oak images
  said 0 'REPOSITORY' 'box' 'other/thing' '2.0' "${id:7:12}"
  [ "$(oak images -q | wc -l)" -eq 2 ]
  [ "$(oak images -q --no-trunc other/thing)" = "$id" ]
  [ "$(oak images --format json other/thing | jq -r '.Tag')" = 2.0 ]
  run -0 oak images --digests
  said 0 DIGEST 'sha256:'
  oak tag box third
  oak run --rm --cgroup-parent "/$group" third true
  run oak rmi "$(oak images -q box)"
  said 1
  oak rmi third
  run oak rmi third
  said 1 'third'
  oak inspect other/thing:2.0 | jq -e '.[0].Id == "'"$id"'" and .[0].Os == "linux"'
  oak inspect --type image box | jq -e '.[0].Layers | length == 1'
  oak rmi -f "${id:7:12}" box
  run -1 oak import https://example.com/root.tar x
  said 1 'import fetches nothing' 'curl'
  [ -z "$(oak images -q)" ]
  [ -z "$(ls -A "$place/store/layers")" ]
}

@test "images: right also where umoci and skopeo wrote the index" {
  command -v umoci >/dev/null || skip 'needs umoci'
  command -v skopeo >/dev/null || skip 'needs skopeo'
  make_image
  local id layout=$place/store/images
  id=$(oak images -q --no-trunc box)
  # umoci keeps the annotations of the entry, which are those of the image that was.
  umoci config --image "$layout:docker.io/library/box:latest" --config.user 7 --created 2001-02-03T04:05:06Z
  jq -e '.manifests[0].annotations["oakum.summary"]' "$layout/index.json"
  [ "$(oak images -q --no-trunc box)" != "$id" ]
  [ "$(oak images -q --no-trunc box)" = "sha256:$(skopeo inspect --raw "oci:$layout:docker.io/library/box:latest" | jq -r .config.digest | cut -d : -f 2)" ]
  [ "$(oak images --format json box | jq -r .CreatedAt)" = 2001-02-03T04:05:06Z ]
  run oak inspect "$id"
  said 1 'no image'
  skopeo copy -q --insecure-policy "oci:$layout:docker.io/library/box:latest" "oci:$layout:docker.io/library/copy:1"
  jq -e '.manifests | any(.annotations["oakum.summary"] == null)' "$layout/index.json"
  [ "$(oak images -q --no-trunc copy:1)" = "$(oak images -q --no-trunc box)" ]
  oak rmi box copy:1
  [ -z "$(oak images -q)" ]
}

@test "from standard input, with changes" {
  make_root "$place/root"
  tar -C "$place/root" -cz . | oak import -c 'CMD ["echo", "changed"]' -c 'LABEL a=b' -m 'from a test' - piped:1 >/dev/null
  run -0 oak run --rm --cgroup-parent "/$group" piped:1
  [ "$output" = changed ]
  # docker's fields, also where the image says nothing.
  oak import "$place/root" plain:1 -m 'a remark' >/dev/null
  [ "$(oak inspect -f '[{{.Config.User}}{{.Config.WorkingDir}}{{.Parent}}{{.DockerVersion}}] {{.Comment}} {{.GraphDriver.Name}} {{json .Config.Cmd}}' plain:1)" = '[] a remark overlay2 null' ]
  [ -x "$(oak inspect -f '{{.GraphDriver.Data.UpperDir}}' plain:1)/bin/sh" ]
  oak inspect plain:1 | jq -e '.[0] | .Metadata.LastTagTime == "0001-01-01T00:00:00Z" and .VirtualSize == .Size and .GraphDriver.Data.LowerDir == null'
  oak inspect piped:1 | jq -e '.[0].Config.Labels.a == "b"'
}

@test "wrong use: one error, no half image" {
  make_root "$place/root"
  mark
  local args
  for args in "$place/nonesuch x" "$place/root UPPER" "$place/root x:bad:tag" "--change NOSUCH $place/root x" "--max-size 0 $place/root x" \
    "--max-size 1k $place/root x" '' 'a b c' "--platform nonsense $place/root x"; do
    # shellcheck disable=SC2086
    run oak import $args
    [ "$status" -eq 1 ] || { echo "import $args: $status"; false; }
    one_error "$output"
  done
  [ -z "$(oak images -q)" ]
  [ -z "$(ls -A "$place/store/layers" "$place/store/tmp" 2>/dev/null | grep -v :)" ]
}

@test "base: a name that is none, packages that are none" {
  run oak base
  said 1 'base takes no fewer than 1 argument'
  run oak base --packages 'not a package; rm -rf /' x
  said 1
  one_error "$output"
}
