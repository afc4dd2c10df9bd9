#!/usr/bin/env bash
# Somebody floods a tag while she watches it and blocks him: once `block` has returned, nothing of
# his comes any more, not even what was on its way.
source "$(dirname "$0")/lib.sh"

relay hub
people ana carl
joined hub ana carl
as ana follow --tag metoo >/dev/null
carl=$(key_of carl)
"$KITH_BIN/kith" --home "$scratch/ana" --json watch --strangers >"$scratch/watched" </dev/null &
watch=$!
his() { grep -c "$carl" "$scratch/watched"; }
comes() { [ "$(his)" -gt 2 ]; }

(for ((i = 0; ; i++)); do as carl post "flood $i" --tag metoo >/dev/null || exit; done) &
flood=$!
within 500 comes || fail "nothing of his comes before the block"
as ana block "$carl" >/dev/null || fail "block"
sleep 0.1 # for the watching process to print what the node had sent it before
seen=$(his)
sleep 0.5
kill "$flood" 2>/dev/null
last=$(says carl post "last" --tag metoo)
own=$(says ana post "mine" --tag metoo)
mine() { grep -q "$own" "$scratch/watched"; }
within 200 mine || fail "the stream stopped"
sleep 0.2
kill "$watch" 2>/dev/null
[ "$(his)" -eq "$seen" ] || fail "$(($(his) - seen)) posts of his came after the block"
if grep -q "$last" "$scratch/watched"; then fail "his last post came after the block"; fi
