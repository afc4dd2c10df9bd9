#!/usr/bin/env bash
# Whatever somebody sends to a node's port, the others are served.
source "$(dirname "$0")/lib.sh"

relay hub
people ana bea
joined hub ana bea
port=${relay_ports[hub]}
door() { exec 9<>"/dev/tcp/127.0.0.1/$port"; }
# Whether the other side closes the connection, politely or not, within so many seconds.
is_closed() {
    timeout "$1" cat <&9 >/dev/null 2>&1
    [ $? -ne 124 ]
}

# Noise, a text protocol, and a length that promises much.
for octets in '\000\040ABCDEFGHIJKLMNOPQRSTUVWXYZ012345' 'GET / HTTP/1.1\r\n\r\n' '\377\377'; do
    door
    # shellcheck disable=SC2059
    printf "$octets" >&9
    head -c 70000 /dev/urandom >&9 2>/dev/null
    is_closed 12 || fail "garbage keeps a connection"
    exec 9<&- 9>&-
done

# Many at once, and one that says nothing.
door
exec 8<>"/dev/tcp/127.0.0.1/$port"
pids=()
for i in {1..40}; do
    (head -c 4000 /dev/urandom >"/dev/tcp/127.0.0.1/$port") 2>/dev/null &
    pids+=($!)
done
wait "${pids[@]}" 2>/dev/null

post=$(says ana post "me too" --tag metoo)
within 100 sees bea "$post" || fail "strangers at the door keep a post away"
is_closed 12 || fail "a connection that says nothing is kept"

# The control socket too.
answers ana || fail "ana does not answer"
