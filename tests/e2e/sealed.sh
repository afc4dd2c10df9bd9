#!/usr/bin/env bash
# Evidence and lists of blocks with real files, and a block list that is damaged: nothing is shown until
# it is brought back, and no block is lost.
source "$(dirname "$0")/lib.sh"

relay hub
people bea carl dora
joined hub bea carl dora
carl=$(key_of carl)
dora=$(key_of dora)
bea=$(key_of bea)
threat=$(says carl post "watch out" --tag metoo)
as bea follow --tag metoo >/dev/null
within 500 sees bea "$threat" timeline --strangers || fail "the post does not arrive"

# Evidence: to a passphrase, opened by a friend's node; never without it, never in the clear.
evidence=$scratch/evidence.kith
printf 'correct horse\n' >"$scratch/pass"
expect_status 2 as bea block "$carl" --keep-evidence "$evidence"
expect_status 5 as bea block "$carl" --keep-evidence "$scratch/none/file" --passphrase-file "$scratch/pass"
[ -z "$(as bea --json blocks)" ] || fail "somebody is blocked without the evidence"
(cd "$scratch" && as bea block "$carl" --label him --keep-evidence evidence.kith --passphrase-file pass) \
    >/dev/null || fail "block with evidence"
[ "$(stat -c %a "$evidence")" = 600 ] || fail "others can read the evidence"
grep -aq "watch out" "$evidence" && fail "the evidence lies in the clear"
[ ! -e "$evidence.part" ] || fail "a part is left"
as dora --json verify "$evidence" --passphrase-file "$scratch/pass" >"$scratch/report" || fail "verify"
grep -q "\"id\":\"$threat\".*\"valid\":true" "$scratch/report" || fail "the threat is not in the report"
grep -q "\"sealed_by\":\"$bea\",\"seal_valid\":true" "$scratch/report" || fail "who sealed is not proven"
grep -q "watch out" "$scratch/report" && fail "the report shows what was said"
if has_terminals; then
    { sleep 0.5; printf 'correct horse\n'; sleep 1.5; } |
        script -qec "$KITH_BIN/kith --home $scratch/dora verify $evidence" /dev/null >"$scratch/asked" 2>&1
    grep -q "signatures verify" "$scratch/asked" || fail "asked on a terminal: $(cat "$scratch/asked")"
fi

# A list for a friend.
list=$scratch/list.kith
as bea blocks export "$list" --for "$dora" >/dev/null || fail "export"
grep -aq him "$list" && fail "the list lies in the clear"
expect_status 5 as carl blocks import "$list" --yes
as dora blocks import "$list" >/dev/null || fail "a preview"
[ -z "$(as dora --json blocks)" ] || fail "a preview blocks"
as dora blocks import "$list" --yes >/dev/null || fail "import"
[ "$(as dora --json blocks)" = "{\"key\":\"$carl\",\"label\":\"him\"}" ] || fail "not imported"
as dora blocks undo >/dev/null || fail "undo"
[ -z "$(as dora --json blocks)" ] || fail "not undone"

# The vault is damaged, cut, missing, or older: nothing is shown, and everything comes back.
home=$scratch/bea
stop bea
cp "$home/vault" "$scratch/older"
start bea
as bea block "$dora" --label her >/dev/null || fail "block"
both="$carl $dora"
blocked() { as bea --json blocks | sed -n 's/.*"key":"\([0-9a-f]*\)".*/\1/p' | tr '\n' ' '; }
[ "$(blocked)" = "$both " ] || fail "not blocked: $(blocked)"
expect_status 5 as bea recover
for way in flip cut gone old oldest; do
    stop bea
    case $way in
        flip) printf '\377\377\377' | dd of="$home/vault" bs=1 seek=60 conv=notrunc 2>/dev/null ;;
        cut) truncate -s 40 "$home/vault" ;;
        gone) rm "$home/vault" ;;
        old) cp "$scratch/older" "$home/vault" ;;
        oldest) cp "$scratch/older" "$home/vault"; cp "$scratch/older" "$home/vault.last" ;;
    esac
    "$KITH_BIN/kithd" --home "$home" </dev/null >"$scratch/said" 2>&1 && fail "$way: the node runs"
    grep -q 'kith recover' "$scratch/said" || fail "$way: it does not say what to do: $(cat "$scratch/said")"
    expect_status 3 as bea timeline
    as bea recover >"$scratch/said" || fail "$way: recover: $(cat "$scratch/said")"
    grep -q 'The copy is of 2' "$scratch/said" || fail "$way: no date: $(cat "$scratch/said")"
    if [ "$way" = oldest ]; then
        grep -q 'What may be missing' "$scratch/said" || fail "it does not say what may be missing"
    fi
    start bea
    [ "$(blocked)" = "$both " ] || fail "$way: a block is lost: $(blocked)"
    if sees bea "$threat" timeline --strangers; then fail "$way: a blocked post is shown"; fi
done
stop bea
mv "$home/journal" "$scratch/journal"
"$KITH_BIN/kithd" --home "$home" </dev/null >"$scratch/said" 2>&1 && fail "without its journal the node runs"
as bea recover >"$scratch/said" || fail "no journal: recover: $(cat "$scratch/said")"
grep -q 'may be missing' "$scratch/said" || fail "no journal: it does not say what may be missing"
start bea
[ "$(blocked)" = "$both " ] || fail "no journal: a block is lost: $(blocked)"
# What she wrote is signed by her key and unknown to this home: she confirms her list first.
as bea blocks confirm --yes >/dev/null || fail "no journal: confirming"
as bea unblock her >/dev/null || fail "$way: a label is lost"
