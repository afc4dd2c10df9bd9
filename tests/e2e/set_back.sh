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
echo "what was set back was noticed"
