# SPDX-License-Identifier: Apache-2.0
# A registry that breaks off, lies, is busy or hostile: either the right image is there in the end, or none and one error.
bats_require_minimum_version 1.5.0
load lib/start
load lib/registry
setup() {
  registry_setup
  registry one
  proxy one
  random_image "$front/box:1" 8
  oak push -q "$front/box:1"
  blob=$(image_blob "$front/box:1")
  oak rmi "$front/box:1"
  : >"$faults/log"
}
teardown() { registry_teardown; }

# The proxy writes a request down after it was answered: a moment, so that the last one is not taken for the next test's.
gone() {
  oak rmi -f "$front/box:1" >/dev/null 2>&1 || true
  rm -rf "$place/store/partial"
  sleep 0.3
  : >"$faults/log"
}
# Nothing of a failed pull may look like an image.
nothing() {
  [ -z "$(oak images -q)" ]
  [ -z "$(ls -A "$place/store/layers")" ]
  [ -z "$(ls -A "$place/store/images/blobs/sha256")" ]
  [ -z "$(ls -A "$place/store/tmp")" ]
}

@test "what passes: the pull goes on, and fetches little twice" {
  local fault most size
  size=$(oak manifest inspect "$front/box:1" | jq '[.layers[].size, .config.size] | add')
  for fault in \
    '"do": "reset", "after": 5000000, "times": 2' \
    '"do": "truncate", "after": 3000000, "times": 2' \
    '"do": "stall", "after": 4000000, "seconds": 20, "times": 1' \
    '"do": "status", "status": 503, "times": 2' \
    '"do": "status", "status": 429, "headers": {"Retry-After": "1"}, "times": 1' \
    '"do": "status", "status": 500, "body": "oops", "times": 1'; do
    gone
    rules "[{\"match\": \"GET .*/blobs/$blob\", $fault}]"
    run oak pull -q "$front/box:1"
    [ "$status" -eq 0 ] || { echo "$fault: $output"; false; }
    # A reset takes along what was under way; the proxy has counted that as sent.
    most=$((size * 105 / 100))
    [[ $fault != *reset* ]] || most=$((size * 160 / 100))
    [ "$(sent '/blobs/')" -lt $most ] || { echo "$fault: $(sent '/blobs/') bytes"; false; }
    oak inspect "$front/box:1" >/dev/null
  done
}

@test "Retry-After is obeyed, and too much of it explained" {
  local before=$SECONDS
  rules '[{"match": "GET .*/blobs/", "do": "status", "status": 429, "headers": {"Retry-After": "3"}, "times": 1}]'
  oak pull -q "$front/box:1"
  [ $((SECONDS - before)) -ge 3 ]
  gone
  rules '[{"match": "manifests", "do": "status", "status": 429, "headers": {"Retry-After": "3600"}, "body": "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"You have reached your pull rate limit\"}]}"}]'
  before=$SECONDS
  run -1 oak pull -q "$front/box:1"
  said 1 '429' '3600 s' 'login' 'You have reached your pull rate limit'
  one_error "$output"
  [ $((SECONDS - before)) -lt 10 ]
  nothing
}

@test "a registry that ignores Range, sends another part, or does not know that many bytes" {
  local fault after=5000000
  for fault in '"do": "no-range"' '"do": "shifted", "by": 1000' '"do": "status", "status": 416, "times": 1'; do
    gone
    rules "[{\"match\": \"GET .*/blobs/$blob\", \"do\": \"truncate\", \"after\": $((after += 10)), \"times\": 1}, {\"match\": \"GET .*/blobs/$blob\", $fault}]"
    run oak pull -q "$front/box:1"
    [ "$status" -eq 0 ] || { echo "$fault: $output"; false; }
    jq -se 'any(.[]; .range != null)' "$faults/log" >/dev/null # it did come to that
    oak inspect "$front/box:1" >/dev/null
  done
}

@test "wrong bytes: never an image" {
  # A whole blob of the wrong digest.
  rules "[{\"match\": \"GET .*/blobs/$blob\", \"do\": \"corrupt\", \"after\": 100}]"
  run -1 oak pull -q "$front/box:1"
  said 1 'another digest'
  one_error "$output"
  nothing
  # Once wrong in what is put together from two answers: fetched again as a whole.
  gone
  rules "[{\"match\": \"GET .*/blobs/$blob\", \"do\": \"truncate\", \"after\": 5000000, \"times\": 1}, {\"match\": \"GET .*/blobs/$blob\", \"do\": \"corrupt\", \"after\": 100, \"times\": 1}]"
  oak pull -q "$front/box:1"
  # A manifest that is not the one of its digest.
  local digest
  digest=$(oak images --digests --format json | jq -r .Digest)
  gone
  rules '[{"match": "GET .*/manifests/", "do": "corrupt", "after": 20}]'
  run -1 oak pull -q "$front/box@$digest"
  one_error "$output"
  run -1 oak pull -q "$front/box:1"
  one_error "$output"
  nothing
  # One that is good, but of another digest, from a registry that claims none.
  rules '[]'
  jq -n --arg body "$(oak manifest inspect "$front/box:1")" \
    '[{match: "GET .*/manifests/", do: "status", status: 200, headers: {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}, body: $body}]' >"$place/rules"
  rules "$(cat "$place/rules")"
  run -1 oak pull -q "$front/box@$digest"
  said 1 'something else'
  nothing
  # More bytes than there should be.
  gone
  rules "[{\"match\": \"GET .*/blobs/$blob\", \"do\": \"oversize\", \"size\": 70000}]"
  run -1 oak pull -q "$front/box:1"
  said 1 'more than'
  nothing
}

@test "an endless manifest, endless redirects, a redirect to plain http elsewhere" {
  rules '[{"match": "GET .*/manifests/", "do": "oversize", "size": 500000000}]'
  run -1 oak pull -q "$front/box:1"
  said 1 'larger than 4096 KiB'
  one_error "$output"
  rules "[{\"match\": \"GET .*/blobs/\", \"do\": \"redirect\", \"to\": \"http://$front\"}]"
  run -1 oak pull -q "$front/box:1"
  said 1 'redirects more than'
  rules '[{"match": "GET .*/blobs/", "do": "redirect", "to": "http://registry.invalid"}]'
  run -1 oak pull -q "$front/box:1"
  said 1 'plain http'
  rules '[{"match": "GET .*/blobs/", "do": "redirect", "to": "file:///etc"}]'
  run -1 oak pull -q "$front/box:1"
  one_error "$output"
  nothing
}

@test "the login goes to its registry and not along with a redirect" {
  local first=$front first_faults=$faults second
  proxy two
  second=$front
  faults=$first_faults front=$first
  rules "[{\"match\": \"GET .*/blobs/\", \"do\": \"redirect\", \"to\": \"http://$second\"}, {\"match\": \".\", \"do\": \"basic\", \"login\": \"user:canary-secret\"}]"
  # The login is asked for by manifests; the redirect of blobs comes from the same registry.
  oak pull -q --creds user:canary-secret "$front/box:1"
  oak inspect "$front/box:1" >/dev/null
  jq -se 'map(select(.authorization != null)) | length > 0' "$first_faults/log"
  jq -se 'length > 0 and all(.[]; .authorization == null)' "$lab/proxy-two/log"
}

@test "a challenge from where a redirect leads is not answered" {
  local first=$front first_faults=$faults second
  proxy two
  second=$front
  rules "[{\"match\": \".\", \"do\": \"status\", \"status\": 401, \"headers\": {\"WWW-Authenticate\": \"Bearer realm=\\\"http://$second/token\\\"\"}}]"
  faults=$first_faults front=$first
  rules "[{\"match\": \"GET .*/blobs/\", \"do\": \"redirect\", \"to\": \"http://$second\"}, {\"match\": \".\", \"do\": \"basic\", \"login\": \"user:canary-secret\"}]"
  run -1 oak pull -q --creds user:canary-secret "$front/box:1"
  one_error "$output"
  jq -se 'length > 0 and all(.[]; .authorization == null)' "$lab/proxy-two/log"
}

@test "killed at 90 %, the next pull fetches less than 15 % again" {
  local size pid total
  size=$(oak manifest inspect "$front/box:1" | jq '[.layers[].size] | add')
  rules "[{\"match\": \"GET .*/blobs/$blob\", \"do\": \"stall\", \"after\": $((size * 9 / 10)), \"seconds\": 30, \"times\": 1}]"
  OAKUM_HTTP_TIMEOUT=60 "$bin/oakum" --root "$place/store" --state "$place/state" pull -q "$front/box:1" 3>&- &
  pid=$!
  at_ninety() { [ "$(stat -c %s "$place/store/partial/${blob#sha256:}")" -ge $((size * 88 / 100)) ]; }
  wait_for 20 at_ninety
  kill -KILL "$pid"
  wait "$pid" || true
  [ -z "$(oak images -q)" ]
  : >"$faults/log"
  oak pull -q "$front/box:1"
  total=$(sent '/blobs/')
  echo "fetched again: $total of $size"
  [ "$total" -lt $((size * 15 / 100)) ]
  jq -e 'select(.range != null and ."if-range" != null)' "$faults/log" >/dev/null
  oak inspect "$front/box:1" >/dev/null
  [ -z "$(ls -A "$place/store/partial")" ]
  [ -z "$(ls -A "$place/store/tmp")" ]
}

@test "a prefix of something else is noticed and replaced" {
  mkdir -p -m 700 "$place/store/partial"
  head -c 1000000 /dev/urandom >"$place/store/partial/${blob#sha256:}"
  oak pull -q "$front/box:1"
  oak inspect "$front/box:1" >/dev/null
  [ -z "$(ls -A "$place/store/partial")" ]
}

@test "two pulls of one image at once" {
  local a b
  "$bin/oakum" --root "$place/store" --state "$place/state" pull -q "$front/box:1" 3>&- &
  a=$!
  "$bin/oakum" --root "$place/store" --state "$place/state" pull -q "$front/box:1" 3>&- &
  b=$!
  wait "$a"
  wait "$b"
  [ "$(oak images -q | wc -l)" -eq 1 ]
  [ -z "$(ls -A "$place/store/partial")" ]
  [ -z "$(ls -A "$place/store/tmp")" ]
}

@test "killed at any point: the next pull is whole" {
  local i pid
  for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    oak rmi -f "$front/box:1" >/dev/null 2>&1 || true
    "$bin/oakum" --root "$place/store" --state "$place/state" pull -q "$front/box:1" >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
    sleep "0.$((RANDOM % 2))"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    if [ -n "$(oak images -q)" ]; then
      [ "$(ls "$place/store/layers" | wc -l)" -eq 1 ]
    fi
  done
  oak pull -q "$front/box:1"
  oak inspect "$front/box:1" >/dev/null
  [ -z "$(ls -A "$place/store/partial")" ]
  [ -z "$(ls -A "$place/store/tmp")" ]
}

@test "a layer that is whole but no archive" {
  head -c 100000 /dev/urandom >"$place/junk"
  local digest size
  digest=sha256:$(sha256sum <"$place/junk" | cut -d' ' -f1)
  size=100000
  python3 - "$port" "$place/junk" "$digest" <<'P'
import sys, http.client
port, file, digest = sys.argv[1:]
c = http.client.HTTPConnection('127.0.0.1', int(port))
c.request('POST', '/v2/box/blobs/uploads/')
r = c.getresponse(); r.read()
where = r.getheader('Location').split('/v2/', 1)[1]
c.request('PUT', '/v2/' + where + '&digest=' + digest, open(file, 'rb').read(), {'Content-Type': 'application/octet-stream'})
sys.exit(0 if c.getresponse().status == 201 else 'upload failed')
P
  oak manifest inspect "$front/box:1" | jq -c ".layers[0] |= (.digest = \"$digest\" | .size = $size)" >"$place/m.json"
  put_manifest box junk application/vnd.oci.image.manifest.v1+json "$place/m.json"
  run -1 oak pull -q "$front/box:junk"
  one_error "$output"
  nothing
  # A manifest whose layer is not the config's.
  jq -c ".layers[0].size = 99999" "$place/m.json" >"$place/m2.json"
  put_manifest box short application/vnd.oci.image.manifest.v1+json "$place/m2.json"
  run -1 oak pull -q "$front/box:short"
  one_error "$output"
  nothing
}

@test "a manifest that is two things, or not what its header says (CVE-2021-41190)" {
  oak manifest inspect --raw "$front/box:1" >"$place/good"
  gone
  local manifest=application/vnd.oci.image.manifest.v1+json index=application/vnd.oci.image.index.v1+json header change
  while read -r header change; do
    jq -c "$change" "$place/good" >"$place/bad"
    jq -n --arg type "$header" --rawfile body "$place/bad" '[{match: "(GET|HEAD) .*/manifests/", do: "status", status: 200, headers: {"Content-Type": $type}, body: $body}]' >"$place/rules"
    rules "$(cat "$place/rules")"
    run -1 oak pull -q "$front/box:1"
    one_error "$output"
    nothing
  done <<END
$manifest .+{manifests:[]}
$manifest .+{manifests:[.config]}
$index .+{manifests:[.config]}
$index .
$manifest .mediaType="$index"
END
  # The same document under its own name is an image.
  jq -n --arg type $manifest --rawfile body "$place/good" '[{match: "(GET|HEAD) .*/manifests/", do: "status", status: 200, headers: {"Content-Type": $type}, body: $body}]' >"$place/rules"
  rules "$(cat "$place/rules")"
  oak pull -q "$front/box:1"
}
