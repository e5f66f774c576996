// Writes, through a broker of Apache Kafka 4.3.1, the partition that log-directory.txt holds: stop the
// broker afterwards, and print name and hex content of each file of golden-0 in its log directory.
//   java -cp "<jars of kafka-clients 4.3.1>" GoldenLog.java localhost:9092
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.producer.*;
public class GoldenLog {
  public static void main(String[] a) throws Exception {
    Map<String,Object> c = new HashMap<>();
    c.put("bootstrap.servers", a[0]);
    try (Admin admin = Admin.create(c)) {
      Map<String,String> cfg = new HashMap<>();
      cfg.put("internal.segment.bytes", "1200"); cfg.put("index.interval.bytes", "200"); cfg.put("file.delete.delay.ms", "0");
      try { admin.createTopics(List.of(new NewTopic("golden", 1, (short)1).configs(cfg))).all().get(); } catch (Exception e) { System.out.println(e); return; }
    }
    c.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    c.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    Map<String,Object> ip = new HashMap<>(c); ip.put("linger.ms", "0");
    try (KafkaProducer<String,String> p = new KafkaProducer<>(ip)) {
      for (int i = 0; i < 12; i++) p.send(new ProducerRecord<>("golden", 0, 1700000000000L + (i % 5) * 1000 + i, "k" + i, "value " + i)).get();
    }
    Map<String,Object> tp = new HashMap<>(c); tp.put("transactional.id", "golden"); tp.put("compression.type", "zstd");
    try (KafkaProducer<String,String> p = new KafkaProducer<>(tp)) {
      p.initTransactions();
      for (int t = 0; t < 5; t++) {
        p.beginTransaction();
        for (int i = 0; i < 3; i++) p.send(new ProducerRecord<>("golden", 0, 1700000100000L + t * 10 + i, "t" + t, "transaction " + t + " record " + i));
        p.flush();
        if (t % 2 == 0) p.abortTransaction(); else p.commitTransaction();
      }
    }
  }
}
