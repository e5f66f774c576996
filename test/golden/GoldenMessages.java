// Encodes messages of Kafka's protocol with the classes of Kafka itself.
//   java -cp "<jars of Kafka 4.3.1>" GoldenMessages.java < lines > lines
// Each line in is "name version json", in the JSON form of Kafka's JsonConverter classes; the line out is the same
// with the bytes in hex behind it. test/conformance/message-bytes.ts writes the one and reads the other.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

public class GoldenMessages {
    private static final List<String> PACKAGES = List.of(
        "org.apache.kafka.common.message",
        "org.apache.kafka.common.metadata",
        "org.apache.kafka.coordinator.group.generated",
        "org.apache.kafka.coordinator.share.generated",
        "org.apache.kafka.coordinator.transaction.generated",
        "org.apache.kafka.raft.generated",
        "org.apache.kafka.server.log.remote.metadata.storage.generated");

    public static void main(String[] arguments) throws Exception {
        var mapper = new ObjectMapper();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split(" ", 3);
            short version = Short.parseShort(parts[1]);
            out.println(line + " " + encode(parts[0], version, mapper.readTree(parts[2])));
        }
        out.flush();
    }

    private static String encode(String name, short version, JsonNode json) {
        try {
            var converter = converterOf(name).getMethod("read", JsonNode.class, short.class);
            var message = (Message) converter.invoke(null, json, version);
            ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return HexFormat.of().formatHex(bytes);
        } catch (Exception error) {
            Throwable cause = error.getCause() == null ? error : error.getCause();
            return ("ERROR-" + cause).replaceAll("\\s+", "_");
        }
    }

    private static Class<?> converterOf(String name) throws ClassNotFoundException {
        boolean isData = name.matches(".*(Request|Response|Header)");
        for (String folder : PACKAGES) {
            try {
                return Class.forName(folder + "." + name + (isData ? "Data" : "") + "JsonConverter");
            } catch (ClassNotFoundException next) {
                // In another package, then.
            }
        }
        throw new ClassNotFoundException(name);
    }
}
