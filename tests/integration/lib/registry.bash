# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Debian's docker-registry on loopback, in the forms that the tests want, with a proxy before it that misbehaves. Everything
# that is started is in $started and ends in registry_teardown.

registry_setup() {
  local need
  start_setup
  for need in docker-registry skopeo openssl python3; do
    command -v $need >/dev/null || skip "needs $need"
  done
  lab=$place/lab
  mkdir -p "$lab" "$place/home/run"
  started=()
  unset REGISTRY_AUTH_FILE # docker-registry would take it for one of its own settings
  export HOME=$place/home XDG_RUNTIME_DIR=$place/home/run DOCKER_CONFIG=$place/home/.docker
  export OAKUM_REGISTRIES=$place/registries.json OAKUM_HTTP_TIMEOUT=3 no_proxy=localhost,127.0.0.1
  echo '{}' >"$OAKUM_REGISTRIES"
}

registry_teardown() {
  local pid
  for pid in "${started[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  start_teardown
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

answers() { python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1"; }

# certificate NAME SUBJECT [ISSUER]: $lab/NAME.crt and .key, signed by ISSUER or itself.
certificate() {
  local name=$1 subject=$2 issuer=${3:-}
  openssl req -newkey rsa:2048 -nodes -keyout "$lab/$name.key" -out "$lab/$name.csr" -subj "/CN=$subject" 2>/dev/null
  if [ -n "$issuer" ]; then
    openssl x509 -req -in "$lab/$name.csr" -CA "$lab/$issuer.crt" -CAkey "$lab/$issuer.key" -CAcreateserial -days 30 \
      -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1') -out "$lab/$name.crt" 2>/dev/null
  else
    openssl x509 -req -in "$lab/$name.csr" -signkey "$lab/$name.key" -days 30 \
      -extfile <(echo 'basicConstraints=critical,CA:TRUE') -out "$lab/$name.crt" 2>/dev/null
  fi
}

# registry NAME [EXTRA YAML...]: sets $port; listens on loopback, keeps its blobs in $lab/NAME.
registry() {
  local name=$1 tls=''
  shift
  port=$(free_port)
  [ ! -e "$lab/$name.tls" ] || tls=", tls: {certificate: $lab/$name.tls/server.crt, key: $lab/$name.tls/server.key}"
  {
    printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n'
    printf 'storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\n' "$lab/$name"
    printf 'http: {addr: "127.0.0.1:%s"%s}\n' "$port" "$tls"
    printf '%s\n' "$@"
  } >"$lab/$name.yml"
  docker-registry serve "$lab/$name.yml" >"$lab/$name.log" 2>&1 3>&- &
  started+=($!)
  wait_for 10 answers "$port"
  reg=localhost:$port
}

# tls_registry NAME [EXTRA YAML]: with a certificate of the authority in $lab/ca.crt; $certs is a --cert-dir.
tls_registry() {
  local name=$1
  [ -e "$lab/ca.crt" ] || certificate ca 'lab authority'
  certificate "$name" localhost ca
  mkdir -p "$lab/$name.tls" "$lab/certs"
  cp "$lab/$name.crt" "$lab/$name.tls/server.crt"
  cp "$lab/$name.key" "$lab/$name.tls/server.key"
  cp "$lab/ca.crt" "$lab/certs/ca.crt"
  certs=$lab/certs
  registry "$@"
}

# proxy NAME: before the registry at $port; sets $front and $faults (its directory).
proxy() {
  faults=$lab/proxy-$1
  mkdir -p "$faults"
  python3 "$BATS_TEST_DIRNAME/lib/fault-proxy" "127.0.0.1:$port" "$faults" >"$faults/out" 2>&1 3>&- &
  started+=($!)
  wait_for 10 test -e "$faults/port"
  front=localhost:$(cat "$faults/port")
}

# rules JSON: what the proxy at $faults does from now on.
rules() {
  printf '%s' "$1" >"$faults/rules.new"
  mv "$faults/rules.new" "$faults/rules"
}

# sent REGEX: bytes of bodies that the proxy sent for paths that fit.
sent() { jq -s --arg re "$1" 'map(select(.method == "GET" and (.path | test($re))) | .sent) | add // 0' "$faults/log"; }

# random_image NAME MEGABYTES [LAYERS]: an image of incompressible layers in the store.
random_image() {
  local name=$1 size=$2 dir=$place/random
  rm -rf "$dir"
  mkdir -p "$dir/data"
  head -c "${size}M" /dev/urandom >"$dir/data/file"
  cp "$(command -v busybox)" "$dir/sh"
  oak import "$dir" "$name" >/dev/null
  rm -rf "$dir"
}

# image_blob NAME: the digest of its largest layer.
image_blob() { oak manifest inspect "$1" | jq -r '.layers | max_by(.size) | .digest'; }

# put_manifest REPOSITORY REFERENCE TYPE FILE: as it is, past every client.
put_manifest() {
  python3 - "$port" "$@" <<'P'
import sys, http.client
port, repo, ref, kind, file = sys.argv[1:]
c = http.client.HTTPConnection('127.0.0.1', int(port))
c.request('PUT', f'/v2/{repo}/manifests/{ref}', open(file, 'rb').read(), {'Content-Type': kind})
r = c.getresponse()
text = r.read()
sys.exit(0 if r.status in (201, 202) else f'{r.status} {text}')
P
}

# put_blob REPOSITORY FILE: likewise.
put_blob() {
  python3 - "$port" "$@" <<'P'
import sys, hashlib, http.client
port, repo, file = sys.argv[1:]
data = open(file, 'rb').read()
c = http.client.HTTPConnection('127.0.0.1', int(port))
c.request('POST', f'/v2/{repo}/blobs/uploads/')
r = c.getresponse()
r.read()
at = r.getheader('Location').split(f':{port}', 1)[-1]
c.request('PUT', f'{at}&digest=sha256:{hashlib.sha256(data).hexdigest()}', data, {'Content-Type': 'application/octet-stream'})
r = c.getresponse()
sys.exit(0 if r.status == 201 else f'{r.status} {r.read()}')
P
}

no_secret() {
  local word=$1 file
  for file in "${@:2}"; do
    if grep -qF "$word" "$file"; then echo "the secret is in $file"; return 1; fi
  done
}
