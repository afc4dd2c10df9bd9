#!/usr/bin/env bash
# same_trace.sh SIM: the same seed gives the same trace in another process, another seed another one.
set -euo pipefail
trace() { "$1" --seed "$2" | sed -n 's/^trace //p'; }
first=$(trace "$1" 7)
again=$(trace "$1" 7)
other=$(trace "$1" 8)
[ ${#first} = 64 ] || { echo "no trace was printed"; exit 1; }
[ "$first" = "$again" ] || { echo "seed 7 gave $first, then $again"; exit 1; }
[ "$first" != "$other" ] || { echo "seeds 7 and 8 gave the same trace"; exit 1; }
