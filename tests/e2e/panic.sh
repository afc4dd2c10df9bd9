#!/usr/bin/env bash
# panic: at once and without a question, whatever the node is doing; nothing of the home is left.
source "$(dirname "$0")/lib.sh"
echo "correct horse" >"$scratch/pass"
gone() { [ ! -e "$scratch/$1" ]; }

# A home that has something in it, open.
made() { # made NAME [init's options]
    local who=$1
    shift
    as "$who" init --name "$who" "$@" >/dev/null || fail "init"
    start "$who" --passphrase-file "$scratch/pass"
    says "$who" post "a word that nobody is to read" --tag metoo >/dev/null
    as "$who" follow --tag metoo >/dev/null
}
panics() {
    expect_status 0 as "$1" panic
    grep -q "Destroyed" "$scratch/out" || fail "panic does not say that it is done"
    gone "$1" || fail "$1: something is left: $(ls -A "$scratch/$1")"
    expect_status 3 as "$1" status
}

expect_status 3 as nobody panic

for kind in --no-passphrase "--passphrase-file $scratch/pass"; do
    # shellcheck disable=SC2086
    made open $kind
    pid=${node_pids[open]}
    panics open
    wait "$pid" || fail "a node that destroyed its home ends with another status"

    # shellcheck disable=SC2086
    made off $kind
    stop off
    for name in vault vault.last key keyslot addresses restoring making; do # as a crash leaves them
        : >"$scratch/off/$name.new"
    done
    panics off
done

made locked --passphrase-file "$scratch/pass"
expect_status 0 as locked lock
panics locked

# kithd alone; other things in the folder stay, and so does the folder.
made alone --no-passphrase
stop alone
echo mine >"$scratch/alone/letter"
expect_status 0 "$KITH_BIN/kithd" --home "$scratch/alone" --panic
[ "$(ls -A "$scratch/alone")" = letter ] || fail "left, or taken: $(ls -A "$scratch/alone")"
expect_status 3 "$KITH_BIN/kithd" --home "$scratch/alone" --panic

# One that was cut off near its end is finished, and nothing is built on what it left.
made cut --no-passphrase
stop cut
for name in "$scratch"/cut/*; do
    case $name in */index | */archive | */lock) ;; *) rm -r "$name" ;; esac
done
[ -e "$scratch/cut/archive" ] || fail "nothing is left to finish"
expect_status 5 as cut init --no-passphrase
expect_text "kith panic"
expect_status 3 "$KITH_BIN/kithd" --home "$scratch/cut"
expect_text "kith panic"
panics cut
expect_status 0 as cut init --no-passphrase
find "$scratch/cut" -mindepth 1 ! -name lock -delete
panics cut

# A node that hangs is no hindrance, and is told of.
made stuck --passphrase-file "$scratch/pass"
kill -STOP "${node_pids[stuck]}"
expect_status 5 as stuck panic
expect_text "kithd"
for name in key keyslot vault vault.last log journal; do
    [ ! -e "$scratch/stuck/$name" ] || fail "a node that hangs keeps $name"
done
crash stuck

# An import holds the home and has no socket to be asked on: it notices, wherever it is.
imports() { # imports NAME FILE, in the background
    "$KITH_BIN/kithd" --home "$scratch/$1" --import "$2" >>"$scratch/$1.log" 2>&1 &
    pid=$!
    node_pids[$1]=$pid
}
"$KITH_BIN/many_posts" 4000 >"$scratch/many"
made busy --no-passphrase
stop busy
for ((i = 0; i < 40; i++)); do cat "$scratch/many"; done >"$scratch/much"
imports busy "$scratch/much"
within 500 [ -e "$scratch/busy/index" ] || fail "the import does not begin"
panics busy
wait "$pid"
[ $? -eq 5 ] || fail "an import goes on in a home that was destroyed"

made waiting --no-passphrase
stop waiting
mkfifo "$scratch/pipe"
sleep 120 >"$scratch/pipe" &
node_pids[sleep]=$!
{ imports waiting -; } <"$scratch/pipe"
within 500 grep -q . "$scratch/waiting.log" || true
panics waiting
wait "$pid"
[ $? -eq 5 ] || fail "an import that waits for a pipe goes on in a home that was destroyed"

# The same for whatever else holds a home without a socket: while it waits for a passphrase, and
# while it writes a home that is not whole yet.
made source --no-passphrase
stop source
"$KITH_BIN/many_posts" 12000 >"$scratch/many"
"$KITH_BIN/kithd" --home "$scratch/source" --import "$scratch/many" >/dev/null || fail "import"
start source
as source words --show >"$scratch/words" 2>/dev/null || fail "words"
as source backup "$scratch/backup" --all >/dev/null || fail "backup"
stop source
runs() { # runs NAME kithd's options, in the background
    "$KITH_BIN/kithd" --home "$scratch/$1" "${@:2}" >>"$scratch/$1.log" 2>&1 &
    pid=$!
    node_pids[$1]=$pid
}
from=(--restore "$scratch/backup" --words-file "$scratch/words")
for way in restore recover words import; do
    made waiting --passphrase-file "$scratch/pass"
    stop waiting
    case $way in
    restore) what=("${from[@]}") ;;
    recover) what=(--recover) ;;
    words) what=(--words --show) ;;
    import) what=(--import "$scratch/many") ;;
    esac
    runs waiting "${what[@]}" --passphrase-file "$scratch/pipe"
    sleep 0.5 # until it holds the home
    expect_status 0 "$KITH_BIN/kithd" --home "$scratch/waiting" --panic
    gone waiting || fail "$way leaves $(ls -A "$scratch/waiting")"
    wait "$pid"
    [ $? -eq 5 ] || fail "$way goes on in a home that was destroyed"
done
for kind in --no-passphrase "--passphrase-file $scratch/pass"; do
    # shellcheck disable=SC2086
    runs back "${from[@]}" $kind
    within 3000 [ -e "$scratch/back/restoring" ] || fail "the restore does not begin"
    [ "$kind" != --no-passphrase ] || within 500 [ -e "$scratch/back/log/manifest" ]
    panics back
    wait "$pid"
    [ $? -eq 5 ] || fail "a restore goes on in a home that was destroyed"
done
runs new --init --passphrase-file "$scratch/pass"
within 500 [ -e "$scratch/new/making" ] || fail "init does not begin"
panics new
wait "$pid"
[ $? -eq 5 ] || fail "init goes on in a home that was destroyed"
