# SPDX-License-Identifier: Apache-2.0
# cp. The table of what goes where is compared with docker's in tests/conformance/cli (cases "cp: …"); races are in tests/security/cp.bats.
bats_require_minimum_version 1.5.0
load lib/start
load lib/detached
load lib/user
setup() {
  [[ $BATS_TEST_DESCRIPTION != rootless* ]] || { start_setup; user_setup; return; }
  detached_setup
  mkdir "$place/w" && cd "$place/w"
}
teardown() { cd /; if [[ $BATS_TEST_DESCRIPTION == rootless* ]]; then user_teardown; else detached_teardown; fi; }
owners() { find "$1" -printf '%P %U:%G %#m\n' | sort; }

@test "cp: owners are the container's root, with -a the numbers that were, and on the disk never the host's" {
  mkdir d && echo 1 >d/f && echo 2 >d/g && chown 8:8 d/f && chown 70000:70000 d/g
  keep --name cc --user 0 --read-only=false -v data:/data:rw box sleep 100
  for state in runs stopped; do
    [ $state = runs ] || oak stop -t 0 cc
    oak cp d cc:/home/plain-$state
    oak cp -a d/f cc:/home/kept-$state
    oak cp -a d/f cc:/data/kept-$state
    run oak cp -a d/g cc:/home/none
    said 1 'owner of "none"'
  done
  oak start cc
  run -0 oak exec cc stat -c '%n %u:%g' /home/plain-runs/f /home/plain-stopped/f /home/kept-runs /home/kept-stopped /data/kept-runs /data/kept-stopped
  [ "$output" = '/home/plain-runs/f 0:0
/home/plain-stopped/f 0:0
/home/kept-runs 8:8
/home/kept-stopped 8:8
/data/kept-runs 8:8
/data/kept-stopped 8:8' ]
  # Below the store: what is the container's has its range's ids; the volume, which is id-mapped, the numbers of inside.
  first=$(oak inspect cc | jq '.[0].Spec.linux.uidMappings[0].hostID')
  [ "$(stat -c %u "$place"/store/containers/*/overlay/upper/home/kept-runs)" -eq $((first + 8)) ]
  [ "$(stat -c %u "$place"/store/containers/*/overlay/upper/home/plain-stopped)" -eq "$first" ]
  [ "$(stat -c %u "$place/store/volumes/data/_data/kept-stopped")" -eq 8 ]
  oak rm -f cc
  nothing_left_but_volume
}
nothing_left_but_volume() { rm -rf "$place/store/volumes"; nothing_left_of_store; }
nothing_left_of_store() { [ -z "$(find "$place/store/containers" "$place/store/names" -mindepth 1)" ] && ! grep -q "$place" /proc/self/mountinfo; }

@test "cp out: the caller's, with -a the container's numbers; never a set-user-ID bit or a file capability, but in a tar" {
  keep --name cc --user 0 --cap-add CHOWN --cap-add FSETID --cap-add FOWNER --read-only=false box sh -c 'cp /bin/busybox /home/su; chown 8:8 /home/su; chmod 6755 /home/su; touch /home/done; sleep 100'
  wait_for 10 oak exec cc test -e /home/done
  oak cp cc:/home/su plain
  oak cp -a cc:/home/su kept
  oak cp -a cc:/home dir
  [ "$(stat -c '%u:%g %a' plain)" = '0:0 755' ]
  [ "$(stat -c '%u:%g %a' kept)" = '8:8 755' ]
  [ "$(stat -c '%u:%g %a' dir/su)" = '8:8 755' ]
  cmp plain "$(command -v busybox)"
  oak cp cc:/home/su - | tar -tv --numeric-owner | grep -Eq '^-rwsr-sr-x 8/8 '
}

@test "cp: what a running container has mounted is seen, and written where it may; read-only things say so" {
  mkdir rw ro && echo here >ro/f && echo new >new
  keep --name cc --user 0 --tmpfs /t -v "$PWD/rw:/rw:rw" -v "$PWD/ro:/ro" box sh -c 'echo tmp >/t/f; echo bound >/rw/f; sleep 100'
  wait_for 10 oak exec cc test -e /rw/f
  [ "$(oak cp cc:/t/f - | tar -xO)$(oak cp cc:/rw/f - | tar -xO)$(oak cp cc:/ro/f - | tar -xO)" = $'tmp\nbound\nhere' ] ||
    [ "$(oak cp cc:/t/f - | tar -xO; oak cp cc:/rw/f - | tar -xO; oak cp cc:/ro/f - | tar -xO)" = $'tmp\nbound\nhere' ]
  oak cp new cc:/t/
  oak cp new cc:/rw/
  [ "$(oak exec cc cat /t/new)$(cat rw/new)" = newnew ]
  run oak cp new cc:/ro/
  said 1 'cc:/ro/ lies in a mount that is read-only'
  run oak cp new cc:/home/
  said 1 'the root of container cc is read-only' '--read-only=false'
  run oak cp new cc:/proc/
  said 1 "the kernel's"
  run oak cp cc:/sys/kernel .
  said 1 "the kernel's"
  run oak cp cc:/dev/null .
  said 1 'is a device'
  # A whole root: everything but the kernel's file systems, and without an end in them.
  oak cp cc:/ root
  [ "$(cat root/t/f root/rw/f root/ro/f)" = $'tmp\nbound\nhere' ]
  [ -z "$(find root/proc root/sys -mindepth 1)" ]
  oak pause cc
  oak cp cc:/t/f paused
  [ "$(cat paused)" = tmp ]
  oak unpause cc
  oak rm -f cc
  nothing_left_of_store
}

@test "cp: of a stopped or created container its root, volumes and binds, as the next start sees them; nothing stays mounted" {
  mkdir bound && echo 1 >f
  oak create --name cc --user 0 --read-only=false --network none --cgroup-parent "/$group" -v "$PWD/bound:/bound:rw" -v data:/data:rw box sh -c 'cat /home/f /bound/f /data/f; ls /dev | wc -l' >/dev/null
  before=$(cat /proc/self/mountinfo)
  for at in home bound data; do oak cp f cc:/$at/; done
  [ "$before" = "$(cat /proc/self/mountinfo)" ]
  [ -z "$(ls "$place"/store/containers/*/overlay/upper/dev 2>/dev/null)" ]
  run -0 oak start -a cc
  [ "${lines[0]}${lines[1]}${lines[2]}" = 111 ]
  oak cp cc:/data/f again
  oak cp cc:/bound/f again
  [ "$(cat again bound/f)" = $'1\n1' ]
  rm -r bound
  run oak cp cc:/etc/passwd .
  said 1 bound
  oak rm cc
}

@test "cp: tars as they come: compressed, with whiteout names, cut off, hostile; what is read is a container's" {
  mkdir -p t/dir && echo 1 >t/dir/.wh.file && mkfifo t/dir/fifo && ln t/dir/.wh.file t/dir/hard && ln -s /etc/passwd t/dir/link
  oak create --name cc --read-only=false --network none box true >/dev/null
  tar -C t -c . | zstd -q | oak cp - cc:/home
  oak cp cc:/home/dir out
  [ "$(cat out/.wh.file)" = 1 ] && [ -p out/fifo ] && [ out/hard -ef out/.wh.file ] && [ "$(readlink out/link)" = /etc/passwd ]
  tar -C t -c . | head -c 1500 >cut
  run oak cp - cc:/home <cut
  said 1 'cut off'
  for bad in 'tar -cP --transform s,^t/dir/hard,../../out, t/dir/hard' "tar -cP --transform s,^t/dir/hard,/home/ln/x, t/dir/hard"; do
    $bad | oak cp - cc:/root 2>err || one_error "$(cat err)"
  done
  oak cp cc:/ all
  [ -f all/root/home/ln/x ] && [ ! -e all/out ] && [ ! -e all/home/ln ]
  # A link in the way of a member is followed inside the target, and not out of it.
  mkdir -p l/real m && ln -s real l/rel && ln -s /root l/abs && oak cp l cc:/l
  mkdir -p a/rel a/abs && echo 2 >a/rel/x && echo 2 >a/abs/y
  tar -C a -c rel/x | oak cp - cc:/l
  run eval 'tar -C a -c abs/y | oak cp - cc:/l'
  said 1 'leads out of'
  oak cp cc:/l after && [ "$(cat after/real/x)" = 2 ] && [ ! -e after/abs/y ]
  run eval 'echo nonsense | oak cp - cc:/home'
  said 1
  one_error "$output"
  oak rm cc
}

@test "cp: large files, many files, a reader that stops, a full disk; bytes are bytes" {
  head -c 50000000 /dev/urandom >big
  mkdir many && (cd many && seq 3000 | xargs touch)
  name=$'odd \n\e[31mname'
  echo odd >"$name"
  keep --name cc --user 0 --tmpfs /t:size=1m box sleep 100
  keep --name ww --user 0 --read-only=false box sleep 100
  oak cp big ww:/home/big && oak cp ww:/home/big back && cmp big back
  oak cp many ww:/home && [ "$(oak exec ww sh -c 'ls /home/many | wc -l')" -eq 3000 ]
  oak cp "./$name" ww:/home/ && oak cp "ww:/home/$name" got && [ "$(cat got)" = odd ]
  run oak cp big cc:/t/
  said 1 'No space left'
  oak cp ww:/home/big - | head -c 1000 >/dev/null
  oak cp ww:/home/big /dev/full 2>err && false
  one_error "$(cat err)"
}

@test "cp: mistakes" {
  oak create --name cc --read-only=false --network none box true >/dev/null
  run oak cp cc:/nowhere .
  said 1 'there is no cc:/nowhere'
  run oak cp nowhere cc:/home
  said 1 'there is no nowhere'
  run oak cp cc:/etc cc:/home
  said 1 'pipe'
  run oak cp a b
  said 1 'CONTAINER:PATH'
  run oak cp nobody:/etc .
  said 1 'there is no container "nobody"'
  run oak cp cc: .
  said 1 'empty'
  run oak cp cc:/etc
  said 1 'no fewer than 2'
  mkdir -p d && echo 1 >f
  run oak cp d cc:/etc/passwd
  said 1 'a directory cannot be copied onto the file cc:/etc/passwd'
  run oak cp f cc:/new/
  said 1 'there is no directory cc:/new/'
}

@test "rootless cp: in and out, running and stopped" {
  needs_newuidmap
  as sub oakum import "$place/bundle/rootfs" box >/dev/null
  as sub sh -c 'mkdir -p "$HOME/d" && echo 1 >"$HOME/d/f"'
  as sub oakum create --name cc --user 0 --read-only=false --network none box sleep 30 >/dev/null
  run -0 as sub oakum cp "$place/home/d" cc:/home/one
  run -0 as sub sh -c 'oakum start cc && oakum cp "$HOME/d" cc:/home/two && oakum exec cc sh -c "stat -c %u /home/one/f /home/two/f" && oakum cp cc:/home/two "$HOME/back" && oakum rm -f c'
  [[ $output == *$'0\n0'* ]]
  [ "$(cat "$place/home/back/f")" = 1 ]
  [ "$(stat -c %u "$place/home/back/f")" -eq "$user_uid" ]
}
