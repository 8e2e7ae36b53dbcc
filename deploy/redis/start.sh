#!/bin/sh
# Starts a Redis with the users of users.conf beside it, and the passwords of the environment: STAMPEDE_PASSWORD is the
# administrator's. Redis gets their digests, in a file that nobody else can read: every program of a machine may see the
# arguments of the others.
#
#   start.sh [--SETTING VALUE]...
set -eu
umask 077
folder="$(dirname "$0")"
users="${TMPDIR:-/tmp}/redis-users.conf"
digest() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }

{
  echo "user default on #$(digest "$STAMPEDE_PASSWORD") ~* &* +@all"
  sed \
    -e "s/API_PASSWORD_SHA256/$(digest "$STAMPEDE_API_PASSWORD")/" \
    -e "s/WORKER_PASSWORD_SHA256/$(digest "$STAMPEDE_WORKER_PASSWORD")/" \
    "$folder/users.conf"
} > "$users"
exec redis-server "$folder/redis.conf" --include "$users" "$@"
