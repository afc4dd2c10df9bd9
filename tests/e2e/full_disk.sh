#!/usr/bin/env bash
# No room for another post: said plainly, not acknowledged, and everything before is still there.
# A limit on the size of files stands in for the full disk.
source "$(dirname "$0")/lib.sh"

"$KITH_BIN/kithd" --home "$scratch/ana" --init --no-passphrase || fail "init"
limit_kb=200
# The limit is the subshell's; the node's log goes elsewhere, or it would be cut short with it.
(
    ulimit -f "$limit_kb"
    exec "$KITH_BIN/kithd" --home "$scratch/ana" </dev/null >"$scratch/ana.log" 2>&1
) &
node_pids[ana]=$!
within 1000 answers ana || fail "ana does not answer"

text=$(printf 'x%.0s' {1..20000})
kept=()
status=0
for i in {1..30}; do
    as ana --json post "$i $text" --tag metoo >"$scratch/out" 2>"$scratch/err"
    status=$?
    [ $status -eq 0 ] || break
    kept+=("$(field id <"$scratch/out")")
done
[ $status -eq 5 ] || fail "a full disk ends with $status"
[ ${#kept[@]} -gt 2 ] || fail "nothing fitted"
[ -s "$scratch/err" ] || fail "a full disk is not explained"
for id in "${kept[@]}"; do sees ana "$id" || fail "an acknowledged post is gone while the disk is full"; done

stop ana || fail "a clean stop ends with 0"
start ana
for id in "${kept[@]}"; do sees ana "$id" || fail "an acknowledged post is lost"; done
[ -n "$(says ana post "room again" --tag metoo)" ] || fail "no post after there is room again"
