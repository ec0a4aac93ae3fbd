# SPDX-License-Identifier: Apache-2.0
# run -d as a service of Type=notify: who tells the service manager what, and when.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
load lib/manager
setup() {
  command -v python3 >/dev/null || skip 'needs python3'
  detached_setup
  manage
}
teardown() {
  [ -z "${manager:-}" ] || kill "$manager" 2>/dev/null || true
  detached_teardown
}

notified() { NOTIFY_SOCKET=$place/manager keep "$@" >/dev/null; }
keeper() { pgrep -f "^oakum-monitor keeper.*$place" | head -n 1; }

@test "ignore is the default: nobody is told, and the container does not see the socket" {
  notified --name g1 box sh -c 'echo "<$NOTIFY_SOCKET>"; ls /run'
  oak wait g1 >/dev/null
  [ "$(oak logs g1)" = '<>' ]
  [ -z "$(heard)" ]
}

@test "conmon: MAINPID is the keeper, and READY when the container has started" {
  notified --name c1 --sdnotify conmon box sh -c 'echo "<$NOTIFY_SOCKET>"; sleep 60'
  heard_is "MAINPID=$(keeper) READY=1 0 *" 'BARRIER=1 1 *'
  [ "$(oak logs c1)" = '<>' ]
  [ "$(oak inspect c1 | jq -r '.[0].SdNotify')" = conmon ]
  oak stop -t 0 c1 >/dev/null
  NOTIFY_SOCKET=$place/manager oak start c1 >/dev/null
  [ "$(heard | grep -c READY=1)" -eq 2 ]
  # Without a manager there is nobody to tell.
  oak stop -t 0 c1 >/dev/null
  oak start c1 >/dev/null
  [ "$(heard | grep -c READY=1)" -eq 2 ]
}

@test "container: run -d returns when its program says READY=1, and nothing else of it is passed on" {
  cp "$OAKUM_BUILD/tests/integration/inside" "$place/inside"
  chmod 755 "$place/inside"
  local begun=$SECONDS
  notified --name p1 --sdnotify container -v "$place/inside:/bin/inside:exec" box sh -c 'sleep 2; inside notify "READY=1\nMAINPID=1\nSTATUS=mine"; sleep 60'
  [ $((SECONDS - begun)) -ge 2 ]
  heard_is 'MAINPID=* READY=1 0 *' 'BARRIER=1 1 *' "MAINPID=$(keeper) 0 *" 'BARRIER=1 1 *'
}

@test "healthy: READY comes with the first check that passes" {
  notified --name h1 --sdnotify healthy --tmpfs /t --health-interval 200ms --health-retries 1 --health-cmd 'test -e /t/ok' box sleep 60
  heard_is "MAINPID=$(keeper) 0 *" 'BARRIER=1 1 *'
  sleep 1
  [ "$(heard | grep -c READY=1)" -eq 0 ]
  oak exec -u 0 h1 touch /t/ok
  wait_for 10 eval 'heard | grep -q "^READY=1 0"'
}

@test "wrong words, no -d, a manager that is not there" {
  run oak run -d --sdnotify sometimes box true
  said 125 'container, conmon, healthy or ignore'
  run oak run --sdnotify conmon box true
  said 125 'add -d'
  run oak run -d --sdnotify healthy --network none box true
  said 125 'health check'
  NOTIFY_SOCKET=$place/nobody run keep --name n1 --sdnotify conmon box sleep 60
  said 0 'NOTIFY_SOCKET'
  [ "$(state_of n1 Status)" = running ]
}
