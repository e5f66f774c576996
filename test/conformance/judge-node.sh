#!/usr/bin/env bash
# Runs one node for ../shared/judges/kafka-clustertest, as its EXT_NODE_CMD (see judges.ts):
#
#   EXT_NODE_CMD="$PWD/test/conformance/judge-node.sh" ../shared/judges/kafka-clustertest/run.sh -c CLASS
#
# Formats the node's directories with the feature levels that the test asks for (FEATURES), as far as
# they are built. The judges start a controller and a broker as two processes. As long as a node is
# always both, the first only waits for its end here, and the second takes the first one's port and
# runs as both. For the same reason a cluster of more than one broker or controller is refused, in
# words that judges.ts knows.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
file=$1
value() { sed -n "s/^$1=//p" "$file" | sed 's/\\//g'; }
millrace() { "$here/node_modules/.bin/node" "$here/src/cli/main.ts" "$@"; }
refuse() { echo "judge-node: a cluster of several nodes is not built yet"; exit 1; }

roles=$(value process.roles)
voters=$(value 'controller\.quorum\.\(voters\|bootstrap\.servers\)')
case $voters in *,*) refuse ;; esac
case $roles in
  controller)
    trap 'exit 0' TERM
    while :; do sleep 1 & wait $!; done ;;
  broker)
    [ "$(value node.id)" = 0 ] || refuse
    port=${voters##*:}
    sed -e 's/^process.roles=.*/process.roles=broker,controller/' \
      -e "s/^controller.quorum.voters=.*/controller.quorum.voters=0@localhost:$port/" \
      -e "s,^listeners=.*,&\\,CONTROLLER://localhost:$port," "$file" > "$file.both"
    file=$file.both ;;
  *) [ "$(value node.id)" = 0 ] || refuse ;;
esac

directory=$(value metadata.log.dir)
if [ ! -e "$directory/meta.properties" ]; then
  options=()
  for feature in ${FEATURES//,/ }; do
    case $feature in metadata.version=* | eligible.leader.replicas.version=* | kraft.version=*)
      options+=(--feature "$feature") ;;
    esac
  done
  [ "$STANDALONE" = true ] && options+=(--standalone)
  millrace storage format --cluster-id "$CLUSTER_ID" --config "$file" "${options[@]}" >&2
fi
exec "$here/node_modules/.bin/node" "$here/src/cli/main.ts" server "$file"
