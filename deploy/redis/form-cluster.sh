#!/bin/sh
# Makes one Redis Cluster of these nodes, or brings it together again after their addresses have changed. It may run
# any number of times.
#
#   form-cluster.sh HOST:PORT ...
set -eu
ask() {
  node="$1"
  shift
  redis-cli -e -h "${node%:*}" -p "${node#*:}" --raw cluster "$@" | tr -d '\r'
}

for other in "$@"; do
  # Redis knows no names here.
  address="${other%:*}"
  case "$address" in
    *[!0-9.]*) address="$(getent hosts "$address" | cut -d ' ' -f 1)" ;;
  esac
  [ -n "$address" ] || { echo "$other has no address." >&2 && exit 1; }
  ask "$1" meet "$address" "${other#*:}"
done

# Each node gets an equal share of the slots, if it has none yet.
count=0
for other in "$@"; do
  first=$((16384 * count / $#))
  count=$((count + 1))
  if ask "$other" nodes | grep -q 'myself.* connected$'; then
    ask "$other" addslotsrange "$first" $((16384 * count / $# - 1))
  fi
done

for other in "$@"; do
  until ask "$other" info | grep -qx 'cluster_state:ok' \
    && ask "$other" info | grep -qx "cluster_known_nodes:$#"; do
    sleep 0.2
  done
done
echo "The cluster of $* is up."
