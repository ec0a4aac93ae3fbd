# SPDX-License-Identifier: Apache-2.0
# Logins: basic and token authentication, docker's config.json, helpers, and where secrets must not be.
bats_require_minimum_version 1.5.0
load lib/start
load lib/registry
setup() { registry_setup; }
teardown() { registry_teardown; }

secret=canary-secret-5f2

basic_registry() {
  command -v htpasswd >/dev/null || skip 'needs htpasswd'
  htpasswd -Bbn user $secret >"$lab/htpasswd"
  tls_registry "$1" 'auth: {htpasswd: {realm: lab, path: '"$lab/htpasswd"'}}'
}

token_registry() {
  certificate token 'lab tokens'
  python3 "$BATS_TEST_DIRNAME/lib/token-server" "$lab" "user:$secret" >"$lab/token.out" 2>&1 3>&- &
  started+=($!)
  wait_for 10 test -e "$lab/token.port"
  registry "$1" "auth: {token: {realm: 'http://127.0.0.1:$(cat "$lab/token.port")/token', service: lab, issuer: lab-issuer, rootcertbundle: $lab/token.crt}}"
}

@test "basic: login, pull, push, logout" {
  basic_registry safe
  random_image "$reg/team/box:1" 1
  run -1 oak push -q --cert-dir "$certs" "$reg/team/box:1"
  said 1 'wants a login' "oakum login $reg"
  one_error "$output"
  run -1 oak login --cert-dir "$certs" -u user --password-stdin "$reg" <<<wrong
  said 1 'refused'
  [ ! -e "$DOCKER_CONFIG/config.json" ]
  mkdir -p "$DOCKER_CONFIG"
  echo '{"detachKeys": "ctrl-x", "auths": {"other.example": {"auth": "YTpi"}}}' >"$DOCKER_CONFIG/config.json"
  chmod 644 "$DOCKER_CONFIG/config.json"
  run -0 oak --log-level debug login --cert-dir "$certs" -u user --password-stdin "https://$reg/v2/" <<<$secret
  said 0 'Login Succeeded'
  [[ $output != *$secret* ]]
  [[ $output != *"$(printf 'user:%s' $secret | base64)"* ]]
  [ "$(stat -c %a "$DOCKER_CONFIG/config.json")" = 600 ]
  jq -e --arg reg "$reg" '.detachKeys == "ctrl-x" and .auths["other.example"].auth == "YTpi" and (.auths[$reg].auth | @base64d) == "user:'$secret'"' "$DOCKER_CONFIG/config.json"
  oak --log-level debug push -q --cert-dir "$certs" "$reg/team/box:1" 2>"$place/log"
  no_secret $secret "$place/log"
  no_secret Basic "$place/log"
  no_secret "$(printf 'user:%s' $secret | base64)" "$place/log"
  # docker's file is podman's and skopeo's too.
  skopeo inspect --authfile "$DOCKER_CONFIG/config.json" --cert-dir "$certs" "docker://$reg/team/box:1" >/dev/null
  oak rmi "$reg/team/box:1"
  oak pull -q --cert-dir "$certs" "$reg/team/box:1"
  run -0 oak logout "$reg"
  said 0 'Removing login credentials'
  run -0 oak logout "$reg"
  said 0 'Not logged in'
  jq -e '.auths | keys == ["other.example"]' "$DOCKER_CONFIG/config.json"
  oak rmi "$reg/team/box:1"
  run -1 oak pull -q --cert-dir "$certs" "$reg/team/box:1"
  one_error "$output"
  # What skopeo logged in is taken, the most particular first.
  printf '{"auths": {"%s": {"auth": "YTpi"}, "%s/team": {"auth": "%s"}}}' "$reg" "$reg" "$(printf 'user:%s' $secret | base64)" >"$place/auth.json"
  oak pull -q --authfile "$place/auth.json" --cert-dir "$certs" "$reg/team/box:1"
}

@test "tokens: anonymous, login with a refresh token, tokens that end" {
  token_registry one
  random_image "$reg/public/box:1" 1
  run -1 oak push -q "$reg/public/box:1"
  said 1 'oakum login'
  one_error "$output"
  run -1 oak login -u user --password-stdin "$reg" <<<wrong
  said 1 'incorrect username or password'
  oak login -u user --password-stdin "$reg" <<<$secret
  # The password itself is kept nowhere.
  jq -e --arg reg "$reg" '.auths[$reg].identitytoken == "refresh-canary"' "$DOCKER_CONFIG/config.json"
  no_secret $secret "$DOCKER_CONFIG/config.json"
  oak push -q "$reg/public/box:1"
  jq -se 'any(.[]; .method == "POST" and .form.grant_type == ["refresh_token"] and .form.scope == ["repository:public/box:pull,push"])' "$lab/token.log"
  oak tag "$reg/public/box:1" "$reg/private/box:1"
  run -0 oak push "$reg/private/box:1"
  said 0 'Mounted'
  jq -se 'any(.[]; (.form.scope // []) | any(contains("repository:public/box:pull")))' "$lab/token.log"
  oak rmi "$reg/public/box:1" "$reg/private/box:1"
  oak logout "$reg"
  oak pull -q "$reg/public/box:1"
  run -1 oak pull -q "$reg/private/box:1"
  one_error "$output"
  # A token that ends while it is used: another is got.
  oak pull -q --creds "user:$secret" "$reg/private/box:1"
  oak rmi "$reg/private/box:1"
  echo 1 >"$lab/expires"
  proxy one
  rules "[{\"match\": \"GET .*/blobs/\", \"do\": \"stall\", \"after\": 600000, \"seconds\": 4, \"times\": 1}]"
  oak --log-level debug pull -q --creds "user:$secret" "$front/private/box:1" 2>"$place/log"
  no_secret $secret "$place/log"
  no_secret Bearer "$place/log"
}

@test "credential helpers" {
  basic_registry safe
  random_image "$reg/box:1" 1
  mkdir -p "$place/helpers" "$DOCKER_CONFIG"
  cat >"$place/helpers/docker-credential-lab" <<P
#!/bin/sh
echo "\$1" >>"$place/helper.log"
case \$1 in
store) cat >"$place/kept" ;;
get) read -r server; [ -e "$place/kept" ] || { echo 'credentials not found in native keychain'; exit 1; }; echo "\$server" >>"$place/helper.log"; cat "$place/kept" ;;
erase) rm "$place/kept" ;;
esac
P
  chmod +x "$place/helpers/docker-credential-lab"
  echo '{"credsStore": "lab"}' >"$DOCKER_CONFIG/config.json"
  run -1 oak pull -q --cert-dir "$certs" "$reg/box:1"
  said 1 'docker-credential-lab' 'not on the PATH'
  PATH=$place/helpers:$PATH
  run -1 oak push -q --cert-dir "$certs" "$reg/box:1"
  said 1 'wants a login'
  run -0 oak login --cert-dir "$certs" -u user --password-stdin "$reg" <<<$secret
  said 0 'docker-credential-lab'
  no_secret $secret "$DOCKER_CONFIG/config.json"
  oak push -q --cert-dir "$certs" "$reg/box:1"
  grep -qx "$reg" "$place/helper.log"
  oak logout "$reg"
  [ ! -e "$place/kept" ]
  printf '{"credHelpers": {"%s": "../../bin/evil"}}' "$reg" >"$DOCKER_CONFIG/config.json"
  run -1 oak pull -q --cert-dir "$certs" "$reg/box:1"
  said 1 'cannot be the name of a credential helper'
}

@test "a login for another registry, and a realm in plain http elsewhere, get nothing" {
  token_registry one
  random_image "$reg/box:1" 1
  mkdir -p "$DOCKER_CONFIG"
  printf '{"auths": {"%s.evil": {"auth": "%s"}, "localhost": {"auth": "%s"}, "host:%s": {"auth": "%s"}}}' "$reg" \
    "$(printf 'user:%s' $secret | base64)" "$(printf 'user:%s' $secret | base64)" "$port" "$(printf 'user:%s' $secret | base64)" >"$DOCKER_CONFIG/config.json"
  run -1 oak push -q "$reg/box:1"
  said 1 'without a login'
  jq -se 'all(.[]; .who == null)' "$lab/token.log"
  proxy one
  rules '[{"match": ".", "do": "status", "status": 401, "headers": {"WWW-Authenticate": "Bearer realm=\"http://registry.invalid/token\",service=\"x\""}}]'
  run -1 oak pull -q --creds "user:$secret" "$front/box:1"
  said 1 'plain http'
  [[ $output != *$secret* ]]
  one_error "$output"
}
