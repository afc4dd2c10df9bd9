#!/usr/bin/env bash
# Kill -9 under load: several clients post, take back, block and name at once, posts of others come in
# from a relay, and the node is killed at random moments, now and then the relay with it.  Each time
# the home opens, all that was acknowledged is there, what was taken back is not, and blocks hold.
# KITH_E2E_SECONDS says for how long.
source "$(dirname "$0")/lib.sh"
seconds=${KITH_E2E_SECONDS:-22}

relay hub
people ana bea carl
joined hub ana bea carl
as ana follow --tag metoo >/dev/null
carl=$(key_of carl)
his=$(says carl post "from carl" --tag metoo)
within 500 sees ana "$his" tag metoo --strangers || fail "his post does not arrive"
as ana block "$carl" >/dev/null || fail "block"
mkdir "$scratch/said"
touch "$scratch/said"/{posts,taken,blocked,bea}

# Each client writes down what was acknowledged, and nothing else.
client_posts() {
    local n=0 id
    while [ ! -e "$scratch/enough" ]; do
        n=$((n + 1))
        id=$(says ana post "client $1 number $n" --tag metoo 2>/dev/null)
        if [ -n "$id" ]; then echo "$id" >>"$scratch/said/posts"; fi
        sleep 0.04
    done
}
client_takes_back() {
    local id
    while [ ! -e "$scratch/enough" ]; do
        id=$(shuf -n 1 "$scratch/said/posts")
        sleep 0.15
        if [ -z "$id" ]; then continue; fi
        # Whatever comes of it: from now on that post may be gone.
        echo "$id" >>"$scratch/said/tried"
        if as ana retract "$id" >/dev/null 2>&1; then echo "$id" >>"$scratch/said/taken"; fi
    done
}
client_blocks() {
    local n=4096 key
    while [ ! -e "$scratch/enough" ]; do
        n=$((n + 1))
        key=$(printf '%064x' $n)
        if as ana block "$key" >/dev/null 2>&1; then echo "$key" >>"$scratch/said/blocked"; fi
        as ana people name "$key" "@friend$n" >/dev/null 2>&1
        sleep 0.05
    done
}
friend_posts() {
    local n=0 id
    while [ ! -e "$scratch/enough" ]; do
        n=$((n + 1))
        id=$(says bea post "bea number $n" --tag metoo 2>/dev/null)
        if [ -n "$id" ]; then echo "$id" >>"$scratch/said/bea"; fi
        sleep 0.1
    done
}
touch "$scratch/said/tried"
clients=()
for work in "client_posts 1" "client_posts 2" client_takes_back client_blocks friend_posts; do
    $work &
    clients+=($!)
done

# What was acknowledged before now, looked for in what is shown from now on.
check() {
    local what=$1 lost
    cp -r "$scratch/said" "$scratch/then"
    as ana --json mine --limit 1000 >"$scratch/mine" || fail "$what: mine"
    as ana --json blocks >"$scratch/blocks" || fail "$what: blocks"
    field id <"$scratch/mine" | sort >"$scratch/mine.ids"
    field key <"$scratch/blocks" | sort >"$scratch/blocks.keys"
    lost=$(sort -u "$scratch/then/posts" | comm -23 - <(sort -u "$scratch/said/tried") | comm -23 - "$scratch/mine.ids" | wc -l)
    [ "$lost" = 0 ] || fail "$what: $lost acknowledged posts are lost"
    lost=$(sort -u "$scratch/then/taken" | comm -12 - "$scratch/mine.ids" | wc -l)
    [ "$lost" = 0 ] || fail "$what: $lost posts that were taken back are shown"
    lost=$(sort -u "$scratch/then/blocked" | comm -23 - "$scratch/blocks.keys" | wc -l)
    [ "$lost" = 0 ] || fail "$what: $lost acknowledged blocks are lost"
    grep -q "$carl" "$scratch/blocks.keys" || fail "$what: the first block is lost"
    if as ana --json tag metoo --limit 1000 --strangers | grep -q "$carl"; then fail "$what: he is shown"; fi
    rm -r "$scratch/then"
}

rounds=0
until=$((SECONDS + seconds))
while [ $SECONDS -lt $until ] && [ "$(wc -l <"$scratch/said/posts")" -lt 600 ]; do
    rounds=$((rounds + 1))
    sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
    crash ana
    if [ $((rounds % 7)) = 3 ]; then
        crash hub
        relay hub
    fi
    start ana
    check "round $rounds"
done
touch "$scratch/enough"
wait "${clients[@]}" 2>/dev/null
crash ana
start ana
check "the end"
all_there() {
    [ "$(as ana --json tag metoo --limit 1000 --strangers | grep -c '"text":"bea number')" = "$wanted" ]
}
wanted=$(as bea --json mine --limit 1000 | grep -c '"text":"bea number')
within 1500 all_there || fail "not all of the friend's $wanted posts came"

count() { wc -l <"$scratch/said/$1"; }
[ "$rounds" -ge 8 ] || fail "only $rounds rounds"
for what in posts taken blocked bea; do [ "$(count $what)" -gt 0 ] || fail "nothing was acknowledged of $what"; done
grep -i -E 'damage|left out' "$scratch/ana.log" && fail "a kill was taken for damage"
echo "killed $rounds times: $(count posts) posts, $(count taken) taken back, $(count blocked) blocks, $(count bea) of a friend; all there"
