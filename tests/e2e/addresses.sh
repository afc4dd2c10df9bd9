#!/usr/bin/env bash
# A relay that asks another for addresses learns of relays that this one knows, and connects to one.
# What a relay knows outlives a restart, and its neighbours do not: so that here nobody can hear of
# the third relay in any other way.
source "$(dirname "$0")/lib.sh"

free_port() { echo $((20000 + RANDOM % 20000)); }
declare -A ports=([first]=$(free_port) [third]=$(free_port))
reached() { # reached NAME [OPTION...]: a relay that others are told of
    local port=${ports[$1]:-$(free_port)}
    start "$1" --relay --listen "127.0.0.1:$port" --address "127.0.0.1:$port" "${@:2}"
}

# The first comes to know the third.
reached first
reached third --peer "$(address_of first)"
within 1500 has_peers first 1 || fail "the first two relays do not meet"
sleep 1 # what it says of itself is heard
stop third && stop first || fail "stopping"

# Each is alone from now on, and calls on nobody.
reached third --dial named
reached first --dial named
sleep 1
[ "$(peers_of first)$(peers_of third)" = 00 ] || fail "they call on each other all the same"

# Who is to dial only whom it was told of asks nobody.
reached second --dial named --peer "$(address_of first)"
within 1500 has_peers second 1 || fail "the second relay does not find the first"
sleep 8 # it would look after five
[ "$(peers_of second)$(peers_of third)" = 10 ] || fail "it connects to whom nobody named"
stop second || fail "stopping"

reached second --peer "$(address_of first)"
within 1500 has_peers second 1 || fail "the second relay does not find the first again"
within 4000 has_peers third 1 || fail "the second relay does not use what it was told"
has_peers second 2 || fail "it is not the second that found the third"
