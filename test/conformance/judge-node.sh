#!/usr/bin/env bash
# Runs one node for ../shared/judges/kafka-clustertest, as its EXT_NODE_CMD:
#
#   EXT_NODE_CMD="$PWD/test/conformance/judge-node.sh" ../shared/judges/kafka-clustertest/run.sh -c CLASS
#
# The judges start a controller and a broker as two processes. As long as a node is always both, the
# first only waits for its end here, and the second takes the first one's port and runs as both.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
file=$1
value() { sed -n "s/^$1=//p" "$file" | sed 's/\\//g'; }

case $(value process.roles) in
  controller)
    trap 'exit 0' TERM
    while :; do sleep 1 & wait $!; done ;;
  broker)
    voters=$(value 'controller\.quorum\.\(voters\|bootstrap\.servers\)')
    port=${voters##*:}
    sed -e 's/^process.roles=.*/process.roles=broker,controller/' \
      -e "s/^controller.quorum.voters=.*/controller.quorum.voters=$(value node.id)@localhost:$port/" \
      -e "s,^listeners=.*,&\\,CONTROLLER://localhost:$port," "$file" > "$file.both"
    file=$file.both ;;
esac
exec "$here/node_modules/.bin/node" "$here/src/cli/main.ts" server "$file"
