# SPDX-License-Identifier: Apache-2.0
# Signatures: what the policy asks for is asked before a layer is fetched, and again when the image is run.
bats_require_minimum_version 1.5.0
load lib/start
load lib/registry
load lib/signatures
setup() {
  registry_setup
  export OAKUM_POLICY=$place/policy.json
  accept_all
  key good
  key other
}
teardown() { registry_teardown; }

# What must not have happened when an image is refused: a layer fetched, an image there.
nothing_came() {
  [ -z "$(oak images -q)" ]
  [ -z "$(ls -A "$place/store/layers" "$place/store/partial" "$place/store/tmp" 2>/dev/null | grep -v :)" ]
}
@test "a signed image is accepted, kept with its signature, and run" {
  registry one
  random_image "$reg/team/box:1" 1
  make_image
  oak tag box "$reg/team/tools:1"
  oak push -q --sign-by "$lab/good.key" "$reg/team/tools:1"
  require
  run -0 oak verify "$reg/team/tools:1"
  said 0 "accepted" "$reg"
  oak rmi -f "$(oak images -q --no-trunc "$reg/team/tools:1")" >/dev/null
  oak pull -q "$reg/team/tools:1"
  run -0 oak verify --local "$reg/team/tools:1"
  said 0 accepted
  [ "$(oak run --rm --pull never --network none --cgroup-parent "/$group" "$reg/team/tools:1" echo runs)" = runs ]
  # what is there already is current
  run -0 oak pull "$reg/team/tools:1"
  said 0 'Image is up to date'
  # openssl, by hand: the signature is one of cosign's form
  digest=$(digest_of "$reg/team/tools:1")
  skopeo inspect --raw --tls-verify=false "docker://$reg/team/tools:sha256-${digest#sha256:}.sig" >"$lab/m"
  jq -r '.layers[0].annotations["dev.cosignproject.cosign/signature"]' "$lab/m" | base64 -d >"$lab/signature"
  layer=$(jq -r '.layers[0].digest' "$lab/m" | cut -d : -f 2)
  find "$lab/one" -path "*/$layer/data" -exec cp {} "$lab/payload" \;
  openssl dgst -sha256 -verify "$lab/good.pub" -signature "$lab/signature" "$lab/payload"
  jq -e --arg d "$digest" '.critical.image["docker-manifest-digest"] == $d' "$lab/payload"
}

@test "refused before a layer comes: unsigned, by another key, of another image, of another repository, of no type" {
  registry one
  random_image "$reg/a:1" 1
  random_image "$reg/b:1" 1
  oak push -q "$reg/a:1"
  oak push -q "$reg/b:1"
  rm -rf "$place/store"
  a=$(digest_of "$reg/a:1") b=$(digest_of "$reg/b:1")
  require
  run oak pull "$reg/a:1"
  said 1 'is refused: it has no signature' "$OAKUM_POLICY"
  one_error "${lines[-1]}"
  nothing_came
  sign_as other "$reg/a" "$a" "$reg/a" "$a"
  run oak pull "$reg/a:1"
  said 1 'none of the keys made'
  nothing_came
  sign_as good "$reg/a" "$b" "$reg/a" "$a"
  run oak pull "$reg/a:1"
  said 1 'is of another image'
  nothing_came
  sign_as good "$reg/b" "$a" "$reg/a" "$a"
  run oak pull "$reg/a:1"
  said 1 "signed under the name $reg/b"
  nothing_came
  sign_as good "$reg/a" "$a" "$reg/a" "$a"
  oak pull -q "$reg/a:1"
  # moved to another repository with its signature
  skopeo copy -q --preserve-digests --src-tls-verify=false --dest-tls-verify=false "docker://$reg/a:1" "docker://$reg/moved:1"
  skopeo copy -q --preserve-digests --src-tls-verify=false --dest-tls-verify=false "docker://$reg/a:sha256-${a#sha256:}.sig" "docker://$reg/moved:sha256-${a#sha256:}.sig"
  oak rmi "$reg/a:1"
  run oak pull "$reg/moved:1"
  said 1 "signed under the name $reg/a"
  nothing_came
}

@test "the policy of the day counts when an image is run, also for one that came before it" {
  registry one
  make_image
  oak tag box "$reg/box:1"
  oak push -q "$reg/box:1"
  oak rmi -f "$(oak images -q --no-trunc box)" >/dev/null
  go() { oak run --rm --pull never --network none --cgroup-parent "/$group" "$@"; }
  oak pull -q "$reg/box:1"
  [ "$(go "$reg/box:1" echo yes)" = yes ]
  require
  run go "$reg/box:1" echo yes
  said 125 'is refused: it has no signature'
  # another name for it changes nothing
  oak tag "$reg/box:1" box:mine
  run go box:mine echo yes
  said 125 'is refused'
  # signed meanwhile: a pull fetches the signature though nothing else is new
  oak push -q --sign-by "$lab/good.key" "$reg/box:1"
  oak pull -q "$reg/box:1"
  [ "$(go "$reg/box:1" echo yes)" = yes ]
  oak image trust set -f "$lab/other.pub" "$reg"
  run go "$reg/box:1" echo yes
  said 125 'none of the keys made'
  oak image trust set -t reject "$reg"
  run go "$reg/box:1" echo yes
  said 125 'nothing from there is accepted'
  echo '{"default":' >"$OAKUM_POLICY"
  run go "$reg/box:1" echo yes
  said 125 "$OAKUM_POLICY"
  # what was made on this host is its owner's
  accept_all
  oak image trust set -t reject default
  make_image
  [ "$(go box echo yes)" = yes ]
}

@test "verify with a key, sign with an encrypted one, and a policy that asks for what cannot be checked" {
  registry one
  random_image "$reg/a:1" 1
  openssl pkcs8 -topk8 -in "$lab/good.key" -passout pass:secret -out "$lab/locked.key"
  echo secret >"$lab/pass"
  run oak push -q --sign-by "$lab/locked.key" "$reg/a:1"
  said 1 'right password'
  oak push -q --sign-by "$lab/locked.key" --sign-passphrase-file "$lab/pass" "$reg/a:1"
  oak push -q --sign-by "$lab/other.key" "$reg/a:1" # a second signature: the first one stays
  run -0 oak verify --key "$lab/good.pub" "$reg/a:1"
  said 0 'accepted (signed with the key)'
  run -0 oak verify --key "$lab/other.pub" "$reg/a:1"
  key third
  run oak verify --key "$lab/third.pub" "$reg/a:1"
  said 1 'none of the keys'
  run oak verify "$reg/a:1"
  said 1 'nothing is asked of this image'
  echo '{"default":[{"type":"signedBy","keyType":"GPGKeys","keyPath":"/k"}]}' >"$OAKUM_POLICY"
  rm -rf "$place/store"
  run oak pull "$reg/a:1"
  said 1 '"signedBy" is asked for, which oakum cannot check'
  nothing_came
}

@test "image trust: set, show, and the warning of a host without a policy, once" {
  registry one
  random_image "$reg/a:1" 1
  oak push -q "$reg/a:1"
  rm -rf "$place/store"
  rm "$OAKUM_POLICY"
  run oak image trust show # a file that is named must be there
  said 1 "$OAKUM_POLICY"
  unset OAKUM_POLICY
  # shellcheck disable=SC2016 # expanded inside
  without() {
    unshare -m --propagation private sh -c 'for d in /etc/containers /etc/oakum; do [ ! -d $d ] || mount -t tmpfs tmpfs $d; done; exec "$@"' \
      sh "$bin/oakum" --root "$place/store" --state "$place/state" "$@"
  }
  [ "$(without image trust show)" = 'No policy: every image is accepted.' ]
  run -0 without pull -q "$reg/a:1"
  said 0 'oakum image trust set'
  oak rmi "$reg/a:1"
  run -0 without pull -q "$reg/a:1"
  [[ $output != *trust* ]]
}

@test "image trust set: scopes and mistakes" {
  oak image trust set -f "$lab/good.pub" nginx
  oak image trust set -t reject default
  oak image trust set -t accept '*.example.org'
  oak image trust set -f "$lab/good.pub" -f "$lab/other.pub" registry.example:5000/team
  run -0 oak image trust show
  said 0 "$OAKUM_POLICY" 'docker.io/library/nginx' '*.example.org' 'registry.example:5000/team' reject sigstoreSigned
  jq -e '.transports.docker["docker.io/library/nginx"][0].signedIdentity.type == "matchRepository"' "$OAKUM_POLICY"
  skopeo --policy "$OAKUM_POLICY" inspect --help >/dev/null
  run oak image trust set nginx
  said 1 'say what is required'
  run oak image trust set -t reject -f "$lab/good.pub" nginx
  said 1 'asks for no key'
  run oak image trust set -t maybe nginx
  said 1 'maybe'
  chmod 666 "$OAKUM_POLICY"
  run oak image trust show
  said 1 'can be written by others'
}
