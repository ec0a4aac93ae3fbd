# SPDX-License-Identifier: Apache-2.0
# image prune, and the filters of images.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; }
teardown() { start_teardown; }

# one TEXT NAME [OPTION...]: an image with TEXT in it, TEXT at least 10 kB long on disk.
one() {
  mkdir -p "$place/one"
  yes "$1" | head -c 100000 >"$place/one/file" || true
  oak import "${@:3}" "$place/one" ${2:+"$2"} >/dev/null
}

@test "image prune: what has no name goes, what a container was made from stays, and the space is counted" {
  make_image
  one first one:1
  one second one:1
  [ "$(oak images -q -f dangling=true | wc -l)" -eq 1 ]
  oak run --name holder --network none --cgroup-parent "/$group" box true
  # asked for, and answered no
  run bash -c "echo n | '$bin/oakum' --root '$place/store' --state '$place/state' image prune"
  said 0 'WARNING' 'y/N'
  [ "$(oak images -q | sort -u | wc -l)" -eq 3 ]
  run -0 oak image prune -f
  said 0 'deleted: sha256:' 'Total reclaimed space: '
  [[ $output != *'space: 0B'* ]]
  [ "$(oak images -q -f dangling=true | wc -l)" -eq 0 ]
  [ "$(oak images -q | sort -u | wc -l)" -eq 2 ]
  run -0 oak image prune -f
  [ "$output" = 'Total reclaimed space: 0B' ]
  run -0 oak image prune -a -f
  said 0 'untagged: one:1'
  [ "$(oak images --format json | jq -r .Repository)" = box ]
  oak rm holder
  run -0 bash -c "echo y | '$bin/oakum' --root '$place/store' --state '$place/state' image prune --all"
  said 0 'untagged: box:latest'
  [ -z "$(oak images -q)" ]
  [ -z "$(ls "$place/store/layers")" ]
}

@test "image prune --filter: label and until" {
  one first keep:1 -c 'LABEL keep=yes stage=one'
  one second go:1 -c 'LABEL stage=two'
  oak image prune -a -f --filter label=nosuch
  [ "$(oak images -q | wc -l)" -eq 2 ]
  oak image prune -a -f --filter until=24h
  [ "$(oak images -q | wc -l)" -eq 2 ]
  oak image prune -a -f --filter 'label!=keep'
  [ "$(oak images --format json | jq -r .Repository)" = keep ]
  oak image prune -a -f --filter until=2100-01-01T00:00:00Z
  [ -z "$(oak images -q)" ]
  run oak image prune -f --filter size=3
  said 1 'size=3'
  run oak image prune -f --filter until=yesterday
  said 1 'until=yesterday'
}

@test "images --filter" {
  SOURCE_DATE_EPOCH=1000000000 one old registry.example/team/old:1 -c 'LABEL a=1'
  SOURCE_DATE_EPOCH=1500000000 one new new:2 -c 'LABEL a=2'
  names() { oak images --format json "$@" | jq -r .Repository | paste -sd ' '; }
  [ "$(names -f label=a | tr ' ' '\n' | wc -l)" -eq 2 ]
  [ "$(names -f label=a=2)" = new ]
  [ "$(names -f before=new:2)" = registry.example/team/old ]
  [ "$(names -f since=registry.example/team/old:1)" = new ]
  [ "$(names -f until=2010-01-01T00:00:00Z)" = registry.example/team/old ]
  # The newest first, whatever order they came in; an image that does not say is the oldest.
  [ "$(names)" = 'new registry.example/team/old' ]
  SOURCE_DATE_EPOCH=1400000000 one middle middle:1
  [ "$(names)" = 'new middle registry.example/team/old' ]
  [ "$(oak images | awk 'NR > 1 { print $1 }' | paste -sd ' ')" = 'new middle registry.example/team/old' ]
  oak rmi middle:1
  [ "$(names 'n*')" = new ]
  [ "$(names 'registry.example/*/old:*')" = registry.example/team/old ]
  [ "$(names 'registry.example/*')" = '' ]
  [ "$(names docker.io/library/new:2)" = new ]
  # A date is the host's own, as in docker.
  SOURCE_DATE_EPOCH=1262340000 one edge edge:1 # 2010-01-01T10:00:00Z
  [ "$(TZ=UTC0 names -f until=2010-01-01T09:59)" = registry.example/team/old ]
  [ "$(TZ=EAST-14 names -f until=2010-01-02)" = registry.example/team/old ]
  [ "$(TZ=WEST+5 names -f until=2010-01-01T06)" = 'edge registry.example/team/old' ]
  oak rmi edge:1
  [ "$(names -f reference='n*')" = new ]
  [ "$(names -f reference='registry.example/*/old:1')" = registry.example/team/old ]
  [ -z "$(names -f reference='nosuch' -f label=a)" ]
  [ "$(names -f dangling=false | tr ' ' '\n' | wc -l)" -eq 2 ]
  run oak images -f colour=red
  said 1 'colour=red'
}

@test "images --format: docker's templates" {
  make_image
  oak tag box example.com/other:2
  id=$(oak images -q box) digest=$(oak images --format json box | jq -r .Digest)
  [ "$(oak images --format '{{.Repository}}:{{.Tag}}' | sort)" = $'box:latest\nexample.com/other:2' ]
  [ "$(oak images --format '{{ .ID }} {{.Digest}}' box)" = "$id $digest" ]
  [ "$(oak images --no-trunc --format '{{.ID}}' box)" = "$(oak images -q --no-trunc box)" ]
  [ "$(oak images --format '{{json .Tag}}' box)" = '"latest"' ]
  oak images --format '{{json .}}' box | jq -e '.Repository == "box" and .VirtualSize == .Size'
  [ "$(oak images --format '{{.Containers}} {{.SharedSize}} {{.UniqueSize}}' box)" = 'N/A N/A N/A' ]
  run -0 oak images --format 'table {{.Tag}}\t{{.Repository}} ({{.ID}})' box
  [[ ${lines[0]} =~ ^'TAG '\ *'REPOSITORY (IMAGE ID)'$ ]] && [[ ${lines[1]} =~ ^'latest '\ *"box ($id)"$ ]]
  [ "$(oak images -q --format 'table {{.Tag}}' box)" = "$id" ]
  run oak images --format '{{.Nosuch}}'
  said 1 'no field .Nosuch' 'Repository'
  for bad in '{{.ID' '{{range .}}' '{{nosuch .ID}}' 'ID'; do
    run oak images --format "$bad"
    [ "$status" -eq 1 ] && one_error "$output"
  done
}

@test "what docker says of the same images: filters, templates, rmi" {
  command -v dockerd >/dev/null || skip 'needs dockerd'
  make_root "$place/r"
  for i in 1 2 3; do
    echo "$i" >"$place/r/etc/n"
    SOURCE_DATE_EPOCH=$((i * 100000000)) oak import -c "LABEL n=$i" -c "LABEL all=yes" "$place/r" "team/app:$i" >/dev/null
  done
  oak tag team/app:1 box && oak tag team/app:2 example.com:5000/a/b:x
  oak save -o "$place/a.tar" team/app:1 team/app:2 team/app:3 box example.com:5000/a/b:x
  # A command a line; each is asked of both.
  cat >"$place/commands" <<'END'
images -q --no-trunc box
images --filter reference=team/app
images --filter reference=team/app:1
images --filter reference=team/*
images --filter reference=*:2
images --filter reference=app
images --filter reference=*/*/*
images --filter reference=box --filter reference=team/app:3
images --filter label=n
images --filter label=n=2
images --filter label=n=2 --filter label=all=yes
images --filter label=n=4
images --filter before=team/app:2
images --filter since=team/app:1
images --filter before=team/app:3 --filter since=team/app:1
images --filter dangling=false
images --filter dangling=true
images team/app
images team/app:2
images team/*
images t*/a?p:3
images *
images *:2
images app
rmi box
rmi nosuch:1
images
rmi example.com:5000/a/b:x team/app:2
images
tag team/app:3 team/app:4
rmi team/app:4
images
END
  each() {
    local line words
    while read -r line; do
      case $line in 'images -q'*) ;; images*) line+=' --format {{.Repository}}:{{.Tag}}={{.ID}}' ;; esac
      read -ra words <<<"$line"
      echo "== $line"
      "$@" "${words[@]}" 2>/dev/null | grep -v '^Deleted: sha256:' | LC_ALL=C sort
      echo "status ${PIPESTATUS[0]}"
    done
  }
  # shellcheck disable=SC2016 # expanded inside
  timeout 100 unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private bash -c "$(declare -f each)"'
    cd "$1"
    mount -t tmpfs -o mode=755 tmpfs /run
    dockerd --data-root "$1/docker" --exec-root /run/docker --pidfile /run/d.pid -H unix:///run/d.sock --bridge none \
      --iptables=false --storage-driver vfs >"$1/dockerd.log" 2>&1 &
    for ((i = 0; i < 300; i++)); do docker -H unix:///run/d.sock info >/dev/null 2>&1 && break; sleep 0.1; done
    docker -H unix:///run/d.sock load -q -i a.tar >/dev/null
    each docker -H unix:///run/d.sock <commands >docker.out' sh "$place" </dev/null || { tail -3 "$place/dockerd.log"; false; }
  set -f
  each oak <"$place/commands" >"$place/ours.out"
  set +f
  [ "$(grep -c '^team/app' "$place/docker.out")" -gt 20 ]
  diff "$place/docker.out" "$place/ours.out"
}
