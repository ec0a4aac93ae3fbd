# SPDX-License-Identifier: Apache-2.0
# Secrets: encrypted in the store, a file in the container, and nowhere else.
bats_require_minimum_version 1.5.0
load lib/start
setup() { start_setup; make_image; canary=kanarienvogel-$RANDOM$RANDOM; }
teardown() { start_teardown; }

# The value is in no file of the store and the state, in no output of ours.
no_canary() {
  local found=0
  grep -rlF "$canary" "$place/store" "$place/state" || found=$?
  [ "$found" -eq 1 ]
}

# As oak_run, but it stays.
oak_keep() { oak run --pull never --network none --cgroup-parent "/$group" "$@"; }

@test "create, ls, inspect, rm: nothing shows the value" {
  run oak secret create -l tier=db pg_password <<<"$canary"
  said 0
  [[ $output =~ ^[0-9a-f]{25}$ ]]
  id=$output
  printf %s "$canary" >"$place/value"
  oak secret create other "$place/value" >/dev/null
  CANARY=$canary oak secret create --env third CANARY >/dev/null
  rm "$place/value"
  run oak secret ls
  said 0 'ID' 'NAME' 'DRIVER' "$id" 'pg_password' 'other' 'third' 'ago'
  run oak secret ls --filter label=tier=db --format '{{.Name}} {{.Driver}} {{.Label "tier"}}'
  said 0
  [ "$output" = 'pg_password file db' ]
  run oak secret ls -q --filter name=pg
  [ "$output" = "$id" ]
  run oak secret inspect pg_password "${id:0:10}"
  said 0 '"Name": "pg_password"' '"tier": "db"' 'AES-256-GCM'
  [[ $output != *"$canary"* ]]
  [ "$(oak secret inspect -f '{{.Spec.Name}}' "$id")" = pg_password ]
  mkdir -p "$place/state"
  no_canary
  [ "$(stat -c '%a %a' "$place/store/secrets" "$place/store/secrets/.key" | tr '\n' ' ')" = '700 700 600 600 ' ]
  run oak secret create pg_password <<<x
  said 1 'there is a secret "pg_password" already' 'oakum secret rotate pg_password'
  run oak secret rm pg_password nothing "${id:0:10}"
  said 1 'there is no secret "nothing"'
  [ "$(oak secret ls -q | wc -l)" -eq 2 ]
}

@test "a secret is a file of the container's user, on a read-only ramfs, and in no other place" {
  oak secret create pg <<<"$canary" >/dev/null
  run oak_keep --name web --secret pg --secret source=pg,target=/run/secrets/other,uid=7,gid=8,mode=0440 box sh -c '
    cat /run/secrets/pg; stat -c "%n %u %g %a" /run/secrets/*; grep /run/secrets /proc/mounts
    echo x >/run/secrets/pg; touch /run/secrets/new; rm -f /run/secrets/pg; cat /run/secrets/other; env; tr "\0" "\n" </proc/1/cmdline'
  said 0 "$canary" '/run/secrets/other 7 8 440' '/run/secrets/pg 65532 65532 400' ' /run/secrets ramfs ro,nosuid,nodev,noexec' \
    "can't create /run/secrets/pg: Read-only" 'touch: /run/secrets/new: Read-only' 'cat: can'
  [ "$(grep -cF "$canary" <<<"$output")" -eq 1 ]
  run oak inspect web
  said 0 '"secrets"'
  [[ $output != *"$canary"* ]]
  mkdir -p "$place/state"
  no_canary
  run oak secret rm pg
  said 1 "secret \"pg\" is container web's"
  oak rm web
  oak secret rm pg
  ! grep -q ramfs /proc/self/mountinfo || ! grep ramfs /proc/self/mountinfo | grep -F "$place"
}

@test "with the root user, the host's ids, a writable root, and docker's defaults" {
  oak secret create pg <<<"$canary" >/dev/null
  for flags in '-u 0' '--userns host' '--read-only=false' '--compat docker' '--compat docker --read-only' '--cap-add SYS_ADMIN -u 0'; do
    # shellcheck disable=SC2086
    run oak_run --rm $flags --secret pg box sh -c 'cat /run/secrets/pg; echo x >/run/secrets/pg'
    said 1 "$canary" 'Read-only file system'
  done
  run oak_run -u 33 --rm --secret pg box sh -c 'stat -c "%u %g %a" /run/secrets/pg; cat /run/secrets/pg'
  said 0 '33 0 400' "$canary"
}

@test "a rotated secret is in running containers at once, a restart has it too" {
  oak secret create pg <<<"$canary" >/dev/null
  oak_keep -d --name web --secret pg,mode=0444 box sh -c 'trap "cat /run/secrets/pg" HUP; cat /run/secrets/pg; while :; do sleep 0.1; done' >/dev/null
  oak_keep -d --name beside box sleep 100 >/dev/null
  for ((i = 0; i < 50; i++)); do [ "$(oak logs web | wc -l)" -ge 1 ] && break; sleep 0.1; done
  run oak secret rotate --signal HUP pg <<<"second-$canary"
  said 0
  [ "$output" = web ]
  for ((i = 0; i < 50; i++)); do [ "$(oak logs web | wc -l)" -ge 2 ] && break; sleep 0.1; done
  [ "$(oak logs web)" = "$canary"$'\n'"second-$canary" ]
  run oak exec web sh -c 'ls -A /run/secrets; stat -c "%u %a" /run/secrets/pg; echo x >/run/secrets/pg'
  said 1 '65532 444' 'Read-only file system'
  [[ $output == pg$'\n'* ]]
  oak secret rotate pg <<<"third-$canary" >/dev/null
  oak restart -t 0 web >/dev/null
  for ((i = 0; i < 50; i++)); do [ "$(oak logs web | wc -l)" -ge 3 ] && break; sleep 0.1; done
  [ "$(oak logs web | tail -n 1)" = "third-$canary" ]
  rm -f "$place"/store/containers/*/monitor/*.log # where the program itself wrote it
  oak rm -f web beside >/dev/null
  no_canary
}

@test "what is wrong ends the start: nothing is delivered by halves" {
  oak secret create pg <<<"$canary" >/dev/null
  run oak_run --secret nothing box true
  said 125 '--secret: there is no secret "nothing"; "oakum secret create nothing FILE" makes it'
  run oak_run --secret pg,type=env box true
  said 125 '--secret' 'type=env is not done'
  run oak_run --secret pg,target=/etc/pg box true
  said 125 'target must be a file name'
  run oak_run --secret pg,target=../pg box true
  said 125 'target must be a file name'
  run oak_run --secret pg,uid=70000 box true
  said 125 'the container has no user 70000'
  run oak_run --secret pg --secret pg box true
  said 125 'two secrets have the target "pg"'
  mkdir "$place/dir"
  run oak_run --secret pg -v "$place/dir:/run/secrets" box true
  said 125 '--secret needs /run/secrets'
  run oak secret create big < <(head -c 512001 /dev/zero)
  [ "$status" -eq 1 ]
  run oak secret create none </dev/null
  said 1 'a secret has 1 to 512000 bytes, not 0'
  run oak secret create .key <<<x
  said 1 "cannot be a secret's name"
  run oak secret create ../x <<<x
  said 1 "cannot be a secret's name"
  [ -z "$(oak ps -aq)" ]
}

@test "a file that was changed or exchanged, another key, and a key that others may read are refused" {
  oak secret create pg <<<"$canary" >/dev/null
  oak secret create other <<<"of-other" >/dev/null
  cp -a "$place/store/secrets" "$place/saved"
  jq -c --slurpfile o "$place/store/secrets/other" '.value = $o[0].value | .nonce = $o[0].nonce' "$place/saved/pg" >"$place/store/secrets/pg"
  run oak_run --secret pg box cat /run/secrets/pg
  said 125 'secret "pg" cannot be decrypted: its file was changed'
  cp "$place/saved/other" "$place/store/secrets/pg"
  run oak_run --secret pg box cat /run/secrets/pg
  said 125 "it is another secret's file"
  cp "$place/saved/pg" "$place/store/secrets/pg"
  head -c 32 /dev/urandom >"$place/store/secrets/.key"
  run oak_run --secret pg box cat /run/secrets/pg
  said 125 'cannot be decrypted'
  cp "$place/saved/.key" "$place/store/secrets/.key"
  chmod 644 "$place/store/secrets/.key"
  run oak_run --secret pg box cat /run/secrets/pg
  said 125 'nobody else may read'
  rm "$place/store/secrets/.key"
  run oak_run --secret pg box cat /run/secrets/pg
  said 125 'the key of the secrets is lost'
  truncate -s 20 "$place/store/secrets/pg"
  run oak secret ls
  said 0 'damaged' 'other'
  oak secret rm pg
  [ -z "$(oak ps -aq)" ]
}
