#!/usr/bin/env bash
# What can be wrong with a home, a port or a command line: said clearly, with the right exit status,
# and nothing lost.
source "$(dirname "$0")/lib.sh"
kithd() { timeout 10 "$KITH_BIN/kithd" "$@"; }

expect_status 2 kithd --relai
expect_text "relai"
expect_status 2 kithd --home
expect_status 0 kithd --help
grep -q "example:" "$scratch/out" || fail "help has no example"
expect_status 0 kithd --version

expect_status 3 kithd --home "$scratch/nowhere"
expect_text "kith init"
[ ! -e "$scratch/nowhere" ] || fail "a home was made by asking for it"

expect_status 2 kithd --home "$scratch/ana" --init
expect_text "no-passphrase"
expect_status 2 kithd --home "$scratch/ana" --init --passphrase-file /dev/null
expect_status 2 kithd --home "$scratch/ana" --init --passphrase-file "$scratch/nowhere"
expect_status 2 kithd --home "$scratch/ana" --init --no-passphrase --name "$(printf 'a%.0s' {1..65})"
expect_status 2 kithd --home "$scratch/ana" --init --no-passphrase --name "$(printf 'a\377')"
[ ! -e "$scratch/ana" ] || fail "a refused init made something"
people ana
expect_status 5 kithd --home "$scratch/ana" --init --no-passphrase
expect_status 5 kithd --home "$scratch/ana"
expect_text "another kith node holds"
answers ana || fail "the node that holds the home was disturbed"

port=$(address_of ana | sed 's/.*:\([0-9]*\)\/.*/\1/')
expect_status 5 kithd --home "$scratch/hub" --relay --listen "127.0.0.1:$port"
expect_text "$port"

mode=$(stat -c %a "$scratch/ana/control.sock")
[ "$mode" = 600 ] || fail "the control socket has mode $mode"
post=$(says ana post "me too" --tag metoo)
crash ana
[ -S "$scratch/ana/control.sock" ] || fail "a killed node leaves its socket"
start ana
stop ana || fail "a clean stop ends with 0"
[ ! -e "$scratch/ana/control.sock" ] || fail "a stopped node leaves its socket"
expect_status 3 as ana timeline

expect_status 5 kithd --home "$scratch/ana" --relay
expect_text "person"
"$KITH_BIN/kithd" --home "$scratch/hub" --relay --listen 127.0.0.1:0 2>/dev/null &
node_pids[hub]=$!
within 1000 answers hub || fail "the relay does not answer"
expect_status 5 as hub timeline
stop hub
expect_status 5 kithd --home "$scratch/hub"
expect_text "relay"

# Nothing is shown without a block list that can be trusted.
cp -r "$scratch/ana" "$scratch/kept"
printf 'x' | dd of="$scratch/ana/vault" bs=1 seek=40 conv=notrunc 2>/dev/null
expect_status 5 kithd --home "$scratch/ana"
expect_text "nothing is shown"
expect_status 3 as ana timeline
expect_status 5 as ana words --show
expect_text "kith recover"
: >"$scratch/ana/vault"
expect_status 5 kithd --home "$scratch/ana"
rm "$scratch/ana/vault"
expect_status 5 kithd --home "$scratch/ana"
expect_text "nothing is shown"
expect_status 5 kithd --home "$scratch/ana" --init --no-passphrase
expect_text "kith recover"
[ ! -e "$scratch/ana/vault" ] || fail "an empty block list took the place of a lost one"
rm -rf "$scratch/ana"
mv "$scratch/kept" "$scratch/ana"
start ana
sees ana "$post" || fail "a post is lost"

long=$scratch/$(printf 'a%.0s' {1..120})
expect_status 0 kithd --home "$long" --init --no-passphrase
expect_status 5 kithd --home "$long"
expect_text "too long"
