# SPDX-License-Identifier: Apache-2.0
# Units for systemd: what is in them, that systemd takes them, and that `oakum start --sdnotify` does what they count on. A systemd that runs
# one is in tests/vm/services-test.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
load lib/manager
setup() { detached_setup; manager=''; }
teardown() {
  [ -z "${manager:-}" ] || kill -KILL "$manager" 2>/dev/null || true
  detached_teardown
}
make() { oak create --network none --cgroup-parent "/$group" "$@"; }

@test "generate systemd: a unit that systemd accepts, with what was asked for in it" {
  command -v systemd-analyze >/dev/null || skip 'needs systemd-analyze'
  id=$(make --name web --stop-timeout 7 box sleep 60)
  (cd "$place" && oak generate systemd --files --name --restart-policy always --restart-sec 3 --start-timeout 20 --after local-fs.target \
    --wants basic.target --requires sysinit.target web) >"$place/said"
  [ "$(cat "$place/said")" = "$place/container-web.service" ]
  for line in Type=notify Restart=always RestartSec=3 TimeoutStartSec=20 TimeoutStopSec=67 After=local-fs.target Wants=basic.target Requires=sysinit.target KillMode=mixed; do
    grep -qx "$line" "$place/container-web.service" || { echo "no $line"; false; }
  done
  grep -qx "ExecStart=$bin/oakum --root \"$place/store\" --state \"$place/state\" start --sdnotify conmon web" "$place/container-web.service"
  grep -qx "ExecStop=$bin/oakum .* stop web" "$place/container-web.service"
  run --separate-stderr systemd-analyze --man=no --recursive-errors=no verify "$place/container-web.service"
  [ "$status $stderr$output" = '0 ' ]
  # By id, to standard output, several.
  make --name other box true >/dev/null
  run -0 oak generate systemd --no-header -t 3 web other
  [ "$(grep -c '^\[Service\]' <<<"$output")" = 2 ]
  grep -qx "ExecStop=.* stop -t 3 $id" <<<"$output"
  [ "$(head -n 1 <<<"$output")" = '[Unit]' ]
  rm "$place/container-web.service" "$place/said"
}

@test "generate systemd: a path is quoted for systemd, whatever is in it" {
  command -v systemd-analyze >/dev/null || skip 'needs systemd-analyze'
  mkdir "$place/a %n \$HOME \"b"
  store="$place/a %n \$HOME \"b/store"
  make --name web box true >/dev/null
  mv "$place/store" "$store"
  run -0 "$bin/oakum" --root "$store" --state "$place/state" generate systemd --name web
  mv "$store" "$place/store"
  grep -qF "ExecStart=$bin/oakum --root \"$place/a %%n \$\$HOME \\\"b/store\" --state" <<<"$output"
  echo "$output" >"$place/web.service"
  run --separate-stderr systemd-analyze --man=no --recursive-errors=no verify "$place/web.service"
  [ "$status $stderr$output" = '0 ' ]
}

@test "generate systemd: what is no unit, no policy, no container or one with --rm is an error, and nothing is written" {
  make --name web box true >/dev/null
  for bad in '--after network' '--wants a;b.service' $'--after x.service\nExecStart=/x' '--restart-policy sometimes' '--separator /' '--container-prefix ../x' '--stop-timeout -2'; do
    run oak generate systemd "${bad%% *}" "${bad#* }" web
    said 1
    [[ $output != *'[Unit]'* ]]
  done
  run oak generate systemd web nothing
  said 1 '[Unit]' 'nothing'
  keep --rm --name fleeting box sleep 60 >/dev/null
  run oak generate systemd fleeting
  said 1 'has --rm'
}

@test "start --sdnotify conmon: the keeper is the process to watch, and ends with the container's status" {
  make --name s1 box sh -c 'trap "exit 9" TERM; while :; do sleep 0.02; done' >/dev/null
  manage
  NOTIFY_SOCKET=$place/manager oak start --sdnotify conmon s1 >/dev/null
  keeper=$(monitors keeper)
  wait_for 5 heard_is "MAINPID=$keeper READY=1 0 *" 'BARRIER=1 1 *'
  [ "$(oak inspect s1 | jq -r '.[0].SdNotify')" = conmon ]
  oak stop s1 >/dev/null
  wait_for 5 no_monitor
  run oak start --sdnotify container s1
  said 1 '--sdnotify must be conmon or healthy'
}

@test "the keeper's own exit status is the container's" {
  make --name s2 box sh -c 'trap "exit 9" TERM; while :; do sleep 0.02; done' >/dev/null
  # Its parent is the scribe; when that is killed, the nearest subreaper.
  cat >"$place/parent" <<'PY'
import ctypes, os, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
oakum = sys.argv[1:]
subprocess.run(oakum + ['start', 's2'], check=True, stdout=subprocess.DEVNULL)
place = oakum[2]
def monitors(role):
    found = {}
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            words = open(f'/proc/{pid}/cmdline').read().split('\0')
        except OSError:
            continue
        if words[:2] == ['oakum-monitor', role] and 'root=' + place in words:
            found[int(pid)] = open(f'/proc/{pid}/stat').read().split()[3]
    return found
keeper, = monitors('keeper')
os.kill(int(monitors('keeper')[keeper]), 9)
while monitors('keeper')[keeper] != str(os.getpid()):
    time.sleep(0.01)
subprocess.run(oakum + ['kill', '-s', 'TERM', 's2'], check=True, stdout=subprocess.DEVNULL)
while True:
    pid, status = os.wait()
    if pid == keeper:
        sys.exit(os.waitstatus_to_exitcode(status))
PY
  run -9 timeout 30 python3 "$place/parent" "${oakum[@]}"
  [ "$output" = '' ]
}
