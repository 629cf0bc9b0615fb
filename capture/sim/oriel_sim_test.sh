#!/bin/sh
# The program oriel-sim: its exit codes, its socket file, what it prints.
set -u

sim=capture/sim/oriel-sim
# Bazel's own folder has a longer name than a socket's path may be.
folder=$(mktemp -d /tmp/oriel-sim-XXXXXX)
trap 'rm -rf "$folder"' EXIT
socket=$folder/vgpu.sock
failures=0

fail() {
  echo "FAILED: $1" >&2
  failures=$((failures + 1))
}

# expect CODE TEXT ARGUMENT...: ends with CODE and says TEXT.
expect() {
  code=$1
  text=$2
  shift 2
  "$sim" "$@" >"$folder/said" 2>&1
  got=$?
  [ "$got" -eq "$code" ] || fail "'$*' ended with $got, not $code"
  grep -qF -e "$text" "$folder/said" || {
    fail "'$*' did not say: $text"
    cat "$folder/said" >&2
  }
}

# start LOG ARGUMENT...: returns once the line about listening is there.
start() {
  log=$1
  shift
  rm -f "$folder/pipe"
  mkfifo "$folder/pipe"
  "$sim" "$@" 2>"$folder/pipe" &
  pid=$!
  exec 3<"$folder/pipe"
  read -r line <&3 || line=
  echo "$line" >"$log"
}

expect 0 "Examples:" --help
expect 2 "--socket PATH is required"
expect 0 "oriel-sim " --version
expect 2 "oriel-sim: unknown flag '--no-such-flag'" --socket "$socket" --no-such-flag
expect 2 "--mode 1920" --socket "$socket" --mode 1920
expect 2 "--mode 1920x1080x2" --socket "$socket" --mode 1920x1080x2
expect 2 "3840x2160" --socket "$socket" --mode 100000x100
expect 2 "'NV12' is no value of --fourcc; there are: XR24, AR24" --socket "$socket" --fourcc NV12
expect 2 "'dekstop' is no value of --scene" --socket "$socket" --scene dekstop
expect 2 "/nowhere.png" --socket "$socket" --scene image:/nowhere.png
expect 1 "/nowhere" --socket "$socket" --scene xwd:/nowhere
expect 2 "--rate" --socket "$socket" --rate 0
expect 2 "'pony' is no value of --cursor" --socket "$socket" --cursor=pony
expect 1 "/nowhere/vgpu.sock" --socket /nowhere/vgpu.sock
expect 0 "region_type: 0x80001d1d" --print-config --scene pattern
expect 0 "stride_bytes: 5760" --print-config --scene pattern --fourcc RG24

start "$folder/first" --socket "$socket" --scene pattern --mode 640x480
grep -qF "oriel-sim: listening on $socket, 640x480 XR24, scene pattern" \
  "$folder/first" || fail "the line about listening is: $(cat "$folder/first")"
[ -S "$socket" ] || fail "there is no socket"
expect 1 "another server listens there" --socket "$socket"
kill -TERM "$pid"
wait "$pid"
code=$?
[ "$code" -eq 0 ] || fail "SIGTERM ended it with $code"
[ ! -e "$socket" ] || fail "SIGTERM left the socket file"

start "$folder/second" --socket "$socket" --scene pattern
kill -KILL "$pid"
wait "$pid" 2>/dev/null
[ -S "$socket" ] || fail "a killed server should leave a stale socket"
start "$folder/third" --socket "$socket" --scene pattern
grep -qF "listening" "$folder/third" || fail "a stale socket was not replaced"
kill -INT "$pid"
wait "$pid"
code=$?
[ "$code" -eq 0 ] || fail "SIGINT ended it with $code"

[ "$failures" -eq 0 ]
