#!/usr/bin/env bash
# kill -9 at any moment of a backup or a restore: no half backup, no half home; done again, all of it
# is there. KITH_E2E_ROUNDS says how many times.
source "$(dirname "$0")/lib.sh"
rounds=${KITH_E2E_ROUNDS:-25}
file=$scratch/ana.backup

people ana
for ((i = 0; i < 60; i++)); do
    as ana post "post $i $(head -c 2000 /dev/zero | tr '\0' w)" --tag metoo >/dev/null
done
as ana block 00000000000000000000000000000000000000000000000000000000000000aa --label him >/dev/null
as ana words --show >"$scratch/words"
killed=0
for ((i = 0; i < rounds; i++)); do
    rm -f "$file"
    as ana backup "$file" --all >/dev/null 2>&1 &
    asking=$!
    sleep "0.00$((RANDOM % 10))"
    crash ana
    wait "$asking"
    if [ -e "$file" ]; then
        rm -rf "$scratch/back"
        as back restore "$file" --words-file "$scratch/words" --no-passphrase >/dev/null || fail "a backup that is there is not whole"
    else
        killed=$((killed + 1))
    fi
    start ana
done
rm -f "$file"
as ana backup "$file" --all >/dev/null || fail "a backup after one that was killed"
[ -e "$file.part" ] && fail "a part is left"

cut=0
for ((i = 0; i < rounds; i++)); do
    rm -rf "$scratch/back"
    "$KITH_BIN/kithd" --home "$scratch/back" --restore "$file" --words-file "$scratch/words" --no-passphrase >/dev/null 2>&1 &
    restoring=$!
    sleep "0.0$((RANDOM % 10))"
    { kill -9 "$restoring" && wait "$restoring"; } 2>/dev/null
    if [ -e "$scratch/back/restoring" ]; then
        cut=$((cut + 1))
        expect_status 3 "$KITH_BIN/kithd" --home "$scratch/back"
        expect_text "cut off"
        expect_status 5 "$KITH_BIN/kithd" --home "$scratch/back" --init --no-passphrase
    fi
    as back restore "$file" --words-file "$scratch/words" >/dev/null 2>&1 ||
        as back restore "$file" --words-file "$scratch/words" --no-passphrase >/dev/null || fail "round $i: restoring again"
done
start back
[ "$(as back --json mine --limit 1000 | grep -c '"text":"post ')" = 60 ] || fail "posts are missing"
[ "$(as back --json blocks | field label)" = him ] || fail "the block is missing"
echo "$rounds backups killed ($killed left nothing), $rounds restores killed ($cut half way): nothing half"
