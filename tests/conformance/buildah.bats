#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# buildah with $RUNTIME as --runtime: `buildah run` and the RUN steps of a build.

load lib/engine

setup_file() {
  needs buildah busybox jq
  world_begin buildah
  mkdir "$place/store" "$place/etc"
  export CONTAINERS_STORAGE_CONF=$place/etc/storage.conf CONTAINERS_CONF=$place/etc/containers.conf
  printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n' >"$CONTAINERS_CONF"
  printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/store"\nrunroot = "/run/store"\n' "$place" >"$CONTAINERS_STORAGE_CONF"
  image_tar "$place/box.tar"
  export box
  box=$(b from --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --network none scratch)
  b add -q "$box" "$place/box.tar" /
  b config --cmd sh --env PATH=/bin "$box"
}

teardown_file() {
  [ -z "${ns:-}" ] || b rm -a >/dev/null 2>&1 || true
  world_end
}

b() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  inside timeout -k 2 30 sh -c 'echo 0 >"$1/cgroup.procs"; shift; exec buildah "$@"' sh "$cgroups" "$@" 3>&-
}
setup() { known_difference; }
box() { try b run --runtime "$runtime" "$@"; }

@test 'run: output and exit status' {
  box "$box" -- echo hello
  is 0 hello
  box "$box" -- sh -c 'exit 42'
  is 42 '*'
}

@test 'run: a program that is not there' {
  box "$box" -- /nonexistent
  [ "$status" -ne 0 ] && is "$status" '*nonexistent*'
}

@test 'run: standard input arrives' {
  # shellcheck disable=SC2034 # used by is
  output=$(echo sent | b run --runtime "$runtime" "$box" -- cat) status=$?
  is 0 sent
}

@test 'run -t: a terminal' {
  box -t "$box" -- sh -c 'test -t 1; echo tty=$?'
  is 0 '*tty=0*'
}

@test 'run --user, --workingdir, --env, --hostname' {
  box --user mail --workingdir /tmp --env A=b --hostname host1 "$box" -- sh -c 'echo $(id -u) $(pwd) $A $(hostname)'
  is 0 '8 /tmp b host1'
}

@test 'run --volume, --mount' {
  mkdir -p "$place/bind" && echo there >"$place/bind/file"
  box --volume "$place/bind:/a:ro" --mount type=tmpfs,destination=/scratch "$box" -- sh -c 'cat /a/file; touch /a/x 2>/dev/null; echo $?; touch /scratch/x; echo $?'
  is 0 $'there\n1\n0'
}

@test 'run --cap-drop, --cap-add' {
  box --cap-drop all "$box" -- grep CapEff /proc/self/status
  is 0 '*0000000000000000'
}

@test 'run: seccomp' {
  box "$box" -- grep '^Seccomp:' /proc/self/status
  is 0 '*2'
}

@test 'what a run wrote is in the image' {
  b run --runtime "$runtime" "$box" -- sh -c 'echo made >/made'
  b commit -q "$box" result
  local second
  second=$(b from --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 result)
  try b run --runtime "$runtime" "$second" -- cat /made
  is 0 made
}

@test 'bud: RUN steps, as root and as a user, with arguments' {
  b commit -q "$box" box
  mkdir -p "$place/context"
  printf 'FROM localhost/box\nARG WORD\nRUN echo $WORD >/made\nUSER mail\nRUN id -u >/tmp/uid\nRUN cat /made /tmp/uid\n' >"$place/context/Dockerfile"
  try b bud --runtime "$runtime" --network none --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --build-arg WORD=built -t made "$place/context"
  is 0 *$'built\n8\n'*
}

@test 'bud: a RUN step that fails fails the build' {
  printf 'FROM localhost/box\nRUN exit 7\n' >"$place/context/Dockerfile"
  try b bud --runtime "$runtime" --network none --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "$place/context"
  [ "$status" -ne 0 ] && is "$status" '*exit status 7*'
}
