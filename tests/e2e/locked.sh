#!/usr/bin/env bash
# A home with a passphrase: locked, opened, changed, cut off in the middle, locked by itself.
source "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
echo "correct horse" >"$scratch/first"
echo "battery staple" >"$scratch/second"
state_of() { as "$1" --json status | field state; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }
has_no_peers() { [ "$(peers_of "$1")" -eq 0 ]; }

# Off a terminal nothing is asked: one of the two has to be said.
expect_status 2 as ana init --name ana
[ ! -e "$scratch/ana/key" ] || fail "a refused init made a home"
expect_status 0 as ana init --name ana --passphrase-file "$scratch/first"
expect_status 5 as ana init --name ana --passphrase-file "$scratch/first"

# Without the passphrase it starts, locked, and answers next to nothing.
start ana
[ "$(as ana --json status)" = '{"state":"locked"}' ] || fail "status of a locked node: $(as ana --json status)"
for command in timeline "post words" "block kith1x" blocks tags "peer list" export "passphrase --no-passphrase" \
    "lock --after 10m" "complete key"; do
    # shellcheck disable=SC2086
    [ "$command" = export ] && command="export $scratch/out.kith"
    expect_status 4 as ana $command
    expect_text "kith unlock"
done
expect_status 0 as ana lock
expect_status 2 as ana unlock
expect_status 5 as ana unlock --passphrase-file "$scratch/second"
expect_text "does not open"
is_state ana locked || fail "a wrong passphrase opens"
expect_status 0 as ana unlock --passphrase-file "$scratch/first"
is_state ana running || fail "unlock returned too early"
expect_status 0 as ana unlock --passphrase-file "$scratch/first"
expect_status 0 as ana unlock --passphrase-file "$scratch/second"
mine=$(says ana post "written while it was open" --tag metoo)

# Locking ends what is open, cleanly, and closes connections.
people hub
address=$(address_of hub)
as ana peer add "$address" >/dev/null || fail "peer add"
within 500 has_peers hub 1 || fail "not connected"
as ana watch >"$scratch/watched" 2>"$scratch/watch.err" &
watcher=$!
sleep 0.3
expect_status 0 as ana lock
wait "$watcher"
[ $? -eq 4 ] || fail "a watch of a locked node ends with another status"
grep -q "locked" "$scratch/watch.err" || fail "a watch does not say why it ends"
is_state ana locked || fail "lock returned too early"
within 500 has_no_peers hub ||
    fail "a locked node stays connected"
expect_status 4 as ana mine

# What is in it is there again, and the peer too.
expect_status 0 as ana unlock --passphrase-file "$scratch/first"
sees ana "$mine" mine || fail "a post is gone after unlocking"
within 500 has_peers hub 1 || fail "not connected again after unlocking"

# Another passphrase, in force at once.
expect_status 2 as ana passphrase --passphrase-file "$scratch/second"
expect_status 5 as ana passphrase --passphrase-file "$scratch/second" --old-passphrase-file "$scratch/second"
expect_status 0 as ana passphrase --passphrase-file "$scratch/second" --old-passphrase-file "$scratch/first"
expect_status 0 as ana lock
expect_status 5 as ana unlock --passphrase-file "$scratch/first"
expect_status 0 as ana unlock --passphrase-file "$scratch/second"

# A locked node stops, and ends on a signal.
expect_status 0 as ana lock
expect_status 0 as ana down
wait "${node_pids[ana]}" || fail "down of a locked node"
start ana
stop ana || fail "a signal to a locked node"

# up unlocks what it starts; with another passphrase the node stays, locked.
expect_status 5 as ana up --passphrase-file "$scratch/first"
is_state ana locked || fail "up with another passphrase"
expect_status 0 as ana up --passphrase-file "$scratch/second"
is_state ana running || fail "up of a locked node opens it"
expect_status 0 as ana down
expect_status 0 as ana up
is_state ana locked || fail "up without a passphrase"
expect_status 0 as ana down

# One-shot modes take it too.
as hub export "$scratch/posts" --strangers >/dev/null || fail "export"
expect_status 2 "$KITH_BIN/kithd" --home "$scratch/ana" --import "$scratch/posts"
expect_status 5 "$KITH_BIN/kithd" --home "$scratch/ana" --import "$scratch/posts" --passphrase-file "$scratch/first"
expect_status 0 "$KITH_BIN/kithd" --home "$scratch/ana" --import "$scratch/posts" --passphrase-file "$scratch/second"
expect_status 2 as ana recover
expect_status 0 as ana recover --passphrase-file "$scratch/second"
start ana --passphrase-file "$scratch/second"
is_state ana running || fail "kithd --passphrase-file"

# By itself, after two seconds without a command; asking how it is does not count.
if command -v python3 >/dev/null; then
    PYTHONPATH="$here/../another" python3 -c "import home, sys
items, status, text = home.ask(sys.argv[1], 'lock', after=2)
sys.exit(status)" "$scratch/ana" || fail "lock after two seconds"
    [ "$(as ana --json status | field locks_after)" = 2s ] || fail "status does not say when it locks"
    within 600 is_state ana locked || fail "it does not lock by itself"
    grep -q "nothing was asked" "$scratch/ana.log" || fail "the log does not say why"
    expect_status 0 as ana unlock --passphrase-file "$scratch/second"
    expect_status 0 as ana lock --after off
fi

# No passphrase any more: it cannot be locked, and opens by itself.
expect_status 0 as ana passphrase --no-passphrase --old-passphrase-file "$scratch/second"
expect_status 5 as ana lock
expect_status 5 as ana lock --after 1h
[ ! -e "$scratch/ana/keyslot" ] || fail "the keyslot stays"
stop ana
start ana
is_state ana running || fail "a home without a passphrase starts locked"
sees ana "$mine" mine || fail "a post is gone"
expect_status 0 as ana passphrase --no-passphrase
