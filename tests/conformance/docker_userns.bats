#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# dockerd with userns-remap: every container is in a user namespace, and root in it is an ordinary user of the host.

load lib/engine
load lib/docker

# The ids are those that lib/engine gives the user `oakum` in this namespace's /etc/subuid.
setup_file() { docker_begin userns --userns-remap oakum; }

@test 'run: root in the container is somebody else outside' {
  box box sh -c 'id -u; cat /proc/self/uid_map'
  is 0 $'0\n         0     200000      65536'
}

@test 'run: files of the image belong to root inside, volumes have the ids outside' {
  box -v "vol$name:/v" box sh -c 'stat -c %u:%g /bin/busybox; touch /v/x /tmp/x && stat -c %u:%g /v/x'
  is 0 $'0:0\n0:0'
  [ "$(stat -c %u:%g "$(d volume inspect -f '{{.Mountpoint}}' "vol$name")/x")" = 200000:200000 ]
  d volume rm "vol$name"
}

@test 'run: a file of the host that only root may read stays closed' {
  echo secret >"$place/secret"
  chmod 600 "$place/secret"
  box -v "$place/secret:/secret:ro" box cat /secret
  is 1 '*ermission denied*'
}

@test 'run -t, -u, --read-only, --tmpfs, --pids-limit' {
  at_terminal box sh -c 'test -t 0; echo tty=$?; read -r line'
  is 0 '*tty=0*'
  box -u 8:8 --read-only --tmpfs /t --pids-limit 40 box sh -c 'id -u; touch /x 2>/dev/null; echo $?; echo ok >/t/x; cat /t/x'
  is 0 $'8\n1\nok'
}

@test 'exec, logs, stop, start' {
  up box sh -c 'echo begun; while :; do sleep 0.1; done'
  try d exec "$name" sh -c 'id -u; cat /proc/self/uid_map'
  is 0 $'0\n         0     200000      65536'
  try d logs "$name"
  is 0 begun
  d stop -t 1 "$name"
  d start "$name"
  field_is '{{.State.Running}}' true
}

@test 'run --userns host: the one that is not remapped' {
  box --userns host box cat /proc/self/uid_map
  is 0 '*0          0 4294967295'
}
