#!/usr/bin/env bash
# What one person may see goes into a file, and from there into another home.
source "$(dirname "$0")/lib.sh"

people ana bea
for i in 1 2 3; do id=$(says ana post "number $i" --tag metoo); done
as ana export "$scratch/posts" >/dev/null || fail "export"
expect_status 5 "$KITH_BIN/kithd" --home "$scratch/bea" --import "$scratch/posts"
expect_text "another kith node holds"
rm "$scratch/bea/lock" # some take it for one that was left behind
for way in "--import $scratch/posts" --recover "--init --no-passphrase" ""; do
    # shellcheck disable=SC2086
    expect_status 5 "$KITH_BIN/kithd" --home "$scratch/bea" $way
    expect_text "another kith node holds"
done
expect_status 5 as bea init
expect_text "its node is running"
stop bea
expect_status 0 "$KITH_BIN/kithd" --home "$scratch/bea" --import "$scratch/posts"
grep -q "^4 new, 0 there already, 0 refused, 0 invalid" "$scratch/out" || fail "$(cat "$scratch/out")"
expect_status 0 "$KITH_BIN/kithd" --home "$scratch/bea" --import "$scratch/posts"
grep -q "^0 new, 4 there already" "$scratch/out" || fail "$(cat "$scratch/out")"
start bea
sees bea "$id" tag metoo --strangers || fail "an imported post is not there"
stop bea

{ cat "$scratch/posts"; printf '\377\377\377'; } >"$scratch/torn"
expect_status 5 "$KITH_BIN/kithd" --home "$scratch/bea" --import "$scratch/torn"
expect_text "octet $(stat -c %s "$scratch/posts")"
expect_status 1 "$KITH_BIN/kithd" --home "$scratch/bea" --import "$scratch/nothing"

# A proof that does not hold is counted and left out.
len=$(stat -c %s "$scratch/posts")
{ head -c $((len - 1)) "$scratch/posts"; printf 'x'; } >"$scratch/forged"
rm -rf "$scratch/carl"
expect_status 0 "$KITH_BIN/kithd" --home "$scratch/carl" --init --no-passphrase
expect_status 0 "$KITH_BIN/kithd" --home "$scratch/carl" --import "$scratch/forged"
grep -q "^3 new, 0 there already, 0 refused, 1 invalid" "$scratch/out" || fail "$(cat "$scratch/out")"
