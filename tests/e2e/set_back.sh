#!/usr/bin/env bash
# Parts of a home are set back, alone and together, beside others that know better.  The node then
# refuses in words that say what can be done, or goes on and says what is missing; nobody blocked is
# shown, then or later.
source "$(dirname "$0")/lib.sh"

# refuses WHO TEXT: its node ends by itself, and says this.
refuses() {
    timeout 20 "$KITH_BIN/kithd" --home "$scratch/$1" </dev/null >"$scratch/err" 2>&1 &&
        fail "it opens, and should refuse"
    expect_text "$2"
}
set_back() {
    local part
    for part in "$@"; do
        rm -rf "$scratch/ana/$part"
        cp -a "$scratch/older/$part" "$scratch/ana/$part"
    done
}
blocked=$(printf '%064x' 4242)

# The list and the journal beside it are of one moment; only vault.last knows of the block.
people ana
stop ana
cp -a "$scratch/ana" "$scratch/older"
start ana
as ana block "$blocked" >/dev/null || fail "block"
stop ana
set_back vault journal
cp "$scratch/ana/vault.last" "$scratch/copy"
refuses ana "kith recover"
refuses ana "kith recover"
cmp -s "$scratch/copy" "$scratch/ana/vault.last" || fail "the later copy was written over"
expect_status 0 as ana recover
start ana
as ana --json blocks | grep -q "$blocked" || fail "the block is gone"
stop ana

# Eve's post is dated before the block and comes while she is blocked.  Once she is unblocked it stays
# hidden, whatever became of the log in between.
people eve bea
for i in 1 2 3 4 5; do as bea post "number $i" --tag metoo >/dev/null || fail "post"; done
as bea export "$scratch/beas" >/dev/null || fail "export"
stop bea
bad=$(says eve post "eve" --tag metoo)
as eve export "$scratch/eves" >/dev/null || fail "export"
eve=$(key_of eve)
stop eve
sleep 1
blocks_eve() {
    rm -rf "$scratch/ana" "$scratch/older" "$scratch"/log.*
    people ana
    stop ana
    cp -a "$scratch/ana" "$scratch/older"
    start ana
    as ana post "ana" --tag metoo >/dev/null || fail "post"
    as ana block "$eve" >/dev/null || fail "block"
    stop ana
}
moved_away() { mv "$scratch/ana/log" "$scratch/log.1"; }
moved_away_twice() {
    moved_away
    start ana
    stop ana
    mv "$scratch/ana/log" "$scratch/log.2"
}
taken_away_with_its_index() { rm -r "$scratch/ana/log" "$scratch/ana/index"; }
set_back_alone() { set_back log; }
another_and_longer() {
    rm -r "$scratch/ana/log" "$scratch/older/log"
    "$KITH_BIN/kithd" --home "$scratch/older" --import "$scratch/beas" >/dev/null 2>&1 </dev/null || fail "import"
    mv "$scratch/older/log" "$scratch/ana/log"
}
whole() { :; }
import_eves() {
    "$KITH_BIN/kithd" --home "$scratch/ana" --import "$scratch/eves" >"$scratch/out" 2>&1 </dev/null ||
        fail "import: $(cat "$scratch/out")"
}
for log in whole moved_away moved_away_twice taken_away_with_its_index set_back_alone another_and_longer; do
    for first in import start; do
        blocks_eve
        : >"$scratch/ana.log"
        $log
        [ "$first" = import ] || { start ana && stop ana; }
        import_eves
        start ana
        cat "$scratch/out" "$scratch/ana.log" | grep -q "others than those that your list" && told=yes || told=no
        [ "$told" = yes ] || [ $log = whole ] || fail "$log, $first first: nothing is said"
        [ "$told" = no ] || [ $log != whole ] || fail "the log is whole, and another is told"
        sees ana "$bad" tag metoo --strangers && fail "$log, $first first: somebody blocked is shown"
        as ana unblock "$eve" >/dev/null || fail "unblock"
        sees ana "$bad" tag metoo --strangers && fail "$log, $first first: what came while blocked is shown"
        stop ana
        start ana
        sees ana "$bad" tag metoo --strangers && fail "$log, $first first: a restart shows it"
        stop ana
    done
done
echo "what was set back was noticed"
