#!/usr/bin/env bash
# The use of the command line in a script, from an empty machine to an empty machine: a cluster comes up, takes data, loses its leader to kill -9,
# and goes away without a trace. Prints one line "ok <step>" for each step; the first step that fails ends the script with exit code 1.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
home=$(mktemp -d)
export HOME=$home XDG_RUNTIME_DIR=$home NO_COLOR=1
unset "${!RAFTCTL_@}"
PATH=$root/node_modules/.bin:$PATH
raftctl() { node "$root/bin/run.js" "$@"; }
cd "$home"

lab=
finish() {
  local code=$?
  [ -z "$lab" ] || raftctl lab down --quiet >/dev/null 2>&1 || true
  rm -rf "$home"
  [ "$code" -eq 0 ] || printf 'not ok: the script ended with %d\n' "$code"
  exit "$code"
}
trap finish EXIT
ok() { printf 'ok %s\n' "$*"; }
die() { printf 'not ok: %s\n' "$*"; exit 1; }

# Runs a command that must end with one of these codes: expect "5|10" raftctl ...
expect() {
  local wanted=$1 code=0
  shift
  "$@" >"$home/out" 2>"$home/err" || code=$?
  case "|$wanted|" in
    *"|$code|"*) ;;
    *) cat "$home/out" "$home/err"; die "exit $code instead of $wanted: $*" ;;
  esac
}

up=$(raftctl lab up --nodes 3 --json)
lab=up
eval "$(jq -er .result.env <<<"$up")"
ok "lab up: three daemons"

raftctl wait --for leader --for voters=3 --timeout 20s
ok "wait: a leader and three voters"

raftctl put app/config '{"v":1}' --encoding json --if-absent
expect 6 raftctl put app/config '{"v":2}' --encoding json --if-absent
[ "$(raftctl get app/config --output raw)" = '{"v":1}' ] || die "another value than was put"
ok "put --if-absent once, refused the second time (6), get the raw value"

expect 4 raftctl get no/such/key
[ ! -s "$home/out" ] || die "a missing key printed something on stdout"
ok "get of a missing key: 4, nothing on stdout"

expect "0|5|10" raftctl put k v --timeout 2s
ok "put with a time limit: done, no leader, or unknown"

[ "$(raftctl member list --json | jq -r '.result.members | length')" = 3 ] || die "not three members"
ok "member list: three"

leader_of() { raftctl status --json | jq -er '.result.nodes[0].regions[0].leader.name'; }
old=$(leader_of)
raftctl leader transfer --json | jq -e .ok >/dev/null
raftctl wait --for leader --timeout 20s
new=$(leader_of)
[ "$old" != "$new" ] || die "the leader is still $old"
ok "leader transfer: from $old to $new"

raftctl status --json | jq -e '.ok and (.result | type == "object")' >/dev/null
raftctl health --json | jq -e .result.healthy >/dev/null
ok "status and health as JSON"

nodes=$(jq -e .result.nodes <<<"$up")
pid_of() { jq -er --arg name "$1" '.[] | select(.name == $name) | .pid' <<<"$nodes"; }
pids=$(jq -er '.[].pid' <<<"$nodes")
directory=$(jq -er .result.dir <<<"$up")
for key in a b c d; do raftctl put "before/$key" "$key"; done
kill -9 "$(pid_of "$new")"
raftctl wait --for leader --timeout 20s
for key in a b c d; do [ "$(raftctl get "before/$key" --output raw)" = "$key" ] || die "before/$key is lost"; done
[ "$(raftctl get app/config --output raw)" = '{"v":1}' ] || die "app/config is lost"
raftctl put after/kill yes
ok "kill -9 of the leader $new: nothing acknowledged is lost, writes go on"

raftctl lab down
lab=
for pid in $pids; do ! kill -0 "$pid" 2>/dev/null || die "process $pid is still there"; done
[ ! -e "$directory" ] || die "$directory is still there"
ok "lab down: no process and no directory is left"
