#!/usr/bin/env bash
# A busy home is backed up while it works, the machine is lost, and words and backup bring it back:
# the same keys, everything there, blocks in force from the first moment, and posts go on.
source "$(dirname "$0")/lib.sh"
file=$scratch/ana.backup

relay hub
people ana bea eve
joined hub ana bea eve
as ana people name "$(key_of bea)" @bea >/dev/null || fail "a petname"
as ana follow --tag metoo >/dev/null || fail "a follow"
mine=$(says ana post "before the backup" --tag metoo)
bad=$(says eve post "eve was here" --tag metoo)
within 1000 sees ana "$bad" tag metoo --strangers || fail "eve's post does not arrive"
as ana block "$(key_of eve)" --label him >/dev/null || fail "the block"
as ana words --show >"$scratch/words" || fail "the words"
expect_status 2 as ana words
expect_status 2 as ana --json words --show

for ((i = 0; i < 40; i++)); do says bea post "busy $i" --tag metoo >/dev/null; done &
busy=$!
as ana backup "$file" --all >/dev/null || fail "the backup"
wait "$busy"
[ "$(stat -c %a "$file")" = 600 ] || fail "others can read the backup"
expect_status 5 as ana backup "$file"
expect_text replace
as ana backup "$file" --all --replace >/dev/null || fail "the backup, once more"
grep -qF "eve was here" "$file" && fail "a text stands in the backup"
after=$(says ana post "after the backup" --tag metoo)
within 1000 sees bea "$after" || fail "bea does not see it"
identity=$(key_of ana)
shown=$(as ana --json tag metoo --limit 1000 | grep -v '"id":"'"$after")

crash ana
rm -rf "$scratch/ana"
expect_status 3 as ana mine

# Nothing is made of a backup that is not whole, and it is said what is wrong.
"$KITH_BIN/kith" version >/dev/null
len=$(stat -c %s "$file")
for part in 5 40 85 200 $((len / 2)) $((len - 1)); do
    head -c "$part" "$file" >"$scratch/cut"
    expect_status 5 as ana restore "$scratch/cut" --words-file "$scratch/words" --no-passphrase
    expect_text "missing\|no backup"
    cp "$file" "$scratch/bad"
    printf 'X' | dd of="$scratch/bad" bs=1 seek=$((part - 1)) conv=notrunc 2>/dev/null
    cmp -s "$file" "$scratch/bad" && continue
    expect_status 5 as ana restore "$scratch/bad" --words-file "$scratch/words" --no-passphrase
    expect_text "altered or damaged\|no backup"
done
echo "abandon zoo" >"$scratch/few"
expect_status 2 as ana restore "$file" --words-file "$scratch/few" --no-passphrase
expect_text "these are 2 words"
echo "$(printf 'abandon %.0s' {1..23})art" >"$scratch/others"
expect_status 5 as ana restore "$file" --words-file "$scratch/others" --no-passphrase
expect_text "another identity"
expect_status 3 as ana mine
expect_status 2 as ana restore "$file"
expect_status 2 as ana restore

# Words typed in capitals and cut short, as somebody types them from paper.
sed 's/[0-9]//g' "$scratch/words" | tr 'a-z' 'A-Z' >"$scratch/typed"
if has_terminals; then
    { sleep 0.5; sed 's/$/\r/' "$scratch/typed" | while read -r line; do echo "$line"; sleep 0.2; done; } |
        script -qec "'$KITH_BIN/kith' --home '$scratch/ana' restore '$file' --no-passphrase" /dev/null \
            >"$scratch/out" 2>&1
    grep -q "It is back" "$scratch/out" || fail "typing the words: $(cat "$scratch/out")"
    grep -qi "$(awk 'NR == 1 { print $2 }' "$scratch/words")" "$scratch/out" && fail "the words were shown while they were typed"
else
    as ana restore "$file" --words-file "$scratch/typed" --no-passphrase >"$scratch/out" || fail "the restore"
fi
grep -q "The backup is of 20..-" "$scratch/out" || fail "the date is not said"

# Without the relay first: what the backup holds is there, and whoever was blocked is not.
"$KITH_BIN/kithd" --home "$scratch/ana" </dev/null >>"$scratch/ana.log" 2>&1 &
node_pids[ana]=$!
within 1000 answers ana || fail "ana does not answer"
sees ana "$bad" tag metoo --strangers && fail "somebody blocked is shown in a restored home"
[ "$(key_of ana)" = "$identity" ] || fail "another identity"
[ "$(as ana --json blocks | field label)" = him ] || fail "the block is lost"

# The relay gives back what she wrote after the backup: that the home did not write, so it asks.
waits() { [ "$(as ana --json status | field state)" = unconfirmed ]; }
within 2000 waits || fail "an own post that the backup does not have goes unnoticed"
expect_status 5 as ana timeline
expect_text "kith blocks confirm"
as ana --json blocks confirm >"$scratch/out"
grep -q '"waits":true,"restored":false,"posts":1,' "$scratch/out" || fail "why: $(cat "$scratch/out")"
as ana blocks confirm --yes >/dev/null || fail "confirming"
sees ana "$mine" mine || fail "her post is lost"
sees ana "$after" mine || fail "what she wrote after the backup is not hers"
sees ana "$bad" tag metoo --strangers && fail "somebody blocked is shown"
again=$(as ana --json tag metoo --limit 1000 | grep -v '"id":"'"$after")
[ "$again" = "$shown" ] || fail "not the same is shown: $(diff <(echo "$shown") <(echo "$again") | head -5)"
more=$(says ana post "going on" --tag metoo)
within 1000 sees bea "$more" || fail "posts do not go on"
waits && fail "it asks again"

# Put together with a home that is there: nobody is unblocked by it.
as ana unblock him >/dev/null || fail "unblocking"
stop ana
for lost in key vault; do
    mv "$scratch/ana/$lost" "$scratch/lost"
    [ "$lost" = key ] || echo damaged >"$scratch/ana/vault"
    expect_status 5 as ana restore "$file" --words-file "$scratch/words"
    expect_text "kith re[a-z]*"
    mv "$scratch/lost" "$scratch/ana/$lost"
done
as ana restore "$file" --words-file "$scratch/words" >"$scratch/out" || fail "restoring over a home"
grep -q "put together" "$scratch/out" || fail "what was done is not said"
as ana --json restore "$file" --words-file "$scratch/words" >"$scratch/out" 2>"$scratch/err" || fail "restoring again"
[ ! -s "$scratch/out" ] || fail "with --json a sentence is printed"
expect_text "put together"
start ana
[ "$(as ana --json blocks | field label)" = him ] || fail "a merge has fewer blocks"
echo "backed up, lost, and back: the same keys, posts and blocks"
