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
  oak images --format '{{json .}}' box | jq -e '.Repository == "box"'
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
