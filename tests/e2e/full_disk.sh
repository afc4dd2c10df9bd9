#!/usr/bin/env bash
# No room for another post: said plainly, not acknowledged, and everything before is still there.
# A limit on the size of files stands in for the full disk.
source "$(dirname "$0")/lib.sh"

"$KITH_BIN/kithd" --home "$scratch/ana" --init --no-passphrase || fail "init"
limit_kb=200
# The limit is the subshell's; the node's log goes elsewhere, or it would be cut short with it.
(
    ulimit -f "$limit_kb"
    exec "$KITH_BIN/kithd" --home "$scratch/ana" </dev/null >"$scratch/ana.log" 2>&1
) &
node_pids[ana]=$!
within 1000 answers ana || fail "ana does not answer"

text=$(printf 'x%.0s' {1..20000})
kept=()
status=0
for i in {1..30}; do
    as ana --json post "$i $text" --tag metoo >"$scratch/out" 2>"$scratch/err"
    status=$?
    [ $status -eq 0 ] || break
    kept+=("$(field id <"$scratch/out")")
done
[ $status -eq 5 ] || fail "a full disk ends with $status"
[ ${#kept[@]} -gt 2 ] || fail "nothing fitted"
[ -s "$scratch/err" ] || fail "a full disk is not explained"
for id in "${kept[@]}"; do sees ana "$id" || fail "an acknowledged post is gone while the disk is full"; done

# Nobody has to start anything again: once there is room, it goes on.
expect_status 5 as ana post "$text" --tag metoo
expect_text "make room"
grep -q "kith down" "$scratch/err" && fail "a restart is asked for: $(cat "$scratch/err")"
roomy() { prlimit --pid "${node_pids[$1]}" --fsize=unlimited:unlimited; }
if roomy ana 2>/dev/null; then
    posts_again() { later=$(says ana post "room again, without a restart" --tag metoo) && [ -n "$later" ]; }
    within 1500 posts_again || fail "no post after there is room again"
    kept+=("$later")
fi
stop ana || fail "a clean stop ends with 0"
start ana
for id in "${kept[@]}"; do sees ana "$id" || fail "an acknowledged post is lost"; done
[ -n "$(says ana post "room again" --tag metoo)" ] || fail "no post after there is room again"
stop ana

# What finds posts has to be made again, and there is no room for it: what is there is shown.
"$KITH_BIN/many_posts" 36000 >"$scratch/many"
expect_status 0 "$KITH_BIN/kithd" --home "$scratch/ana" --import "$scratch/many"
rm -r "$scratch/ana/index"
(
    ulimit -f "$limit_kb"
    exec "$KITH_BIN/kithd" --home "$scratch/ana" </dev/null >"$scratch/ana.log" 2>&1
) &
node_pids[ana]=$!
within 2000 answers ana || fail "a full disk keeps the node from opening"
for id in "${kept[@]}"; do sees ana "$id" || fail "a post is not shown on a full disk"; done
as ana --json tag many --strangers --limit 2 | grep -q "number35999" || fail "the newest post is not there"
as ana --json search number17 --strangers --limit 2 | grep -q "number17" || fail "nothing is found"
within 1000 grep -q "cannot be put in order" "$scratch/ana.log" || fail "a full disk is not noted"
if roomy ana 2>/dev/null; then
    within 4000 grep -q "put in order again" "$scratch/ana.log" || fail "the index is not written once there is room"
    [ "$(stat -c %s "$scratch"/ana/index/*.run | sort -n | tail -1)" -gt $((limit_kb * 1024)) ] || fail "no run"
fi
stop ana || fail "a clean stop ends with 0"

# A post that her journal took and her store did not goes out by itself.
relay hub
people bea
start ana
joined hub ana bea
for i in {1..6}; do id=$(says bea post "$i $text" --tag metoo); done
within 1000 sees ana "$id" tag metoo --strangers || fail "bea's posts do not come"
largest=$(stat -c %s "$scratch"/ana/log/*.0 | sort -n | tail -1)
log_len=$(stat -c %s "$(ls -t "$scratch"/ana/log/*.0 | head -1)")
[ "$largest" -ge "$log_len" ] || fail "no segment"
if prlimit --pid "${node_pids[ana]}" --fsize="$((log_len + 4096)):unlimited" 2>/dev/null; then
    expect_status 5 as ana post "kept meanwhile $text" --tag metoo
    expect_text "goes out by itself"
    roomy ana
    arrived() { as bea --json tag metoo --strangers --limit 50 | grep -q "kept meanwhile"; }
    within 3000 arrived || fail "what was kept does not go out"
fi
