// Assigns partitions with the assignors of Kafka itself.
//   java -cp "<jars of Kafka 4.3.1>" GoldenAssignments.java < lines > lines
// Each line in is a JSON case, and the line out the answer to it:
//   {"assignor": name, "topics": {topic: [[rack, …] of each partition]},
//    "members": [{"id": …, "instance": … or null, "subscription": hex}]}
//     -> {"assignments": {id: hex}, "subscriptions": [hex as Kafka writes it again]} or {"error": …}
//   {"assignor": name, "last": {"partitions": [[topic, partition]], "generation": n} or null}
//     -> {"userData": hex or null}
// test/conformance/assignments.ts writes the one and reads the other.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

public class GoldenAssignments {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode input = JSON.readTree(line);
            ObjectNode answer = JSON.createObjectNode();
            try {
                if (input.has("last")) tellUserData(input, answer);
                else assign(input, answer);
            } catch (RuntimeException error) {
                answer.removeAll();
                answer.put("error", error.toString());
            }
            out.println(JSON.writeValueAsString(answer));
        }
        out.flush();
    }

    /** A new one for each case: the sticky ones remember. */
    private static ConsumerPartitionAssignor assignorOf(String name) {
        return switch (name) {
            case "range" -> new RangeAssignor();
            case "roundrobin" -> new RoundRobinAssignor();
            case "sticky" -> new StickyAssignor();
            case "cooperative-sticky" -> new CooperativeStickyAssignor();
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static void tellUserData(JsonNode input, ObjectNode answer) {
        ConsumerPartitionAssignor assignor = assignorOf(input.get("assignor").asText());
        JsonNode last = input.get("last");
        if (!last.isNull()) {
            List<TopicPartition> partitions = new ArrayList<>();
            last.get("partitions").forEach(p -> partitions.add(new TopicPartition(p.get(0).asText(), p.get(1).asInt())));
            var metadata = new ConsumerGroupMetadata("group", last.get("generation").asInt(), "member", Optional.empty());
            assignor.onAssignment(new Assignment(partitions), metadata);
        }
        ByteBuffer userData = assignor.subscriptionUserData(Set.of());
        answer.put("userData", userData == null ? null : hex(userData));
    }

    /** As ConsumerCoordinator does when it was elected. */
    private static void assign(JsonNode input, ObjectNode answer) {
        Map<String, Subscription> subscriptions = new HashMap<>();
        var again = answer.putArray("subscriptions");
        for (JsonNode member : input.get("members")) {
            byte[] bytes = HexFormat.of().parseHex(member.get("subscription").asText());
            Subscription subscription = ConsumerProtocol.deserializeSubscription(ByteBuffer.wrap(bytes));
            JsonNode instance = member.get("instance");
            subscription.setGroupInstanceId(instance.isNull() ? Optional.empty() : Optional.of(instance.asText()));
            subscriptions.put(member.get("id").asText(), subscription);
            short version = ByteBuffer.wrap(bytes).getShort();
            again.add(hex(ConsumerProtocol.serializeSubscription(subscription, version)));
        }
        var assignor = assignorOf(input.get("assignor").asText());
        var assignments = assignor.assign(clusterOf(input.get("topics")), new GroupSubscription(subscriptions)).groupAssignment();
        var byMember = answer.putObject("assignments");
        assignments.forEach((id, assignment) -> byMember.put(id, hex(ConsumerProtocol.serializeAssignment(assignment))));
    }

    /** One broker a rack, and one without. */
    private static Cluster clusterOf(JsonNode topics) {
        Map<String, Node> brokers = new LinkedHashMap<>();
        Node plain = new Node(0, "broker-0", 9092);
        brokers.put("", plain);
        List<PartitionInfo> partitions = new ArrayList<>();
        topics.properties().forEach(topic -> {
            int number = 0;
            for (JsonNode racks : topic.getValue()) {
                List<Node> replicas = new ArrayList<>();
                racks.forEach(rack -> replicas.add(brokers.computeIfAbsent(
                    rack.asText(), name -> new Node(brokers.size(), "broker-" + name, 9092, name))));
                if (replicas.isEmpty()) replicas.add(plain);
                Node[] nodes = replicas.toArray(new Node[0]);
                partitions.add(new PartitionInfo(topic.getKey(), number++, nodes[0], nodes, nodes));
            }
        });
        return new Cluster("cluster", brokers.values(), partitions, Set.of(), Set.of());
    }

    private static String hex(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
