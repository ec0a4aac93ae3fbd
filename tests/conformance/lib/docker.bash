# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # lib/engine's world
#
# dockerd of a file's own with $RUNTIME as its runtime, and the image `box` in it. Loaded after lib/engine.

# docker_begin NAME OPTION...: the world, and dockerd in it with these options.
docker_begin() {
  needs dockerd containerd busybox jq script
  world_begin "$1"
  mkdir "$place/docker"
  image_tar "$place/box.tar"
  jq -n --arg path "$runtime" '{
    "runtimes": {"tested": {"path": $path}}, "default-runtime": "tested", "storage-driver": "overlay2"}' >"$place/daemon.json"
  daemon "$place/dockerd.log" dockerd --config-file "$place/daemon.json" --data-root "$place/docker" \
    --exec-root /run/docker -H unix:///run/docker.sock --pidfile /run/docker.pid --bridge none \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$group-boxes" "${@:2}"
  wait_for 30 d version || { tail "$place/dockerd.log"; return 1; }
  d import -c 'CMD ["sh"]' -c 'ENV PATH /bin' "$place/box.tar" box
}

teardown_file() {
  if [ -n "${DOCKER_LOG:-}" ] && [ -e "$place/dockerd.log" ]; then cp "$place/dockerd.log" "$DOCKER_LOG"; fi
  # shellcheck disable=SC2046 # a list of ids
  [ -z "${place:-}" ] || d rm -f $(d ps -aq) || true
  world_end
}

setup() {
  name=box$BATS_TEST_NUMBER
  known_difference
}
teardown() { d rm -f "$name" || true; }

docker_program=$(command -v /usr/bin/docker || command -v docker || true)
d() { inside timeout -k 2 30 "$docker_program" -H unix:///run/docker.sock "$@"; }
box() { try d run --rm --name "$name" --network none "$@"; }
# up FLAGS IMAGE COMMAND: in the background
up() { d run -d --name "$name" --network none "$@"; }
field() { d inspect -f "$1" "$name"; }
field_is() { [ "$(field "$1")" = "$2" ]; }
# at_terminal FLAGS IMAGE COMMAND: `run -it` at a terminal of 33 rows. A line comes in when the container runs, and the input's end after
# its end: when the container is faster than the client, or the input's end than the container, the client waits for ever now and then.
# timeout stands outside of the terminal: it makes a background group of what it runs, which SIGTTOU stops at the first tcsetattr.
at_terminal() {
  # shellcheck disable=SC2034 # used by is
  output=$(at_terminal_input | inside timeout -k 2 30 script -qec "stty rows 33 cols 101; $docker_program -H unix:///run/docker.sock run --rm \
    --name $name -it --network none ${*@Q}" /dev/null 2>&1) && status=0 || status=$?
}
at_terminal_input() {
  wait_for 20 field_is '{{.State.Running}}' true || true
  sleep 0.3
  echo go
  wait_for 20 gone || true
}
gone() { ! d inspect "$name"; }
