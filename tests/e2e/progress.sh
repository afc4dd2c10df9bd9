#!/usr/bin/env bash
# What takes long says on a terminal how far it is, and leaves no trace of that; elsewhere it does not.
source "$(dirname "$0")/lib.sh"
has_terminals || { echo "no terminals here"; exit 0; }
"$KITH_BIN/many_posts" 60000 >"$scratch/many"
kithd() { "$KITH_BIN/kithd" --home "$scratch/ana" "$@"; }
on_terminal() { script -qec "'$KITH_BIN/kithd' --home '$scratch/$1' ${*:2}" /dev/null >"$scratch/out" </dev/null || fail "$(cat "$scratch/out")"; }

kithd --init --no-passphrase || fail "init"
on_terminal ana --import "$scratch/many"
grep -q "[0-9] a second" "$scratch/out" || fail "an import does not say how far it is: $(cat -v "$scratch/out")"
grep -q "60000 new" "$scratch/out" || fail "the import: $(cat -v "$scratch/out")"
expect_status 0 kithd --import "$scratch/many"
grep -q "a second" "$scratch/out" "$scratch/err" && fail "a script is told how far it is"

start ana
as ana words --show >"$scratch/words" 2>/dev/null || fail "words"
as ana backup "$scratch/backup" --all >/dev/null || fail "backup"
stop ana
for try in 1 2 3 4 5; do # what is over within the second it began in says nothing
    rm -rf "$scratch/back"
    on_terminal back --restore "$scratch/backup" --words-file "$scratch/words" --no-passphrase
    grep -q "[0-9] %" "$scratch/out" && break
done
grep -q "[0-9] %" "$scratch/out" || fail "a restore does not say how far it is: $(cat -v "$scratch/out")"
grep -q "It is back" "$scratch/out" || fail "the restore: $(cat -v "$scratch/out")"
expect_status 0 "$KITH_BIN/kithd" --home "$scratch/other" --restore "$scratch/backup" --words-file "$scratch/words" --no-passphrase
grep -q "[0-9] %" "$scratch/out" "$scratch/err" && fail "a script is told how far it is"
exit 0
