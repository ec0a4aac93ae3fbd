# SPDX-License-Identifier: Apache-2.0
# How the registry client speaks: proxies, waiting, TLS with client certificates, HTTP/2, connections, pages, chunks, compressions.
bats_require_minimum_version 1.5.0
load lib/start
load lib/registry
setup() { registry_setup; }
teardown() { registry_teardown; }

asked() { wc -l <"$faults/log"; }

@test "a proxy: HTTP_PROXY, HTTPS_PROXY, NO_PROXY; and each thing that goes wrong with it names it" {
  registry one
  proxy one
  unset no_proxy NO_PROXY http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
  local far=registry.test:$port secret=canary-secret-77a before
  echo "{\"registries\": [{\"prefix\": \"$far\", \"plain_http\": true}]}" >"$OAKUM_REGISTRIES"
  random_image "$far/box:1" 1
  export HTTP_PROXY=http://$front HTTPS_PROXY=http://$front
  oak push -q "$far/box:1"
  oak rmi "$far/box:1"
  oak pull -q "$far/box:1"
  grep -q "http://$far/v2/box/manifests/1" "$faults/log"
  # Directly: this machine, and whom NO_PROXY names.
  before=$(asked)
  oak pull -q "$reg/box:1"
  oak rmi "$far/box:1" "$reg/box:1"
  NO_PROXY=.other.test,.test run -1 oak pull -q "$far/box:1"
  said 1 'there is no host of that name'
  [ "$(asked)" -eq "$before" ]
  # The login of the proxy goes to it, and into no message; that of the registry does not go to it in a CONNECT.
  rules '[{"match": ".", "do": "status", "status": 407}]'
  HTTP_PROXY=http://someone:$secret@$front run -1 oak pull -q "$far/box:1"
  said 1 "the proxy $front wants a login" HTTP_PROXY
  [[ $output != *$secret* ]]
  [ "$(jq -r 'select(.status == 407)["proxy-authorization"]' "$faults/log" | tail -n 1)" = "Basic $(printf %s "someone:$secret" | base64)" ]
  run -1 oak pull -q --creds "name:$secret" "registry.test:443/box:1"
  said 1 "the proxy $front wants a login" HTTPS_PROXY
  rules '[{"match": "CONNECT", "do": "status", "status": 403}]'
  run -1 oak pull -q --creds "name:$secret" "registry.test:443/box:1"
  said 1 "the proxy $front of \$HTTPS_PROXY answers 403" NO_PROXY
  one_error "$output"
  ! grep -F "$(printf %s "name:$secret" | base64)" "$faults/log"
  [ "$(jq -s 'map(select(.method == "CONNECT" and .status == 403)) | length' "$faults/log")" -eq 1 ] # it is not asked again and again
  HTTP_PROXY=localhost:1 run -1 oak pull -q "$far/box:1"
  said 1 'no connection to the proxy localhost:1, which $HTTP_PROXY names'
  HTTP_PROXY=http://proxy.invalid:3128 run -1 oak pull -q "$far/box:1"
  said 1 'no host of the name of the proxy proxy.invalid:3128'
}

@test "TLS through a proxy: a tunnel, in which the login is" {
  tls_registry safe
  proxy safe
  unset no_proxy NO_PROXY http_proxy https_proxy HTTP_PROXY
  export HTTPS_PROXY=http://$front
  local far=registry.test:$port
  random_image "$far/box:1" 1
  run -1 oak push -q --cert-dir "$certs" "$far/box:1"
  said 1 'certificate is not trusted' # it is localhost's
  oak push -q --tls-verify=false --creds name:word "$far/box:1"
  oak rmi "$far/box:1"
  oak pull -q --tls-verify=false "$far/box:1"
  [ "$(jq -s 'map(.method) | unique | join(" ")' "$faults/log")" = '"CONNECT"' ]
  [ "$(jq -s 'map(.authorization // empty) | length' "$faults/log")" -eq 0 ]
}

@test "a registry that wants to be left alone for a while: the person is told that it waits" {
  registry one
  proxy one
  random_image "$front/box:1" 1
  oak push -q "$front/box:1"
  oak rmi "$front/box:1"
  rules '[{"match": "manifests", "do": "status", "status": 429, "headers": {"Retry-After": "6"}, "times": 1}]'
  run -0 oak pull -q "$front/box:1"
  said 0 'warning: the server is busy and wants to be asked again in 6 seconds: waiting'
  oak rmi "$front/box:1"
  rules '[{"match": "manifests", "do": "status", "status": 503, "headers": {"Retry-After": "1"}, "times": 1}]'
  run -0 oak pull -q "$front/box:1"
  [[ $output != *busy* ]]
}

@test "certs.d: the authority, and a client certificate that the registry asks for" {
  certificate ca 'lab authority'
  certificate people 'lab people'
  tls_registry closed
  # Once more, with an authority of its own for who may come.
  sed -i "s|key: $lab/closed.tls/server.key}|key: $lab/closed.tls/server.key, clientcas: [$lab/people.crt]}|" "$lab/closed.yml"
  grep -q clientcas "$lab/closed.yml"
  kill "${started[-1]}" && wait "${started[-1]}" || true
  docker-registry serve "$lab/closed.yml" >"$lab/closed.log" 2>&1 3>&- &
  started+=($!)
  wait_for 10 answers "$port"
  random_image "$reg/box:1" 1
  run -1 oak push -q --cert-dir "$certs" "$reg/box:1"
  one_error "$output"
  certificate someone 'somebody' people
  cp "$lab/someone.crt" "$certs/client.cert"
  cp "$lab/someone.key" "$certs/client.key"
  oak push -q --cert-dir "$certs" "$reg/box:1"
  oak rmi "$reg/box:1"
  oak pull -q --cert-dir "$certs" "$reg/box:1"
  oak rmi "$reg/box:1"
  # By its place: the directory of the host, port and all.
  mkdir -p "$place/etc/certs.d"
  cp -a "$certs" "$place/etc/certs.d/$reg"
  run -0 unshare --mount --propagation private bash -c 'mkdir -p /etc/oakum && mount -t tmpfs tmpfs /etc/oakum && cp -a "$1"/etc/certs.d /etc/oakum/ &&
    exec "$2/oakum" --root "$1/store" --state "$1/state" pull -q "$3"' - "$place" "$bin" "$reg/box:1"
  oak rmi "$reg/box:1"
  # Of another authority, and a key that does not belong to it.
  certificate stranger 'stranger'
  certificate odd 'odd' stranger
  cp "$lab/odd.crt" "$certs/client.cert"
  cp "$lab/odd.key" "$certs/client.key"
  run -1 oak pull -q --cert-dir "$certs" "$reg/box:1"
  one_error "$output"
  cp "$lab/someone.crt" "$certs/client.cert"
  run -1 oak pull -q --cert-dir "$certs" "$reg/box:1"
  said 1 'client certificate in certs.d cannot be used'
}

@test "HTTP/2 where the registry has it, and few connections for many requests" {
  tls_registry safe 'health: {storagedriver: {enabled: false}}'
  sed -i 's/accesslog: {disabled: true}/accesslog: {disabled: false}/' "$lab/safe.yml"
  kill "${started[-1]}" && wait "${started[-1]}" || true
  docker-registry serve "$lab/safe.yml" >"$lab/safe.log" 2>&1 3>&- &
  started+=($!)
  wait_for 10 answers "$port"
  random_image "$reg/box:1" 1
  oak push -q --cert-dir "$certs" "$reg/box:1"
  oak rmi "$reg/box:1"
  oak pull -q --cert-dir "$certs" "$reg/box:1"
  grep -qE '"(GET|PUT) /v2/box/manifests/1 HTTP/2.0"' "$lab/safe.log"
  ! grep -E '" ?HTTP/1|HTTP/1\.[01]"' "$lab/safe.log"

  registry plain
  proxy plain
  local name=$front/box i
  for i in 1 2 3 4 5 6; do
    random_image "$name:$i" 1
  done
  oak push -q -a "$name"
  oak rmi $(oak images --format '{{.Repository}}:{{.Tag}}' "$name")
  : >"$faults/log"
  oak pull -q -a "$name"
  jq -s '{requests: length, connections: (map(.connection) | unique | length)}' "$faults/log" >"$place/used"
  cat "$place/used"
  jq -e '.requests >= 18 and .connections <= 8' "$place/used"
}

@test "a list of tags in pages: every page is asked for, and pages without an end are refused" {
  registry one
  proxy one
  random_image "$front/many:a" 1
  oak tag "$front/many:a" "$front/many:b" && oak tag "$front/many:a" "$front/many:c"
  oak push -q -a "$front/many"
  oak rmi -f "$(oak images -q "$front/many:a")"
  rules '[{"match": "tags/list\\?.*last=b", "do": "status", "status": 200, "body": "{\"name\":\"many\",\"tags\":[\"c\"]}"},
    {"match": "tags/list\\?.*last=a", "do": "status", "status": 200, "headers": {"Link": "<http://'"$front"'/v2/many/tags/list?n=1&last=b>; rel=\"next\""}, "body": "{\"name\":\"many\",\"tags\":[\"b\"]}"},
    {"match": "tags/list", "do": "status", "status": 200, "headers": {"Link": "</v2/many/tags/list?n=1&last=a>; rel=\"next\""}, "body": "{\"name\":\"many\",\"tags\":[\"a\"]}"}]'
  oak pull -q -a "$front/many"
  [ "$(oak images --format '{{.Tag}}' "$front/many" | sort | paste -sd ' ')" = 'a b c' ]
  # A page that leads to itself.
  rules '[{"match": "tags/list", "do": "status", "status": 200, "headers": {"Link": "</v2/many/tags/list?n=1&last=a>; rel=\"next\""}, "body": "{\"name\":\"many\",\"tags\":[\"a\"]}"}]'
  run -1 oak pull -q -a "$front/many"
  one_error "$output"
  said 1 'itself for the next one'
  # Another host's page.
  rules '[{"match": "tags/list", "do": "status", "status": 200, "headers": {"Link": "<http://elsewhere.test/v2/many/tags/list?last=a>; rel=\"next\""}, "body": "{\"name\":\"many\",\"tags\":[\"a\"]}"}]'
  run -1 oak pull -q -a "$front/many"
  one_error "$output"
}

@test "OCI-Chunk-Min-Length: no chunk but the last is smaller" {
  registry one
  proxy one
  random_image "$front/big:1" 9
  rules '[{"match": "POST .*/blobs/uploads/", "do": "header", "headers": {"OCI-Chunk-Min-Length": "4000000"}}]'
  oak push -q --chunk-size 1000000 "$front/big:1"
  jq -s -c 'map(select(.method == "PATCH") | .length)' "$faults/log" >"$place/chunks"
  cat "$place/chunks"
  jq -e 'length >= 3 and (sort | .[1:] | all(. >= 4000000))' "$place/chunks"
  oak rmi "$front/big:1"
  oak pull -q "$front/big:1"
  # Without the header they are what was asked for.
  oak tag "$front/big:1" "$front/other:1"
  rules '[{"match": "POST .*mount=", "do": "status", "status": 405}]'
  : >"$faults/log"
  random_image "$front/other:1" 3
  oak push -q --chunk-size 1000000 "$front/other:1"
  jq -e -s 'map(select(.method == "PATCH") | .length) | length >= 3 and all(. <= 1000000)' "$faults/log"
}

@test "layers that are compressed with zstd, also in chunks: the same files, and the same DiffIDs" {
  registry one
  make_root "$place/root"
  echo deep >"$place/root/etc/which"
  oak import "$place/root" "$reg/box:1" >/dev/null
  oak save --format oci-archive -o "$place/box.tar" "$reg/box:1"
  local form name layers
  layers=$(oak inspect -f '{{json .RootFS.Layers}}' "$reg/box:1")
  for form in zstd zstd:chunked; do
    name=${form//:/-}
    skopeo copy -q --insecure-policy --dest-tls-verify=false --dest-compress --dest-compress-format $form "oci-archive:$place/box.tar" "docker://$reg/$name:1"
    skopeo inspect --tls-verify=false --raw "docker://$reg/$name:1" >"$place/manifest"
    jq -e '.layers | all(.mediaType | endswith("+zstd"))' "$place/manifest"
    oak rmi -f "$(oak images -q | head -n 1)" >/dev/null
    oak pull -q "$reg/$name:1"
    [ "$(oak inspect -f '{{json .RootFS.Layers}}' "$reg/$name:1")" = "$layers" ]
    [ "$(oak_run "$reg/$name:1" cat /etc/which)" = deep ]
    oak system check >/dev/null
  done
  # What is cut short is no layer.
  proxy one
  oak rmi -f "$(oak images -q | head -n 1)" >/dev/null
  rules '[{"match": "GET .*/blobs/", "do": "corrupt", "after": 200000}]'
  run -1 oak pull -q "$front/zstd:1"
  one_error "$output"
  [ -z "$(oak images -q)" ]
}
