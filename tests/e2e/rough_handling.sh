#!/usr/bin/env bash
# What an unlucky shell, disk or hand does to a home and to the programs: nothing is lost, nothing
# lies open, and what is wrong is said.
source "$(dirname "$0")/lib.sh"
kithd() { timeout 10 "$KITH_BIN/kithd" "$@"; }

people ana
first=$(says ana post "me too" --tag metoo)
stop ana

# Standard descriptors that are closed are not taken by files, whatever is closed.
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
    eval "\"$KITH_BIN/kithd\" --home '$scratch/ana' $closed &" 2>/dev/null
    node_pids[ana]=$!
    within 1000 answers ana || fail "ana does not answer with $closed"
    for fd in 0 1 2; do
        case $(readlink "/proc/${node_pids[ana]}/fd/$fd") in
        "$scratch/ana"/*) fail "a file of the home became descriptor $fd with $closed" ;;
        esac
    done
    stop ana || fail "with $closed it does not end well"
done
start ana
sees ana "$first" || fail "a post is lost"
"$KITH_BIN/kith" --home "$scratch/ana" tag metoo >&- 2>"$scratch/err"
[ $? -eq 5 ] || fail "a listing without an output is no error"
stop ana

# A home that lies open is closed, and that is said; nothing is made in somebody's open folder.
chmod 755 "$scratch/ana"
start ana
[ "$(stat -c %a "$scratch/ana")" = 700 ] || fail "a home stays open to others"
grep -q "could look into this home" "$scratch/ana.log" || fail "an open home is not said"
stop ana
mkdir -m 755 "$scratch/shared"
: >"$scratch/shared/letter"
expect_status 5 kithd --home "$scratch/shared" --init --no-passphrase --name ana
expect_text "chmod 700"
[ "$(stat -c %a "$scratch/shared")" = 755 ] || fail "somebody's folder was changed"

# A record that is damaged is left out and said; what is one's own is there all the same.
start ana
for i in 1 2 3; do says ana post "number $i" --tag metoo >/dev/null; done
stop ana
printf 'zzz' | dd of="$scratch/ana/log/00000000.0" bs=1 seek=40 conv=notrunc 2>/dev/null
start ana
grep -q "damaged on the disk" "$scratch/ana.log" || fail "damage is not said"
sees ana "$first" || fail "an own post is lost with a damaged record"
stop ana

# A key that is missing or is no file.
mv "$scratch/ana/key" "$scratch/key"
expect_status 5 kithd --home "$scratch/ana"
expect_text "key file is missing"
mkfifo "$scratch/ana/key"
expect_status 5 kithd --home "$scratch/ana"
expect_text "not a plain file"
rm "$scratch/ana/key"
mv "$scratch/key" "$scratch/ana/key"

# What was pasted into a command line does not come back as an escape sequence.
expect_status 2 kithd --home "$scratch/ana" --peer $'kith://\e[2Jhost:1/aaaa'
if grep -q $'\e' "$scratch/err"; then fail "an escape sequence reaches the terminal"; fi

# Input without an end and without lines.
timeout 10 "$KITH_BIN/kith" --home "$scratch/ana" post - </dev/zero 2>"$scratch/err"
[ $? -eq 2 ] || fail "endless input is not refused"
expect_text "too long"

# Two at once: one node, and both are told that it runs.
as ana up >"$scratch/up1" 2>&1 &
one=$!
as ana up >"$scratch/up2" 2>&1 &
other=$!
wait "$one" || fail "up, twice at once: $(cat "$scratch/up1")"
wait "$other" || fail "up, twice at once: $(cat "$scratch/up2")"
sees ana "$first" || fail "a post is lost"
as ana down >/dev/null || fail "down"
