# SPDX-License-Identifier: Apache-2.0
# Pull, push and what is around them, with Debian's docker-registry and with skopeo as second opinion.
bats_require_minimum_version 1.5.0
load lib/start
load lib/registry
setup() { registry_setup; }
teardown() { registry_teardown; }

@test "push, pull and back: digests are the same everywhere" {
  registry one
  random_image "$reg/team/box:1" 3
  run -0 oak push --digestfile "$place/pushed" "$reg/team/box:1"
  said 0 "The push refers to repository [$reg/team/box]" ': Pushed' '1: digest: sha256:'
  local digest id
  digest=$(cat "$place/pushed")
  id=$(oak images -q --no-trunc "$reg/team/box:1")
  [ "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$reg/team/box:1")" = "$digest" ]
  run -0 oak push "$reg/team/box:1"
  said 0 'Layer already exists'
  oak rmi "$reg/team/box:1"
  run -0 oak pull --digestfile "$place/pulled" "$reg/team/box:1"
  said 0 '1: Pulling from' ': Pull complete' "Digest: $digest" "Status: Downloaded newer image for $reg/team/box:1"
  [ "$(cat "$place/pulled")" = "$digest" ]
  [ "$(oak images -q --no-trunc)" = "$id" ]
  [ -z "$(ls -A "$place/store/partial")" ]
  [ -z "$(ls -A "$place/store/tmp")" ]
  run -0 oak pull "$reg/team/box:1"
  said 0 'Status: Image is up to date'
  [ "$(oak pull -q "$reg/team/box:1")" = "$reg/team/box:1" ]
  # By digest: the same image, another name.
  run -0 oak pull "$reg/team/box@$digest"
  [ "$(oak images -q --no-trunc | sort -u)" = "$id" ]
  oak inspect "$reg/team/box@$digest" >/dev/null
  # skopeo takes it from our store, and from the registry: one digest.
  skopeo copy -q --preserve-digests --src-tls-verify=false --dest-tls-verify=false "docker://$reg/team/box:1" "docker://$reg/copy:1"
  [ "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$reg/copy:1")" = "$digest" ]
}

@test "what skopeo pushed, in OCI and in docker's schema 2, is what comes" {
  registry one
  make_image
  cp -a "$place/store/images" "$place/layout"
  local format digest
  for format in oci v2s2; do
    skopeo copy -q --format $format --dest-tls-verify=false "oci:$place/layout:docker.io/library/box:latest" "docker://$reg/box:$format"
    digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$reg/box:$format")
    run -0 oak pull "$reg/box:$format"
    said 0 "Digest: $digest"
    [ "$(oak run --rm --pull never --cgroup-parent "/$group" "$reg/box:$format" sh -c 'echo here')" = here ]
  done
}

@test "a layer that is here is not fetched again, and one that is elsewhere is mounted" {
  registry one
  proxy one
  random_image "$front/a:1" 2
  oak push -q "$front/a:1"
  oak tag "$front/a:1" "$front/b:1"
  run -0 oak push "$front/b:1"
  said 0 'Mounted from another repository'
  ! jq -e 'select(.method == "PUT" and (.path | test("/b/blobs")))' "$faults/log"
  oak rmi "$front/b:1"
  run -0 oak pull "$front/b:1"
  said 0 'Already exists'
  [ "$(sent '/b/blobs/')" -eq 0 ]
  # The registry's copy of the layer stays usable when the image that had it first goes.
  oak rmi "$front/a:1"
  oak inspect "$front/b:1" >/dev/null
  [ "$(ls "$place/store/layers" | wc -l)" -eq 1 ]
}

@test "what the disk damaged in the store is fetched again by a pull: a layer's blob, a config, a manifest" {
  registry one
  random_image "$reg/a:1" 2
  oak push -q "$reg/a:1"
  oak rmi "$reg/a:1"
  oak pull -q "$reg/a:1"
  local blobs=$place/store/images/blobs/sha256 manifest config layer what
  manifest=$(oak images --format json | jq -r '.Digest[7:]')
  config=$(jq -r '.config.digest[7:]' "$blobs/$manifest")
  layer=$(jq -r '.layers[0].digest[7:]' "$blobs/$manifest")
  for what in "$manifest" "$config" "$layer"; do
    # As large as before.
    printf X | dd of="$blobs/$what" bs=1 seek=100 conv=notrunc status=none
    [ "$what" != "$layer" ] || rm -rf "$place/store/layers"/*
    run -0 oak pull "$reg/a:1"
    [ "$what" != "$layer" ] || said 0 'is damaged; it is fetched again'
    [ "$(sha256sum <"$blobs/$what")" = "$what  -" ]
    oak inspect "$reg/a:1" | jq -e '.[0].Layers | length == 1'
  done
  run -0 oak system check
  # A layer that is bad as the registry has it stays an error.
  oak rmi "$reg/a:1"
  printf 'no tar' >"$place/bad"
  bad=$(sha256sum "$place/bad" | cut -d ' ' -f 1)
  jq -nc --arg d "sha256:$bad" '{architecture: "amd64", os: "linux", rootfs: {type: "layers", diff_ids: [$d]}}' >"$place/c"
  c=$(sha256sum "$place/c" | cut -d ' ' -f 1)
  put_blob x "$place/bad"
  put_blob x "$place/c"
  jq -nc --arg d "sha256:$bad" --arg c "sha256:$c" --argjson n "$(wc -c <"$place/c")" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $c, size: $n}, layers: [{mediaType: "application/vnd.oci.image.layer.v1.tar", digest: $d, size: 6}]}' >"$place/m"
  put_manifest x 1 application/vnd.oci.image.manifest.v1+json "$place/m"
  run oak pull "$reg/x:1"
  said 1 'layer'
  [[ $output != *'fetched again'* ]]
}

@test "an image that another tool changed in the store is not up to date: a pull brings back the registry's" {
  command -v umoci >/dev/null || skip 'needs umoci'
  registry one
  random_image "$reg/a:1" 1
  id=$(oak images -q --no-trunc "$reg/a")
  oak push -q "$reg/a:1"
  oak rmi "$reg/a:1"
  oak pull -q "$reg/a:1"
  run -0 oak pull "$reg/a:1"
  said 0 'up to date'
  umoci config --image "$place/store/images:$reg/a:1" --config.user 7
  [ "$(oak images -q --no-trunc "$reg/a")" != "$id" ]
  run -0 oak pull "$reg/a:1"
  said 0 'Downloaded newer image'
  [ "$(oak images -q --no-trunc "$reg/a")" = "$id" ]
}

@test "push --compression-format gzip: smaller, of the same content, each time the same; a damaged layer does not get a good name" {
  registry one
  make_root "$place/root"
  head -c 3000000 /dev/zero >"$place/root/etc/zeros"
  oak import "$place/root" "$reg/plain:1" >/dev/null
  id=$(oak images -q --no-trunc "$reg/plain")
  oak push -q "$reg/plain:1"
  oak push -q --compression-format gzip --digestfile "$place/first" "$reg/plain:1" "$reg/packed:1"
  oak push -q --compression-format gzip --digestfile "$place/second" "$reg/plain:1" "$reg/packed:2"
  cmp "$place/first" "$place/second"
  jq -n --argjson a "$(oak manifest inspect "$reg/plain:1")" --argjson b "$(oak manifest inspect "$reg/packed:1")" \
    '$b.layers[0].mediaType == "application/vnd.oci.image.layer.v1.tar+gzip" and $b.layers[0].size * 2 < $a.layers[0].size and $a.config == $b.config' | grep -qx true
  [ "$(cat "$place/first")" = "sha256:$(oak manifest inspect --raw "$reg/packed:1" | sha256sum | cut -d ' ' -f 1)" ]
  skopeo copy -q --insecure-policy --src-tls-verify=false "docker://$reg/packed:1" "oci:$place/copy:x"
  oak rmi "$reg/plain:1"
  oak pull -q "$reg/packed:1"
  [ "$(oak images -q --no-trunc "$reg/packed")" = "$id" ]
  run -0 oak_run --user 0 "$reg/packed:1" sh -c 'wc -c </etc/zeros'
  [ "$output" -eq 3000000 ]
  run oak push --compression-format zstd "$reg/packed:1"
  said 1 'must be gzip'
  # A compressed layer goes as it is.
  oak push -q --compression-format gzip --digestfile "$place/third" "$reg/packed:1" "$reg/packed:3"
  cmp "$place/first" "$place/third"
  oak import "$place/root" "$reg/plain:2" >/dev/null
  layer=$(oak manifest inspect "$reg/plain:1" | jq -r '.layers[0].digest[7:]')
  printf X | dd of="$place/store/images/blobs/sha256/$layer" bs=1 seek=1000 conv=notrunc status=none
  run oak push --compression-format gzip "$reg/plain:2" "$reg/bad:1"
  said 1 'is damaged'
  run oak manifest inspect "$reg/bad:1"
  said 1
  [ -z "$(ls "$place/store/tmp")" ]
}

@test "large blobs go in pieces, and on after a break" {
  registry one
  proxy one
  random_image "$front/big:1" 5
  rules '[{"match": "PATCH", "do": "reset", "after": 100000, "times": 2}]'
  run -0 oak push --chunk-size 1m "$front/big:1"
  [ "$(jq -s 'map(select(.method == "PATCH")) | length' "$faults/log")" -ge 6 ]
  oak rmi "$front/big:1"
  oak pull -q "$front/big:1"
}

@test "an index: the platform that is wanted, and a clear word when it is not there" {
  registry one
  make_image
  cp -a "$place/store/images" "$place/layout"
  local arch entries=() digest size
  for arch in amd64 arm64; do
    make_root "$place/root-$arch"
    echo "$arch" >"$place/root-$arch/etc/arch"
    oak import --platform linux/$arch "$place/root-$arch" "$reg/multi:$arch" >/dev/null
    oak push -q "$reg/multi:$arch"
    oak manifest inspect --raw "$reg/multi:$arch" >"$place/$arch.json"
    digest=sha256:$(sha256sum <"$place/$arch.json" | cut -d' ' -f1)
    size=$(stat -c %s "$place/$arch.json")
    entries+=("{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"$digest\",\"size\":$size,\"platform\":{\"os\":\"linux\",\"architecture\":\"$arch\"}}")
    oak rmi "$reg/multi:$arch"
  done
  echo "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[${entries[1]},${entries[0]}]}" >"$place/index.json"
  put_manifest multi all application/vnd.oci.image.index.v1+json "$place/index.json"
  digest=sha256:$(sha256sum <"$place/index.json" | cut -d' ' -f1)
  run -0 oak pull --platform linux/amd64 "$reg/multi:all"
  said 0 "Digest: $digest"
  oak inspect "$reg/multi:all" | jq -e '.[0].Architecture == "amd64"'
  # The list's digest is the one that people know: it is shown, and found after a pull by tag, like that of the platform's own manifest.
  [ "$(oak images --digests --format '{{.Digest}}' "$reg/multi:all")" = "$digest" ]
  [[ "$(oak images --digests)" == *" $digest "* ]]
  oak inspect "$reg/multi@$digest" | jq -e --arg is "$reg/multi@$digest" '.[0].RepoDigests == [$is] and .[0].Architecture == "amd64"'
  oak inspect "$reg/multi@sha256:$(sha256sum <"$place/amd64.json" | cut -d' ' -f1)" >"$place/inspected"
  run -1 oak inspect "$reg/other@$digest"
  said 1 'no image'
  # What was recorded of a manifest says nothing of another one that a tool gave the entry since.
  cp -a "$place/store" "$place/other-store"
  jq --arg name "$reg/multi:all" '(.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name))
    |= (.annotations["oakum.summary"] |= sub("^[0-9a-f]{64}"; "0" * 64))' "$place/store/images/index.json" >"$place/other-store/images/index.json"
  run -1 "$bin/oakum" --root "$place/other-store" --state "$place/state" inspect "$reg/multi@$digest"
  said 1 'no image'
  run -0 oak pull --platform linux/amd64 "$reg/multi:all"
  said 0 'up to date'
  run -0 oak pull --platform linux/arm64/v8 "$reg/multi:all"
  oak inspect "$reg/multi:all" | jq -e '.[0].Architecture == "arm64"'
  run -1 oak pull --platform linux/s390x "$reg/multi:all"
  said 1 'has no image for linux/s390x; it has linux/arm64, linux/amd64'
  one_error "$(oak pull -q --platform linux/s390x "$reg/multi:all" 2>&1)"
  # By the index's digest it is found again without a question.
  run -0 oak pull --platform linux/amd64 "$reg/multi@$digest"
  oak run --rm --pull never --cgroup-parent "/$group" "$reg/multi@$digest" grep -q amd64 /etc/arch
}

@test "all tags; search; manifest inspect; wrong use" {
  registry one
  random_image "$reg/many:0" 1
  local n
  for n in 1 2 3; do
    oak tag "$reg/many:0" "$reg/many:$n"
  done
  oak push -q -a "$reg/many"
  oak rmi -f "$(oak images -q "$reg/many:0")"
  oak pull -q --all-tags "$reg/many"
  [ "$(oak images -q | wc -l)" -eq 4 ]
  run -0 oak search "$reg/man"
  said 0 'NAME' "$reg/many"
  [ "$(oak search --filter stars=0 --filter is-official=false --format '{{.Name}} {{.IsAutomated}}' "$reg/man")" = "$reg/many false" ]
  [ -z "$(oak search --filter stars=1 --format '{{.Name}}' "$reg/man")" ]
  [ -z "$(oak search -f is-official=true --format '{{.Name}}' "$reg/man")" ]
  [ -z "$(oak search -f is-automated=true --format '{{.Name}}' "$reg/man")" ]
  run -1 oak search -f is-official=perhaps "$reg/man"
  said 1 'true or false'
  run -1 oak search -f colour=red "$reg/man"
  said 1 'is-official, is-automated or stars'
  run -0 oak manifest inspect "$reg/many:2"
  said 0 '"schemaVersion": 2'
  local args
  for args in '' '-a x:1' '--jobs 0 x' 'UPPER' "$reg/none" "$reg/many:nosuch" "--platform no/such/thing/x $reg/many:0"; do
    # shellcheck disable=SC2086
    run oak pull -q $args
    [ "$status" -eq 1 ] || { echo "pull $args: $status"; false; }
    one_error "$output"
  done
  run -1 oak push -q "$reg/nothing:1"
  one_error "$output"
}

@test "artifacts and schema 1 are refused by name" {
  registry one
  proxy one
  random_image "$reg/plain:1" 1
  oak push -q "$reg/plain:1"
  oak manifest inspect "$reg/plain:1" | jq -c '.config.mediaType = "application/vnd.cncf.helm.config.v1+json"' >"$place/artifact.json"
  put_manifest plain chart application/vnd.oci.image.manifest.v1+json "$place/artifact.json"
  run -1 oak pull "$reg/plain:chart"
  said 1 'is an artifact of type application/vnd.cncf.helm.config.v1+json and no image'
  rules '[{"match": "manifests/old", "do": "status", "status": 200, "headers": {"Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}, "body": "{\"schemaVersion\": 1, \"fsLayers\": []}"}]'
  run -1 oak pull "$front/plain:old"
  said 1 'schema 1'
}

@test "TLS: an unknown authority is refused, certs.d and --cert-dir name one" {
  tls_registry safe
  random_image "$reg/box:1" 1
  run -1 oak push "$reg/box:1"
  said 1 'certificate is not trusted'
  oak push -q --cert-dir "$certs" "$reg/box:1"
  oak rmi "$reg/box:1"
  run -1 oak pull -q "$reg/box:1"
  one_error "$output"
  oak pull -q --cert-dir "$certs" "$reg/box:1"
  oak rmi "$reg/box:1"
  oak pull -q --tls-verify=false "$reg/box:1"
}

@test "plain http: only for this machine or by the owner's word, and never with --tls-verify" {
  registry one
  random_image "$reg/box:1" 1
  oak push -q "$reg/box:1"
  run -1 oak pull -q --tls-verify "$reg/box:1"
  one_error "$output"
  # Another name for loopback is not loopback.
  local alias
  alias=$(hostname)
  run -1 oak pull -q "$alias.invalid:$port/box:1"
  echo "{\"registries\": [{\"prefix\": \"$reg\", \"tls_verify\": true, \"plain_http\": true}]}" >"$OAKUM_REGISTRIES"
  oak pull -q "$reg/box:1"
  echo '{"registries": [{"prefix": "a", "plainhttp": true}]}' >"$OAKUM_REGISTRIES"
  run -1 oak pull -q "$reg/box:1"
  said 1 'plainhttp'
}

@test "blocked registries and mirrors" {
  registry one
  random_image "$reg/hub/library/thing:1" 1
  oak push -q "$reg/hub/library/thing:1"
  oak rmi "$reg/hub/library/thing:1"
  echo "{\"registries\": [{\"prefix\": \"docker.io\", \"mirrors\": [\"localhost:1\", \"$reg/hub\"]}, {\"prefix\": \"$reg/evil\", \"blocked\": true}]}" >"$OAKUM_REGISTRIES"
  run -0 oak pull thing:1
  said 0 'thing:1 is short for docker.io/library/thing:1' 'docker.io/library/thing:1'
  [ "$(oak images --format json | jq -r .Repository)" = thing ]
  run -1 oak pull -q "$reg/evil/x"
  said 1 'blocked'
  one_error "$output"
  run -1 oak push -q thing:1 "$reg/evil/x:1"
  said 1 'blocked'
}

@test "run: --pull missing, always, never, newer" {
  registry one
  make_image
  oak tag box "$reg/box:1"
  oak push -q "$reg/box:1"
  oak rmi "$reg/box:1" box
  local flags=(--rm --network none --cgroup-parent "/$group")
  run oak run "${flags[@]}" --pull never "$reg/box:1" true
  said 125 'there is no image'
  one_error "$output"
  # What the container says is alone on standard output.
  [ "$(oak run "${flags[@]}" "$reg/box:1" echo hello 2>"$place/err")" = hello ]
  grep -q 'Pull complete' "$place/err"
  [ "$(oak run "${flags[@]}" "$reg/box:1" echo again 2>&1)" = again ]
  # A newer one under the tag.
  make_root "$place/newer"
  echo newer >"$place/newer/etc/version"
  oak import "$place/newer" newer:1 >/dev/null
  oak push -q newer:1 "$reg/box:1"
  run oak run "${flags[@]}" "$reg/box:1" cat /etc/version
  [ "$status" -eq 1 ]
  [ "$(oak run "${flags[@]}" -q --pull newer "$reg/box:1" cat /etc/version 2>/dev/null)" = newer ]
  kill -KILL "${started[0]}"
  run -0 oak run "${flags[@]}" -q --pull newer "$reg/box:1" cat /etc/version
  said 0 'newer' 'warning'
  run oak run "${flags[@]}" -q --pull always "$reg/box:1" cat /etc/version
  said 125 'always'
  one_error "$output"
  run oak run "${flags[@]}" --pull sometimes "$reg/box:1" true
  said 125 'missing, always, never or newer'
}

@test "bars on a terminal" {
  registry one
  proxy one
  random_image "$front/box:1" 4
  oak push -q "$front/box:1"
  oak rmi "$front/box:1"
  rules '[{"match": "GET .*/blobs/", "do": "stall", "after": 2500000, "seconds": 1, "times": 2}]'
  TERM=xterm run -0 "$BATS_TEST_DIRNAME/lib/on-terminal" "$bin/oakum" --root "$place/store" --state "$place/state" pull "$front/box:1"
  said 0 'Downloading [' 'Pull complete' 'status=0 modes=same'
}

# screen ROWSxCOLUMNS: what is on a terminal of that size in the end, of what was written to it; with -w the widest line that was ever written.
screen() {
  python3 -c '
import re, sys
rows, columns = (int(n) for n in sys.argv[1].split("x"))
lines, at, wrapped = [""], 0, 0
text = sys.stdin.buffer.read().decode().split("\nstatus=")[0]
for part in re.findall(r"\x1b\[\d*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
    if part == "\n":
        at += 1
        lines += [""] * (at + 1 - len(lines))
    elif part == "\r":
        pass
    elif part.startswith("\x1b") and part.endswith("A"):
        at -= int(part[2:-1])
        assert at >= 0, "above the top"
    elif part.startswith("\x1b"):
        lines[at] = ""
    else:
        if re.match("[0-9a-f]{11}", part): # sentences may be longer: nothing goes up over them
            wrapped += len(lines[at]) + len(part) >= columns
        lines[at] += part
print("\n".join(lines))
print(f"wrapped={wrapped}")
' "$1"
}

@test "bars on a narrow terminal: no line is wrapped, and each layer has one line in the end" {
  registry one
  proxy one
  random_image "$front/box:1" 4
  oak push -q "$front/box:1"
  oak rmi "$front/box:1"
  local size
  for size in 24x80 24x50 24x30 24x12; do
    rules '[{"match": "GET .*/blobs/", "do": "stall", "after": 2500000, "seconds": 1, "times": 2}]'
    TERM=xterm run -0 "$BATS_TEST_DIRNAME/lib/on-terminal" --size $size "$bin/oakum" --root "$place/store" --state "$place/state" pull "$front/box:1"
    said 0 'status=0'
    screen $size <<<"$output" >"$place/screen"
    [ "$(tail -n 1 "$place/screen")" = wrapped=0 ] || { echo "at $size:"; cat -v "$place/screen"; false; }
    case $size in
    24x80 | 24x50) grep -q '\[=*>' <<<"$output" && grep -qE '^[0-9a-f]{12}: Pull complete' "$place/screen" ;;
    24x30) grep -q 'MB/' <<<"$output" && ! grep -q '\[=' <<<"$output" ;;
    24x12) [ "$(grep -cE '^[0-9a-f]{11}$' "$place/screen")" -ge 1 ] ;;
    esac
    oak rmi "$front/box:1" >/dev/null
    rm -f "$faults/rules"
  done
}
