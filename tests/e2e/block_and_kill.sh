#!/usr/bin/env bash
# A block that was acknowledged is in force after kill -9 at any moment; one that was not may be, and
# then it is whole.  Nobody waits for anything: the block runs while his posts come in and a watch is
# open.  KITH_E2E_ROUNDS says how often.
source "$(dirname "$0")/lib.sh"
rounds=${KITH_E2E_ROUNDS:-100}

relay hub
people ana carl
joined hub ana carl
as ana follow --tag metoo >/dev/null
carl=$(key_of carl)
his=$(says carl post "from carl" --tag metoo)
mine=$(says ana post "from ana" --tag metoo)
within 500 sees ana "$his" tag metoo --strangers || fail "his post does not arrive"
as carl down >/dev/null # his posts are at the relay and at ana's

shows_him() { as ana --json timeline --strangers | grep -q "$carl"; }
is_listed() { as ana --json blocks | grep -q "$1"; }

# Each round blocks somebody else by key as well: the list only grows.
acknowledged=()
expected=0
for ((i = 0; i < rounds; i++)); do
    key=$(printf '%064x' $((i + 4096)))
    [ $((i % 10)) -ne 5 ] || key=$carl
    "$KITH_BIN/kith" --home "$scratch/ana" watch >/dev/null 2>&1 </dev/null &
    watch=$!
    as ana --json block "$key" >"$scratch/answer" 2>/dev/null &
    asking=$!
    sleep "0.0$((RANDOM % 6))$((RANDOM % 10))"
    crash ana
    if wait "$asking"; then acknowledged+=("$key"); fi
    kill "$watch" 2>/dev/null
    start ana
    if [ ${#acknowledged[@]} -gt "$expected" ]; then
        expected=${#acknowledged[@]}
        is_listed "${acknowledged[-1]}" || fail "round $i: an acknowledged block is lost"
    fi
    # In force means shown nowhere, listed or not acknowledged alike.
    if is_listed "$carl" && shows_him; then fail "round $i: he is blocked and shown"; fi
done

for key in "${acknowledged[@]}"; do
    is_listed "$key" || fail "a block that was acknowledged early is lost"
done
as ana block "$carl" >/dev/null || fail "block"
crash ana
start ana
is_listed "$carl" || fail "the last block is lost"
if shows_him; then fail "he is shown"; fi
sees ana "$mine" timeline || fail "her own post is gone"
sees ana "$mine" mine || fail "her own post is gone from mine"

# What a node writes about itself names nobody it hides (row 33).
for what in "$carl" "from carl" "$his"; do
    if grep -q "$what" "$scratch/ana.log"; then fail "the log holds \"$what\""; fi
done
[ "${#acknowledged[@]}" -gt 0 ] || fail "no block was ever acknowledged"
[ "${#acknowledged[@]}" -lt "$rounds" ] || fail "no block was ever interrupted"
echo "${#acknowledged[@]} of $rounds blocks were acknowledged"
