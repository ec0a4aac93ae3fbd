# SPDX-License-Identifier: Apache-2.0
# Health checks: docker's meaning, the container's own limits, and checks that do not behave.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
setup() { detached_setup; }
teardown() { detached_teardown; }

quietly() { keep "$@" >/dev/null; }
health() { oak inspect "$1" | jq -r ".[0].State.Health${2:+.$2}"; }
is_health() { [ "$(health "$1" Status)" = "$2" ]; }
pid_of() { oak inspect "$1" | jq '.[0].State.Pid'; }
monitors() { pgrep -f "^oakum-monitor $1.*$place" || true; }
# Processes whose command line is WORDS, in the test's cgroups.
running() { pgrep -fx "$1" | while read -r pid; do grep -qF "/$group" "/proc/$pid/cgroup" && echo "$pid"; done; }

@test "starting, healthy, unhealthy, healthy again; inspect, ps and its filter" {
  quietly --name h1 --tmpfs /t --health-cmd 'echo looked; test -e /t/ok' --health-interval 200ms --health-retries 2 --init box sleep 600
  is_health h1 starting
  [[ $(oak ps --filter name=h1 --format '{{.Status}}') == Up*'(health: starting)' ]]
  wait_for 10 is_health h1 unhealthy
  [[ $(oak ps --filter name=h1 --format '{{.Status}}') == Up*'(unhealthy)' ]]
  [ "$(health h1 FailingStreak)" -ge 2 ]
  health h1 | jq -e '.Log | length <= 5 and all(.ExitCode == 1 and .Output == "looked\n") and all(.Start < .End)
    and all(keys == ["End", "ExitCode", "Output", "Start"])'
  oak exec -u 0 h1 touch /t/ok
  wait_for 10 is_health h1 healthy
  [ "$(health h1 FailingStreak)" = 0 ]
  [[ $(oak ps --filter name=h1 --format '{{.Status}}') == Up*'(healthy)' ]]
  quietly --name h2 box sleep 600
  [ "$(health h2)" = null ]
  [ "$(oak ps --filter health=healthy --format '{{.Names}}')" = h1 ]
  [ "$(oak ps --filter health=none --format '{{.Names}}')" = h2 ]
  [ -z "$(oak ps -q --filter health=starting --filter health=unhealthy)" ]
  run oak ps --filter health=well
  said 1 'none, starting, healthy or unhealthy'
  oak inspect h1 | jq -e '.[0].Config.Healthcheck == {Test: ["CMD-SHELL", "echo looked; test -e /t/ok"], Interval: 200000000, Retries: 2}'
  sleep 0.5
  [ "$(health h1 Log | jq length)" -gt 2 ]
  # docker: one that does not run is not healthy. The results stay, also over the next start.
  oak stop -t 0 h1 >/dev/null
  is_health h1 unhealthy
  [ "$(health h1 Log | jq length)" -gt 2 ]
  oak start h1 >/dev/null
  is_health h1 starting
  [ "$(health h1 Log | jq length)" -gt 2 ]
  wait_for 5 is_health h1 unhealthy
}

@test "start period: failures do not count, a success ends it, checks come sooner" {
  quietly --name s1 --health-cmd 'exit 3' --health-interval 100ms --health-retries 1 --health-start-period 3s --health-start-interval 200ms box sleep 600
  wait_for 5 eval '[ "$(health s1 Log | jq length)" -ge 3 ]'
  [ "$(health s1 Status) $(health s1 FailingStreak)" = 'starting 0' ]
  wait_for 10 is_health s1 unhealthy
  quietly --name s2 --tmpfs /t --health-cmd 'echo >>/t/n; test "$(wc -l </t/n)" -eq 1' --health-interval 300ms --health-retries 1 --health-start-period 600s --health-start-interval 100ms box sleep 600
  wait_for 10 is_health s2 unhealthy
  # Long intervals after it.
  quietly --name s3 --health-cmd true --health-interval 600s --health-start-period 600s --health-start-interval 100ms box sleep 600
  wait_for 10 is_health s3 healthy
  sleep 0.5
  [ "$(health s3 Log | jq length)" -eq 1 ]
}

@test "the image's HEALTHCHECK, its shell, and what flags make of it" {
  local dir=$place/layout
  mkdir "$dir"
  oak save -o "$place/box.tar" box
  tar -C "$dir" -xf "$place/box.tar"
  # remake NAME FILTER: the image with another configuration.
  remake() {
    rm -rf "$place/re" && cp -a "$dir" "$place/re"
    local b=$place/re/blobs/sha256 m c
    m=$(jq -r '.manifests[0].digest' "$place/re/index.json"); m=${m#sha256:}
    c=$(jq -r .config.digest "$b/$m"); c=${c#sha256:}
    jq -c "$2" "$b/$c" >"$place/c"
    jq -c --arg d "sha256:$(sha256sum <"$place/c" | cut -d' ' -f1)" --argjson n "$(stat -c %s "$place/c")" '.config.digest = $d | .config.size = $n' "$b/$m" >"$place/m"
    jq -c --arg d "sha256:$(sha256sum <"$place/m" | cut -d' ' -f1)" --argjson n "$(stat -c %s "$place/m")" '.manifests |= [.[0] | .digest = $d | .size = $n]' "$place/re/index.json" >"$place/i"
    mv "$place/c" "$b/$(sha256sum <"$place/c" | cut -d' ' -f1)"; mv "$place/m" "$b/$(sha256sum <"$place/m" | cut -d' ' -f1)"; mv "$place/i" "$place/re/index.json"
    rm -f "$place/re/manifest.json"
    tar -C "$place/re" -cf "$place/re.tar" .
    oak import "$place/re.tar" "$1" >/dev/null
    rm -rf "$place/re" "$place/re.tar"
  }
  remake own '.config.Healthcheck = {Test: ["CMD", "sh", "-c", "echo own; exit 0"], Interval: 200000000, Retries: 7}'
  remake shell '.config.Healthcheck = {Test: ["CMD-SHELL", "it is $0 $*"], Interval: 200000000} | .config.Shell = ["echo", "shell"]'
  remake none '.config.Healthcheck = {Test: ["NONE"]}'
  quietly --name i1 own sleep 600
  quietly --name i2 shell sleep 600
  quietly --name i3 none sleep 600
  quietly --name i4 --no-healthcheck own sleep 600
  quietly --name i5 --health-retries 9 --health-cmd 'echo flag' own sleep 600
  for n in i1 i2 i5; do wait_for 10 is_health $n healthy; done
  [ "$(health i1 'Log[0].Output')" = own ]
  [ "$(health i2 'Log[0].Output')" = 'shell it is $0 $*' ]
  [ "$(health i5 'Log[0].Output')" = flag ]
  [ "$(health i3)$(health i4)" = nullnull ]
  oak inspect i5 | jq -e '.[0].Config.Healthcheck == {Test: ["CMD-SHELL", "echo flag"], Interval: 200000000, Retries: 9}'
  oak inspect i4 | jq -e '.[0].Config.Healthcheck == {Test: ["NONE"]}'
}

@test "a check has the container's user, environment, limits and seal, and no more" {
  quietly --name r1 -e COLOUR=blue -w /etc --health-interval 200ms --health-cmd 'id -u; pwd; echo $COLOUR; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/self/cgroup; echo denied >/dev/sdx; touch /x' box sleep 600
  wait_for 10 eval '[ "$(health r1 Log | jq length)" -ge 1 ]'
  health r1 'Log[0].Output' >"$place/out"
  grep -qx 65532 "$place/out"
  grep -qx /etc "$place/out"
  grep -qx blue "$place/out"
  grep -qx 'CapEff:	0000000000000000' "$place/out"
  grep -qx 'NoNewPrivs:	1' "$place/out"
  grep -qx 'Seccomp:	2' "$place/out"
  grep -q 'Read-only file system' "$place/out"
  # Below the container's cgroups in each hierarchy: none at the host's root.
  ! grep -E '^[0-9]+:(memory|pids|devices|cpu,cpuacct)?:/\.\.' "$place/out"
  # Its memory is the container's: it is killed, not the host's.
  quietly --name r2 --memory 24m --health-interval 200ms --health-cmd 'head -c 200m /dev/zero | tail -c 190m >/dev/null; exit 1' box sleep 600
  wait_for 20 eval '[ "$(health r2 Log | jq length)" -ge 1 ]'
  oak kill r2 >/dev/null
  oak wait r2 >/dev/null
  [ "$(state_of r2 OOMKilled)" = true ]
}

@test "a check that takes too long is killed with all that it began, however that was daemonised" {
  quietly --name t1 --health-interval 200ms --health-timeout 500ms --health-retries 2 \
    --health-cmd 'echo begun; (setsid sleep 4711 & setsid sh -c "sleep 4712 & sleep 4712" &) ; sleep 4713' box sleep 600
  wait_for 15 is_health t1 unhealthy
  health t1 | jq -e '.Log | all(.ExitCode == -1) and .[0].Output == "Health check exceeded timeout (500ms): begun\n"'
  # Never more than one check's.
  local n=0 most=0
  for try in $(seq 20); do
    n=$(running 'sleep 471[123]' | wc -l)
    [ $n -le $most ] || most=$n
    sleep 0.05
  done
  echo "at most $most"
  [ $most -gt 0 ]
  [ $most -le 4 ]
  # One that ends in time leaves nothing either.
  quietly --name t2 --health-interval 200ms --health-cmd '(setsid sleep 4714 >/dev/null 2>&1 &) ; exit 0' box sleep 600
  wait_for 10 is_health t2 healthy
  oak rm -f t1
  sleep 0.6
  [ "$(running 'sleep 4714' | wc -l)" -le 1 ]
  oak rm -f t2
  [ -z "$(running 'sleep 471[1234]')" ]
}

@test "output: the last 4 KiB of each, whatever the bytes are, five results; a flood does not grow anything" {
  quietly --name o1 --health-interval 200ms --health-cmd 'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done; printf "\377\000\033[1m end"; exit 1' box sleep 600
  wait_for 30 eval '[ "$(health o1 Log | jq length)" -eq 5 ]'
  health o1 | jq -e '.Log | all(.Output | (startswith("...") and endswith("line 2999\n\ufffd\ufffd\u001b[1m end") and (utf8bytelength < 4200)))'
  quietly --name o2 --health-interval 100ms --health-timeout 2s --health-cmd 'yes' box sleep 600
  wait_for 10 eval 'pgrep -f "monitor-event health $(oak inspect o2 | jq -r ".[0].Id")"'
  local helper kb
  helper=$(pgrep -f "monitor-event health $(oak inspect o2 | jq -r '.[0].Id')" | head -n 1)
  sleep 1
  kb=$(awk '/^VmRSS/ { print $2 }' "/proc/$helper/status" || true)
  echo "helper: $kb KiB"
  [ "${kb:-0}" -lt 20000 ]
  wait_for 10 eval '[ "$(health o2 Log | jq length)" -ge 1 ]'
  [ "$(stat -c %s "$place/state/.monitor/"*/health.json | sort -n | tail -n 1)" -lt 200000 ]
  kb=$(awk '/^Private_(Dirty|Clean)/ { n += $2 } END { print n }' $(monitors keeper | sed 's,.*,/proc/&/smaps_rollup,'))
  echo "keepers: $kb KiB"
  [ "$kb" -lt 1024 ]
}

@test "what cannot be executed is a failed check that says why" {
  quietly --name e1 --health-interval 200ms --health-cmd no-such-program --health-retries 1 box sleep 600
  wait_for 10 is_health e1 unhealthy
  health e1 | jq -e '.Log[0] | .ExitCode == 127 and (.Output | test("no-such-program: not found"))'
  # No room for another process.
  quietly --name e2 --health-interval 200ms --health-cmd 'ls /; ls /' --health-retries 1 --pids-limit 2 box sh -c 'sleep 600 & exec sleep 600'
  wait_for 15 is_health e2 unhealthy
  health e2 | jq -e '.Log[0].ExitCode != 0'
  oak rm -f e1 e2
}

@test "not while it is paused, and not of one that has ended" {
  quietly --name p1 --health-interval 100ms --health-retries 1 --health-timeout 300ms --health-cmd true box sleep 600
  wait_for 10 is_health p1 healthy
  oak pause p1
  sleep 0.5
  is_health p1 unhealthy
  local before
  before=$(health p1 'Log[-1].Start')
  sleep 1
  [ "$(health p1 'Log[-1].Start')" = "$before" ]
  run oak healthcheck run p1
  said 125 'paused; unpause it'
  oak unpause p1
  wait_for 10 is_health p1 healthy
  health p1 | jq -e '.Log | all(.ExitCode == 0)'
  oak stop -t 0 p1
  run oak healthcheck run p1
  said 125 'is not running'
}

@test "healthcheck run: podman's exit status, and counted" {
  quietly --name m1 --health-interval 600s --health-retries 2 --tmpfs /t --health-cmd 'test ! -e /t/bad' box sleep 600
  run -0 oak healthcheck run m1
  [ -z "$output" ]
  is_health m1 healthy
  oak exec -u 0 m1 touch /t/bad
  run -1 oak healthcheck run m1
  [ "$output" = unhealthy ]
  is_health m1 healthy
  run -1 oak healthcheck run m1
  is_health m1 unhealthy
  quietly --name m2 box sleep 600
  run oak healthcheck run m2
  said 125 'has no health check'
  run oak healthcheck run nosuch
  said 125 'there is no container'
}

@test "--health-on-failure kill, with a restart policy; stop; restart, unless a person has stopped it" {
  local flags=(--health-interval 200ms --health-retries 1 --health-cmd 'exit 1')
  quietly --name k1 "${flags[@]}" --health-on-failure kill box sleep 600
  [ "$(oak wait k1)" = 137 ]
  quietly --name k2 "${flags[@]}" --health-on-failure kill --restart on-failure:1 box sleep 600
  [ "$(oak wait k2)" = 137 ]
  [ "$(oak inspect k2 | jq '.[0].RestartCount')" = 1 ]
  quietly --name k3 "${flags[@]}" --health-on-failure stop --restart always box sh -c 'trap "exit 7" TERM; while :; do sleep 0.05; done'
  [ "$(oak wait k3)" = 7 ]
  sleep 0.3
  [ "$(state_of k3 Status)" = exited ]
  quietly --name k4 "${flags[@]}" --health-on-failure restart --stop-timeout 1 box sh -c 'echo run; trap "exit 7" TERM; while :; do sleep 0.05; done'
  wait_for 20 eval '[ "$(oak inspect k4 | jq ".[0].RestartCount")" -ge 2 ]'
  oak stop k4 >/dev/null
  [ "$(state_of k4 Status)" = exited ]
  sleep 1
  [ "$(state_of k4 Status)" = exited ]
  [ "$(oak logs k4 | wc -l)" -ge 3 ]
  [ "$(oak inspect k4 | jq -r '.[0].HealthOnFailure')" = restart ]
  oak rm -f k1 k2 k3 k4
}

@test "a killed keeper, a killed check: the next ones come, and the container can end" {
  quietly --name c1 --health-interval 300ms --health-timeout 60s --health-cmd 'sleep 0.2' box sleep 600
  wait_for 10 is_health c1 healthy
  kill -KILL $(monitors keeper)
  local before
  before=$(health c1 'Log[-1].Start')
  wait_for 10 eval '[[ $(health c1 "Log[-1].Start") > $before ]]'
  # The check's own oakum, in the midst of it: whoever is left of it must not keep the container from ending.
  for try in 1 2 3; do
    wait_for 10 pgrep -f "monitor-event health $(oak inspect c1 | jq -r '.[0].Id')"
    pgrep -f "monitor-event health $(oak inspect c1 | jq -r '.[0].Id')" | xargs -r kill -KILL || true
    sleep 0.3
  done
  quietly --name c2 --health-interval 100ms --health-timeout 60s --health-cmd 'sleep 60' box sleep 600
  wait_for 10 eval '[ -n "$(running "sleep 60")" ]'
  pgrep -f "(monitor-event health|oakum-monitor keeper).*$(oak inspect c2 | jq -r '.[0].Id')" | xargs -r kill -KILL || true
  running 'sleep 60' | xargs -r kill -KILL || true
  kill -KILL "$(pid_of c2)"
  wait_for 10 eval '[ "$(state_of c2 Status)" = exited ]'
  timeout 20 "$bin/oakum" --root "$place/store" --state "$place/state" rm -f c1 c2
}

@test "flags that are wrong or contradict" {
  local bad
  for bad in '--health-interval 1us' '--health-interval -1s' '--health-timeout soon' '--health-retries -1' '--health-retries x' '--health-on-failure explode' \
    '--no-healthcheck --health-cmd true' '--rm --health-on-failure restart --health-cmd true'; do
    run oak run -d $bad box true
    said 125
    one_error "$output"
  done
  run oak run --health-cmd true box true
  said 125 'add -d'
  # The image's own does not keep it from running in the foreground.
  oak_run --no-healthcheck box true
}

@test "with the host's ids and with another container's pid namespace" {
  quietly --name u1 --userns host --user 0 --health-interval 200ms --health-cmd 'id -u' box sleep 600 2>/dev/null
  wait_for 10 is_health u1 healthy
  quietly --name u2 --pid host --userns host --health-interval 200ms --health-timeout 300ms --health-cmd 'sleep 4720 & setsid sleep 4720 & sleep 4719' box sleep 600 2>/dev/null
  wait_for 20 is_health u2 unhealthy
  oak rm -f u2 >/dev/null
  [ -z "$(running 'sleep 47(19|20)')" ]
}
