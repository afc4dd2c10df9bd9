#!/usr/bin/env bash
# A disk lies: every file of a home is flipped in the middle, cut off, emptied or taken away, one at a
# time.  The node then shows every own post and the block all the same, or it refuses in words that
# name the file or the part and what can be done.
source "$(dirname "$0")/lib.sh"

people ana
for ((i = 0; i < 12; i++)); do as ana post "number $i" --tag metoo >/dev/null || fail "post"; done
blocked=$(printf '%064x' 4242)
as ana block "$blocked" >/dev/null || fail "block"
stop ana
start ana
as ana post "the last one" --tag metoo >/dev/null || fail "post"
stop ana
cp -r "$scratch/ana" "$scratch/whole"
octets_at() { dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1 | tr -d ' '; }
flip() {
    local at=$(($(stat -c %s "$1") / 2))
    # shellcheck disable=SC2059
    printf "\\$(printf %03o $(($(octets_at "$1" "$at") ^ 16)))" | dd of="$1" bs=1 seek="$at" conv=notrunc 2>/dev/null
}
halve() { truncate -s $(($(stat -c %s "$1") / 2)) "$1"; }
empty() { truncate -s 0 "$1"; }

# What the log lost, it gets from the journal soon after the start.
all_hers() { [ "$(as ana --json mine --limit 100 | grep -c '"tags":\["metoo"\]')" = 13 ]; }

opened=0
refused=0
while read -r file; do
    for harm in flip halve empty "rm -f"; do
        rm -rf "$scratch/ana"
        cp -r "$scratch/whole" "$scratch/ana"
        $harm "$scratch/ana/$file"
        "$KITH_BIN/kithd" --home "$scratch/ana" </dev/null >"$scratch/said" 2>&1 &
        node_pids[ana]=$!
        for ((i = 0; i < 500; i++)); do
            if answers ana || ! kill -0 "${node_pids[ana]}" 2>/dev/null; then break; fi
            sleep 0.01
        done
        if answers ana; then
            opened=$((opened + 1))
            within 500 all_hers || fail "$harm $file: of her 13 own posts one is gone"
            as ana --json blocks | grep -q "$blocked" || fail "$harm $file: the block is gone"
            crash ana
        else
            refused=$((refused + 1))
            wait "${node_pids[ana]}"
            unset "node_pids[ana]"
            grep -q -E '`kith [a-z]+|copy|backup' "$scratch/said" ||
                fail "$harm $file: it refuses and does not say what can be done: $(cat "$scratch/said")"
            [ -z "${KITH_E2E_TELL:-}" ] || echo "$harm $file: $(tail -n 1 "$scratch/said")"
        fi
    done
done < <(cd "$scratch/whole" && find . -type f ! -name lock ! -name '*.log' -printf '%P\n' | sort)
# What the words say can be done works: without the log, own posts come back from the journal.
rm -rf "$scratch/ana"
cp -r "$scratch/whole" "$scratch/ana"
rm "$scratch/ana/log/manifest"
mv "$scratch/ana/log" "$scratch/elsewhere"
start ana
within 500 all_hers || fail "without the log one of her 13 own posts is gone"
as ana --json blocks | grep -q "$blocked" || fail "without the log the block is gone"

[ "$opened" -gt 0 ] && [ "$refused" -gt 0 ] || fail "opened $opened, refused $refused"
echo "of $((opened + refused)) damages $opened cost nothing of hers, $refused were refused in words"
