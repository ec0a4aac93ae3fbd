# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # lib/start's place
#
# A small program that stands for the service manager of sd_notify(3). Whoever loads this ends $manager in its teardown.

# manage [SOCKET]: a service manager: writes a line for each message: its text, how many descriptors came (and are closed), the sender.
manage() {
  python3 - "${1:-$place/manager}" >"$place/heard" 3>&- <<'PY' &
import array, os, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(sys.argv[1].replace('@', '\0'))
print('listening', flush=True)
while True:
    text, control, _, _ = s.recvmsg(65536, 4096)
    fds, pid = array.array('i'), 0
    for level, kind, data in control:
        if kind == socket.SCM_RIGHTS:
            fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
        else:
            pid = struct.unpack('3i', data)[0]
    print(text.decode().strip().replace('\n', ' '), len(fds), pid, flush=True)
    for fd in fds:
        os.close(fd)
PY
  manager=$!
  wait_for 5 grep -q listening "$place/heard"
}
heard() { tail -n +2 "$place/heard"; }
# heard_is LINE...: patterns.
heard_is() {
  local lines line i=0
  mapfile -t lines < <(heard)
  for line; do
    # shellcheck disable=SC2053 # a pattern
    [[ ${lines[i]:-} == $line ]] || { echo "message $i is not \"$line\":"; heard; return 1; }
    i=$((i + 1))
  done
  [ ${#lines[@]} -eq $i ] || { echo "more than $i messages:"; heard; return 1; }
}
