import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * One record after another with Java's producer, each awaited, for client-produce.ts:
 *
 *     java -cp ... SingleSends.java BOOTSTRAP TOPIC WARM-UP COUNT
 *
 * Prints the 50th and 99th percentile of the sends behind the warm-up, in milliseconds.
 */
public final class SingleSends {
    private static final int RECORD_BYTES = 100;

    public static void main(String[] args) throws Exception {
        int warmUp = Integer.parseInt(args[2]);
        int count = Integer.parseInt(args[3]);
        byte[] value = "x".repeat(RECORD_BYTES).getBytes(StandardCharsets.UTF_8);
        long[] nanos = new long[count];
        Map<String, Object> config = Map.of("bootstrap.servers", args[0], "acks", "all", "linger.ms", 0);
        try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = -warmUp; i < count; i++) {
                long start = System.nanoTime();
                producer.send(new ProducerRecord<>(args[1], value)).get();
                if (i >= 0) nanos[i] = System.nanoTime() - start;
            }
        }
        Arrays.sort(nanos);
        System.out.println(nanos[count / 2] / 1e6 + " " + nanos[(int) (count * 0.99)] / 1e6);
    }
}
