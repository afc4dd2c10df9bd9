# What every end-to-end test stands on: real processes in a scratch folder, talking over loopback.
# Sourced by bash; KITH_BIN names the folder of kith and kithd.
set -u
: "${KITH_BIN:?KITH_BIN names the folder of kith and kithd}"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/kith-e2e-XXXXXX")
declare -A node_pids=()
unset KITH_HOME XDG_DATA_HOME

end() {
    # The shell does not speak of those it ends.
    exec 2>/dev/null
    kill -9 "${node_pids[@]}"
    wait
    rm -rf "$scratch"
}
trap end EXIT

fail() {
    echo "FAILED: $*" >&2
    tail -n 20 "$scratch"/*.log >&2 2>/dev/null
    exit 1
}

# kith as one of the people (or relays), by name: their home is the folder of that name.
as() {
    local who=$1
    shift
    "$KITH_BIN/kith" --home "$scratch/$who" "$@" </dev/null
}

# Wait until a command succeeds, at most so many hundredths of a second.
within() {
    local hundredths=$1 i
    shift
    for ((i = 0; i < hundredths; i++)); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.01
    done
    return 1
}

answers() { as "$1" status >/dev/null 2>&1; }

# start NAME [kithd's options]: run a node and wait until it answers.
start() {
    local who=$1
    shift
    "$KITH_BIN/kithd" --home "$scratch/$who" "$@" </dev/null >>"$scratch/$who.log" 2>&1 &
    node_pids[$who]=$!
    within 1000 answers "$who" || fail "$who does not answer"
}

crash() {
    { kill -9 "${node_pids[$1]}" && wait "${node_pids[$1]}"; } 2>/dev/null
    unset "node_pids[$1]"
}

# Stop cleanly; the status is kithd's.
stop() {
    local pid=${node_pids[$1]}
    kill -TERM "$pid"
    unset "node_pids[$1]"
    wait "$pid"
}

# field NAME: the value of a text or number in each JSON line.
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

address_of() { as "$1" --json status | field address; }
key_of() { as "$1" --json status | field identity; }
peers_of() { as "$1" --json status | field peers; }
has_peers() { [ "$(peers_of "$1")" -ge "$2" ]; }

# relay NAME: start one on a free port, the same one after a restart.
declare -A relay_ports=()
relay() {
    start "$1" --relay --listen "127.0.0.1:${relay_ports[$1]:-0}"
    relay_ports[$1]=$(address_of "$1" | sed 's/.*:\([0-9]*\)\/.*/\1/')
}

# people NAME...: each with a home and a running node.
people() {
    local who
    for who in "$@"; do
        "$KITH_BIN/kithd" --home "$scratch/$who" --init --no-passphrase --name "$who" || fail "init"
        start "$who"
    done
}

# joined RELAY NAME...: each joins the relay with one invite of its.
joined() {
    local hub=$1 who invite
    shift
    invite=$(as "$hub" --json invite --uses $# | field invite)
    for who in "$@"; do
        as "$who" join "$invite" >/dev/null || fail "$who cannot join"
    done
}

# says WHO COMMAND...: run a command that posts; prints the id.
says() { as "$1" --json "${@:2}" | field id; }

# sees WHO ID [COMMAND...]: whether that post is on their screen (by default under `tag metoo`).
sees() {
    local who=$1 id=$2
    shift 2
    [ $# -gt 0 ] || set -- tag metoo --limit 1000
    as "$who" --json "$@" | grep -q "\"id\":\"$id\""
}

# Whether this machine has pseudo-terminals to ask on; a bare root has none.
has_terminals() { script -qec true /dev/null >/dev/null 2>&1 </dev/null; }

expect_status() {
    local wanted=$1 got
    shift
    "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    got=$?
    [ "$got" -eq "$wanted" ] || fail "exit status $got instead of $wanted: $* ($(cat "$scratch/err"))"
}

expect_text() { grep -q -- "$1" "$scratch/err" || fail "\"$1\" is not in: $(cat "$scratch/err")"; }
