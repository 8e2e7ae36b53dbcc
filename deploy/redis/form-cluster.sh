#!/bin/sh
# Makes one Redis Cluster of the nodes that are given by name, or brings it together again after their addresses have
# changed. It may run any number of times. Redis has no host names in `cluster meet`, so they are looked up here.
set -eu
port="${PORT:-6379}"
ask() { redis-cli -e -h "$1" -p "$port" --raw cluster "$2" ${3:+"$3"} ${4:+"$4"} | tr -d '\r'; }

for node in "$@"; do
  address="$(getent hosts "$node" | cut -d ' ' -f 1)"
  [ -n "$address" ] || { echo "$node has no address." >&2 && exit 1; }
  ask "$1" meet "$address" "$port"
done

# Each node gets an equal share of the slots that belong to nobody yet.
count=0
for node in "$@"; do
  first=$((16384 * count / $#))
  count=$((count + 1))
  last=$((16384 * count / $# - 1))
  if ask "$node" nodes | grep -q 'myself.*connected$'; then
    ask "$node" addslotsrange "$first" "$last"
  fi
done

for node in "$@"; do
  until ask "$node" info | grep -qx 'cluster_state:ok' \
    && ask "$node" info | grep -qx "cluster_known_nodes:$#"; do
    sleep 0.2
  done
done
echo "The cluster of $* is up."
