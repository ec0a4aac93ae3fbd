# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # lib/start sets bin, place, group
# --network bridge: what goes out, what is published, and what must not pass. The host is a network namespace of the test's own, and another
# one is who is outside; nothing of the machine's own network is touched.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached

# new_namespace: one whose only process is $last.
new_namespace() {
  unshare -n sleep 300 </dev/null >/dev/null 2>&1 3>&- &
  last=$!
  wait_for 5 test "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$last/ns/net")" || wait_for 5 another "$last"
  nsenter -n -t "$last" ip link set lo up
}
another() { [ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$1/ns/net")" ]; }
host() { nsenter -n -t "$host_pid" "$@"; }
# What is to be killed by its number runs without these functions, in whose subshell it would be a child.
outside() { nsenter -n -t "$outside_pid" "$@"; }
oak() { host "$bin/oakum" --root "$place/store" --state "$place/state" "$@"; }
in_box() { oak run --rm --network bridge --cgroup-parent "/$group" "$@"; }
keep() { oak run -d --network bridge --cgroup-parent "/$group" "$@"; }

setup() {
  detached_setup_or_skip
  new_namespace
  host_pid=$last
  new_namespace
  outside_pid=$last
  host ip link add to-outside type veth peer name to-host netns "$outside_pid"
  host ip addr add 192.0.2.1/24 dev to-outside
  host ip link set to-outside up
  outside ip addr add 192.0.2.2/24 dev to-host
  outside ip link set to-host up
  mkdir -p "$place/www"
  echo from-outside >"$place/www/file"
  nsenter -n -t "$outside_pid" busybox httpd -f -p 192.0.2.2:80 -h "$place/www" </dev/null >/dev/null 2>&1 3>&- &
  servers=$!
}
detached_setup_or_skip() {
  command -v nft >/dev/null || skip 'needs nft'
  start_setup
  host_pid=$$ # of the machine, as long as nothing of the network is asked for
  make_image
}
teardown() {
  [ -z "${host_pid:-}" ] || [ "$host_pid" = $$ ] || oak ps -aq 2>/dev/null | while read -r id; do oak rm -f "$id" >/dev/null 2>&1; done || true
  start_teardown
  # shellcheck disable=SC2086 # several
  kill ${servers:-} ${host_pid:+$([ "$host_pid" = $$ ] || echo "$host_pid")} ${outside_pid:-} 2>/dev/null || true
}

get='timeout 3 busybox wget -qO-'
passwd=root:x:0:0
host_gets() { [[ $(host $get "http://$1/etc/passwd" 2>&1) == *$passwd* ]]; }
outside_gets() { [[ $(outside $get "http://$1/etc/passwd" 2>&1) == *$passwd* ]]; }
# Not process 1, which timeout's signal would not end; and without wget's own -T, with which Debian's busybox crashes.
box_gets() { [[ $(in_box box sh -c 'timeout 3 wget -qO- "http://$1"; true' sh "$1" 2>&1) == *"$2"* ]]; }
not() { ! "$@"; }
web() { keep --name web "$@" box httpd -f -v -p 80 -h / && wait_for 5 oak exec web wget -qO /dev/null http://127.0.0.1/etc/passwd; }
address_of() { oak inspect "$1" | jq -r '.[0].NetworkSettings.IPAddress'; }
interfaces() { host ip -o link | grep -c ': oak' || true; }
nothing_held() { [ -z "$(find "$place/state/.net" -mindepth 2)" ] && [ "$(interfaces)" = 0 ]; }

@test "bridge: an address, a way out as the host, names; nothing is left at the end" {
  run -0 in_box --hostname me --dns 192.0.2.53 --dns-search example --add-host db:192.0.2.7 box sh -c 'ip addr show eth0; ip route; cat /etc/hosts /etc/resolv.conf'
  said 0 '10.77.0.2 peer 10.77.0.1/32' 'default via 10.77.0.1' $'10.77.0.2\tme' $'192.0.2.7\tdb' 'nameserver 192.0.2.53' 'search example'
  run -0 in_box box wget -qO- http://192.0.2.2/file
  said 0 from-outside
  run -0 in_box --ip 10.77.3.4 --mac-address 02:42:ac:11:00:02 box ip addr show eth0
  said 0 '10.77.3.4 ' 02:42:ac:11:00:02
  # An address is used again as late as can be.
  run -0 in_box box ip addr show eth0
  said 0 '10.77.0.4 '
  wait_for 5 nothing_held
  # Without the flag there is nothing but loopback.
  run -0 oak run --rm --cgroup-parent "/$group" box ip -o link
  [[ $output == *lo:* && $output != *eth0* ]]
}

@test "bridge: neither another container, the host, its loopback nor the metadata service; no forged sender" {
  web -p 0.0.0.0:8081:80
  wanted=$(address_of web)
  keep --name spy box sleep 300
  spy=$(oak inspect spy | jq .[0].State.Pid)
  spy() { nsenter -n -t "$spy" "$@"; }
  spy_gets() { [[ $(spy $get "http://$1" 2>&1) == *"$2"* ]]; }
  nsenter -n -t "$host_pid" busybox httpd -f -p 9999 -h "$place/www" </dev/null >/dev/null 2>&1 3>&- &
  servers+=" $!"
  host ip addr add 169.254.169.254/32 dev to-outside
  outside ip addr add 169.254.1.1/32 dev to-host
  host ip route add 169.254.1.1 dev to-outside
  wait_for 5 spy_gets 192.0.2.2/file from-outside
  wait_for 5 host $get http://127.0.0.1:9999/file
  # What it must not reach, and does when the rules are away: the rules are what keeps it from there.
  spy ip addr del 127.0.0.1/8 dev lo
  spy sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet'
  spy ip route add 127.0.0.1 via 10.77.0.1
  host sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet'
  for target in "$wanted/etc/passwd $passwd" '192.0.2.1:9999/file from-outside' '10.77.0.1:9999/file from-outside' \
    '127.0.0.1:9999/file from-outside' '169.254.169.254:9999/file from-outside' '169.254.1.1/file from-outside'; do
    # shellcheck disable=SC2086 # two words
    not spy_gets $target
  done
  # A sender that is not its own: another container's address.
  outside python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.2", 5555))
print("ready", flush=True)
print(s.recv(100), flush=True)' </dev/null >"$place/heard" 2>&1 3>&- &
  servers+=" $!"
  spy ip addr add "$wanted/32" dev eth0
  spy ip route add 192.0.2.2 via 10.77.0.1 src "$wanted"
  wait_for 5 grep -q ready "$place/heard"
  forge() { spy bash -c 'echo forged >/dev/udp/192.0.2.2/5555'; }
  forge
  sleep 0.3
  [ "$(cat "$place/heard")" = ready ]
  host nft flush chain inet oakum guard
  forge
  wait_for 5 grep -q forged "$place/heard"
  spy ip route del 192.0.2.2 via 10.77.0.1
  spy ip addr del "$wanted/32" dev eth0
  host nft flush chain inet oakum host
  host nft flush chain inet oakum pass
  spy_gets "$wanted/etc/passwd" "$passwd"
  spy_gets 192.0.2.1:9999/file from-outside
  spy_gets 127.0.0.1:9999/file from-outside
}

@test "publish: loopback for the host alone, addresses for others, hairpin; the sender's address is kept" {
  web -p 8080:80 -p 0.0.0.0:8081:80 -p 192.0.2.1:8082:80 -p 80 -p 0.0.0.0:8083-8084:80-81/udp
  run -0 oak port web
  [[ $output == *'80/tcp -> 127.0.0.1:8080'*'80/tcp -> 0.0.0.0:8081'*'80/tcp -> 192.0.2.1:8082'*'80/udp -> 0.0.0.0:8083'*'81/udp -> 0.0.0.0:8084'* ]]
  random=$(oak port web 80 | sed -n 4p)
  [ "$(oak port web 81/udp)" = 0.0.0.0:8084 ]
  run ! oak port web 82
  run -0 oak ps
  said 0 127.0.0.1:8080-\>80/tcp
  [ "$(oak inspect web | jq -r '.[0].NetworkSettings.Ports["80/tcp"][1].HostPort')" = 8081 ]
  for at in 127.0.0.1:8080 "$random" 127.0.0.1:8081 192.0.2.1:8081 192.0.2.1:8082; do host_gets "$at"; done
  for at in 192.0.2.1:8080 127.0.0.1:8082; do not host_gets "$at"; done
  for at in 192.0.2.1:8081 192.0.2.1:8082; do outside_gets "$at"; done
  # From outside neither to loopback, however it is routed, nor to the container past the published ports.
  address=$(address_of web)
  host sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet'
  outside sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet'
  outside ip addr del 127.0.0.1/8 dev lo
  outside ip route add 127.0.0.1 via 192.0.2.1
  outside ip route add "$address" via 192.0.2.1
  for at in 192.0.2.1:8080 127.0.0.1:8080 "127.0.0.1:${random#*:}" "$address"; do not outside_gets "$at"; done
  host nft flush chain inet oakum pass
  outside_gets "$address"
  oak network reload
  not outside_gets "$address"
  # Hairpin: from another container, and from itself.
  box_gets 192.0.2.1:8081/etc/passwd "$passwd"
  not box_gets 192.0.2.1:8080/etc/passwd "$passwd"
  [[ $(oak exec web wget -qO- http://192.0.2.1:8082/etc/passwd) == *$passwd* ]]
  run -0 oak logs web
  [[ $output == *192.0.2.2* ]]
}

@test "publish: what is taken, what is not of this host, what makes no sense" {
  web -p 0.0.0.0:8081:80 -p 8090:80
  id=$(oak inspect web | jq -r '.[0].Id[:12]')
  nsenter -n -t "$host_pid" busybox httpd -f -p 127.0.0.1:7777 </dev/null >/dev/null 2>&1 3>&- &
  servers+=" $!"
  wait_for 5 grep -q ':1E61 ' "/proc/$host_pid/net/tcp"
  for at in 8081:80 192.0.2.1:8081:80 0.0.0.0:8090:80; do
    run in_box -p "$at" box true
    said 125 "is taken: container $id publishes it"
  done
  run in_box -p 7777:80 box true
  said 125 'port 7777/tcp of 127.0.0.1 is taken: a program of this host listens there'
  run in_box -p 198.51.100.1:80:80 box true
  said 125 'this host does not have that address'
  run in_box -p 9000:80 -p 9000:81 box true
  said 125 'port 9000/tcp of 127.0.0.1 is published twice'
  run in_box --ip 198.51.100.1 box true
  said 125 '--ip 198.51.100.1 is not one of the network'
  run in_box --ip "$(address_of web)" box true
  said 125 "container $id has this address"
  # The same number of another protocol and of another address; the first that is free of a range.
  in_box -p 8081:80/udp -p 192.0.2.1:8090:80 -p 8089-8095:80 box true
  run oak run --rm --network none -p 80 box true
  said 125 '--publish needs --network bridge'
  for wrong in :80 80:80:80 0:80 70000 80-70 80/icmp '[::1]:80:80' x; do
    run in_box -p "$wrong" box true
    said 125 "$wrong"
  done
  run in_box -p 8080-8081:80-82 box true
  said 125 '2 ports of the host cannot be 3 ports of the container'
  # What failed has left nothing.
  [ "$(find "$place/state/.net/lease" -type f | wc -l)" = 1 ]
}

@test "a flushed firewall: reload, and the next start; others' tables stay as they are" {
  host nft -f - <<<'table inet other { chain c { type filter hook forward priority 5; policy accept; ip daddr 198.51.100.7 drop; }; }'
  before=$(host nft list table inet other)
  web -p 8080:80
  host_gets 127.0.0.1:8080
  [ "$(host nft list table inet other)" = "$before" ]
  [ "$(host nft list tables | sort)" = $'table inet oakum\ntable inet other' ]
  host nft delete table inet oakum
  not host_gets 127.0.0.1:8080
  oak network reload
  host_gets 127.0.0.1:8080
  host nft flush table inet oakum
  in_box box true
  host_gets 127.0.0.1:8080
  [ "$(host nft list table inet other)" = "$before" ]
  # One whose policy is to drop cannot be overruled: it is said, with what to do, until that is done.
  host nft -f - <<<'table ip filter { chain DOCKER-USER { }; chain FORWARD { type filter hook forward priority 0; policy drop; jump DOCKER-USER; }; }'
  run -0 --separate-stderr in_box box true
  [[ $stderr == *'iptables -I DOCKER-USER -i oak+ -j ACCEPT'* ]]
  run oak network reload
  said 1 'iptables -I DOCKER-USER -o oak+ -j ACCEPT'
  not box_gets 192.0.2.2/file from-outside
  host nft -f - <<<'add rule ip filter DOCKER-USER iifname "oak*" accept; add rule ip filter DOCKER-USER oifname "oak*" accept;'
  run -0 --separate-stderr in_box box wget -qO- http://192.0.2.2/file
  [ "$output" = from-outside ] && [ -z "$stderr" ]
}

@test "stop, start, restart: the ports come back; killed processes leave claims that nobody takes for living ones" {
  web -p 8080:80
  first=$(address_of web)
  oak stop -t 0 web
  wait_for 5 nothing_held
  [ -z "$(oak port web)" ]
  [ "$(oak inspect web | jq -r '.[0].NetworkSettings.IPAddress')" = '' ]
  oak start web
  wait_for 5 host_gets 127.0.0.1:8080
  [ "$(address_of web)" != "$first" ]
  [[ $(oak exec web cat /etc/hosts) == *"$(address_of web)"* && $(oak exec web cat /etc/hosts) != *"$first"$'\t'* ]]
  oak rm -f web
  wait_for 5 nothing_held
  # The oakum of a foreground container is killed: nobody is there to give anything back.
  host "$bin/oakum" --root "$place/store" --state "$place/state" run --name killed --network bridge -p 8080:80 --cgroup-parent "/$group" box sleep 300 </dev/null >/dev/null 2>&1 3>&- &
  wait_for 5 oak exec killed true
  oakum_pid=$(pgrep -f "$place/state run --name killed")
  kill -KILL "$oakum_pid"
  no_interface() { [ "$(interfaces)" = 0 ]; }
  wait_for 5 no_interface
  [ "$(find "$place/state/.net/port" -type l | wc -l)" = 1 ]
  web -p 8080:80
  wait_for 5 host_gets 127.0.0.1:8080
  oak rm -f killed web
  wait_for 5 nothing_held
}

@test "without nft: said where a network needs it, and nowhere else; flags that mean nothing" {
  nft=$(command -v nft)
  without() { host unshare -m sh -c "mount --bind /dev/null $nft && exec \"\$@\"" sh "$bin/oakum" --root "$place/store" --state "$place/state" "$@"; }
  run without run --rm --network bridge --cgroup-parent "/$group" box true
  said 125 'install Debian'
  run -0 without run --rm --network none --cgroup-parent "/$group" box true
  for wrong in '--add-host db' '--add-host db:host-gateway' '--dns name' '--mac-address 01:00:5e:00:00:01' '--ip ::1' '--dns-search a\ b'; do
    # shellcheck disable=SC2086 # flag and value
    run in_box $wrong box true
    [ "$status" -eq 125 ]
  done
  run oak run --rm --network host --dns 192.0.2.53 box true
  said 125 'not with --network host'
}
