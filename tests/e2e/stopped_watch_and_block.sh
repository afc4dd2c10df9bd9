#!/usr/bin/env bash
# She watches, and the watching program is stopped while he floods: `block` does not return before
# that program has read what was sent to it, or has been cut off, and then it shows nothing of it.
source "$(dirname "$0")/lib.sh"

relay hub
people ana carl
joined hub ana carl
as ana follow --tag metoo >/dev/null
carl=$(key_of carl)
"$KITH_BIN/kith" --home "$scratch/ana" --json watch --strangers >"$scratch/watched" 2>/dev/null </dev/null &
watch=$!
first=$(says carl post "the first" --tag metoo)
comes() { grep -q "$first" "$scratch/watched"; }
within 500 comes || fail "nothing of his comes before the block"
kill -STOP "$watch"
for i in 1 2 3 4 5; do last=$(says carl post "flood $i" --tag metoo); done
within 500 sees ana "$last" tag metoo --strangers || fail "his posts do not arrive"
as ana block "$carl" >/dev/null || fail "block"
kill -CONT "$watch"
wait "$watch"
[ "$(grep -c "$carl" "$scratch/watched")" -eq 1 ] || fail "his posts are shown after the block"
if sees ana "$last" tag metoo --strangers; then fail "he is shown"; fi
