// Prints record batches as Apache Kafka's own client library writes them, or reads ours with it.
//   java -cp "<jars of kafka-clients 4.3.1>" GoldenBatches.java            > record-batches.txt
//   java -cp "<jars of kafka-clients 4.3.1>" GoldenBatches.java read FILE  (lines: name hex)
// The records are those of src/records/golden.test.ts.
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.KRaftVersionRecord;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.message.SnapshotFooterRecord;
import org.apache.kafka.common.message.SnapshotHeaderRecord;
import org.apache.kafka.common.message.VotersRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

public class GoldenBatches {
    static final long BASE_MS = 1_700_000_000_000L;

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static void print(String name, MemoryRecords records) {
        ByteBuffer buffer = records.buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        System.out.println(name + " " + HexFormat.of().formatHex(bytes));
    }

    static void fill(MemoryRecordsBuilder builder, int count) {
        for (int i = 0; i < count; i++) {
            long timestamp = i == 5 ? BASE_MS + 40_000_000_000L : BASE_MS + i * 17L - (i % 7) * 1000L;
            byte[] key = i % 3 == 0 ? null : utf8("key-" + i);
            byte[] value = i % 4 == 3 ? null : utf8(("value-" + i + "-").repeat(i % 5));
            Header[] headers = i % 2 == 0 ? Record.EMPTY_HEADERS : new Header[] {
                new RecordHeader("h" + i, utf8("v")), new RecordHeader("nul", (byte[]) null),
                new RecordHeader("\u00e9\u20ac", new byte[0])
            };
            builder.append(timestamp, key, value, headers);
        }
    }

    static void batch(String name, Compression compression, TimestampType type, int count) {
        MemoryRecordsBuilder builder = new MemoryRecordsBuilder(new ByteBufferOutputStream(1024),
            RecordBatch.MAGIC_VALUE_V2, compression, type, 1_000_000_000_000L,
            type == TimestampType.LOG_APPEND_TIME ? BASE_MS + 99 : RecordBatch.NO_TIMESTAMP,
            RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE,
            false, false, 7, Integer.MAX_VALUE);
        fill(builder, count);
        print(name, builder.build());
    }

    static void write() {
        for (CompressionType type : CompressionType.values()) {
            Compression compression = Compression.of(type).build();
            batch(type.name + "/create", compression, TimestampType.CREATE_TIME, 10);
            batch(type.name + "/append", compression, TimestampType.LOG_APPEND_TIME, 10);
            if (type != CompressionType.NONE) {
                batch(type.name + "/large", compression, TimestampType.CREATE_TIME, 2000);
            }
        }
        MemoryRecordsBuilder transactional = new MemoryRecordsBuilder(new ByteBufferOutputStream(1024),
            RecordBatch.MAGIC_VALUE_V2, Compression.NONE, TimestampType.CREATE_TIME, 5L, -1L, 4321L,
            (short) 12, Integer.MAX_VALUE - 3, true, false, 3, Integer.MAX_VALUE);
        fill(transactional, 10);
        print("none/transactional", transactional.build());
        MemoryRecordsBuilder compacted = new MemoryRecordsBuilder(new ByteBufferOutputStream(1024),
            RecordBatch.MAGIC_VALUE_V2, Compression.NONE, TimestampType.CREATE_TIME, 100L, -1L, 4321L,
            (short) 12, 50, false, false, 3, Integer.MAX_VALUE, BASE_MS + 86_400_000L);
        compacted.appendWithOffset(103L, BASE_MS + 5, utf8("tombstone"), (byte[]) null);
        compacted.overrideLastOffset(109L);
        print("none/delete-horizon", compacted.build());
        control();
    }

    static void control() {
        print("control/commit", MemoryRecords.withEndTransactionMarker(20L, BASE_MS, 4, 4321L, (short) 12,
            new EndTransactionMarker(ControlRecordType.COMMIT, 6)));
        print("control/abort", MemoryRecords.withEndTransactionMarker(20L, BASE_MS, 4, 4321L, (short) 12,
            new EndTransactionMarker(ControlRecordType.ABORT, 6)));
        print("control/leader-change", MemoryRecords.withLeaderChangeMessage(30L, BASE_MS, 5,
            ByteBuffer.allocate(256), new LeaderChangeMessage().setLeaderId(1)
                .setVoters(List.of(
                    new LeaderChangeMessage.Voter().setVoterId(1), new LeaderChangeMessage.Voter().setVoterId(2)))
                .setGrantingVoters(List.of(
                    new LeaderChangeMessage.Voter().setVoterId(1)))));
        print("control/snapshot-header", MemoryRecords.withSnapshotHeaderRecord(0L, BASE_MS, 5,
            ByteBuffer.allocate(256),
            new SnapshotHeaderRecord().setVersion((short) 0).setLastContainedLogTimestamp(BASE_MS - 1)));
        print("control/snapshot-footer", MemoryRecords.withSnapshotFooterRecord(8L, BASE_MS, 5,
            ByteBuffer.allocate(256), new SnapshotFooterRecord().setVersion((short) 0)));
        print("control/kraft-version", MemoryRecords.withKRaftVersionRecord(1L, BASE_MS, 5,
            ByteBuffer.allocate(256),
            new KRaftVersionRecord().setVersion((short) 0).setKRaftVersion((short) 1)));
        VotersRecord.EndpointCollection endpoints = new VotersRecord.EndpointCollection();
        endpoints.add(new VotersRecord.Endpoint().setName("CONTROLLER").setHost("localhost").setPort(9093));
        print("control/voters", MemoryRecords.withVotersRecord(2L, BASE_MS, 5, ByteBuffer.allocate(256),
            new VotersRecord().setVersion((short) 0).setVoters(List.of(
                new VotersRecord.Voter().setVoterId(1).setVoterDirectoryId(Uuid.ONE_UUID)
                    .setEndpoints(endpoints).setKRaftVersionFeature(
                        new VotersRecord.KRaftVersionFeature().setMinSupportedVersion((short) 0)
                            .setMaxSupportedVersion((short) 1))))));
    }

    static String hex(ByteBuffer buffer) {
        if (buffer == null) return "null";
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    static void read(String line) {
        String[] parts = line.split(" ");
        ByteBuffer buffer = ByteBuffer.wrap(HexFormat.of().parseHex(parts[1]));
        for (RecordBatch batch : MemoryRecords.readableRecords(buffer).batches()) {
            batch.ensureValid();
            System.out.println(String.join(" ", parts[0], "" + batch.baseOffset(), "" + batch.lastOffset(),
                "" + batch.partitionLeaderEpoch(), batch.compressionType().name, batch.timestampType().name,
                "" + batch.maxTimestamp(), "" + batch.producerId(), "" + batch.producerEpoch(),
                "" + batch.baseSequence(), "" + batch.lastSequence(), "" + batch.isTransactional(),
                "" + batch.isControlBatch(), "" + batch.deleteHorizonMs().orElse(-1L), "" + batch.countOrNull()));
            for (Record record : batch) {
                List<String> headers = new ArrayList<>();
                for (Header header : record.headers())
                    headers.add(hex(ByteBuffer.wrap(utf8(header.key()))) + "="
                        + (header.value() == null ? "null" : hex(ByteBuffer.wrap(header.value()))));
                System.out.println("  " + record.offset() + " " + record.timestamp() + " " + hex(record.key())
                    + " " + hex(record.value()) + " " + String.join(",", headers));
            }
        }
    }

    public static void main(String[] args) throws Exception {
        if (args.length > 0) {
            for (String line : Files.readAllLines(Path.of(args[1]))) if (!line.startsWith("#")) read(line);
        } else {
            write();
        }
    }
}
