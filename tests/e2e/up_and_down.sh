#!/usr/bin/env bash
# kith's own hands on a node: init, up, watch, down, and what each says when it cannot.
source "$(dirname "$0")/lib.sh"
# The node stands on its own once it is up, so it has to be stopped also when this fails.
trap 'as ana down >/dev/null 2>&1; end' EXIT

expect_status 3 as ana up
expect_text 'kith init'
as ana init --no-passphrase --name ana >/dev/null || fail "init"
expect_status 5 as ana init --no-passphrase
expect_status 3 as ana timeline
expect_text 'kith up'

expect_status 2 as ana up --listen nonsense
expect_text 'kithd.log'
as ana up >/dev/null || fail "up"
expect_status 0 as ana up
expect_text 'running already'
expect_status 5 as ana up --listen 127.0.0.1:0
expect_status 5 as ana up --dial known
expect_status 5 as ana up --sets all

# A stream ends with Ctrl-C, and that is no failure.
"$KITH_BIN/kith" --home "$scratch/ana" --json watch </dev/null >"$scratch/watched" 2>&1 &
watcher=$!
sleep 0.2
id=$(says ana post "me too" --tag metoo)
within 300 grep -q "\"id\":\"$id\"" "$scratch/watched" || fail "watch does not show an own post"
# A shell starts its background jobs with Ctrl-C ignored; kith asks for it again while it watches.
kill -INT "$watcher"
wait "$watcher" || fail "watch ends with $?"

# Once down returns, the home is free at once, every time.
for _ in 1 2 3 4 5; do
    as ana down >/dev/null || fail "down"
    "$KITH_BIN/kithd" --home "$scratch/ana" --import /dev/null >/dev/null 2>&1 || fail "the home is still held"
    as ana up >/dev/null || fail "up again"
done
sees ana "$id" mine || fail "what was written is gone"

as ana export "$scratch/posts" >/dev/null || fail "export"
[ "$(stat -c %a "$scratch/posts")" = 600 ] || fail "the export can be read by others"
expect_status 5 as ana export "$scratch/posts"
as ana down >/dev/null || fail "down at the end"

# What kithd is told about whom it connects to and what it takes in is passed on to it.
expect_status 2 as ana up --dial everybody
expect_status 2 as ana up --sets most
expect_text 'author:00-3f'
arguments() { tr "\0" " " 2>/dev/null </proc/"$(pgrep -f "kithd --home $scratch/ana ")"/cmdline; }
as ana up --dial known --sets author:00-3f,tag:a0 >/dev/null || fail "up with sets"
arguments | grep -q -- "--dial known --sets author:00-3f,tag:a0" || fail "kithd runs with: $(arguments)"
as ana down >/dev/null || fail "down with sets"
expect_status 3 as ana down
