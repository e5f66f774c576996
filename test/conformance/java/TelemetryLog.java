import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.server.telemetry.ClientTelemetryContext;
import org.apache.kafka.server.telemetry.ClientTelemetryExporter;
import org.apache.kafka.server.telemetry.ClientTelemetryExporterProvider;
import org.apache.kafka.server.telemetry.ClientTelemetryPayload;
import org.apache.kafka.shaded.io.opentelemetry.proto.common.v1.KeyValue;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.Metric;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.MetricsData;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.ScopeMetrics;

/**
 * A receiver of clients' metrics for a broker (KIP-714) that writes what it gets as lines of tab
 * separated text to the file that the setting telemetry.log.file names. One push is a line that
 * begins with PUSH, followed by one for each of its metrics.
 */
public class TelemetryLog
    implements MetricsReporter, ClientTelemetryExporterProvider, ClientTelemetryExporter {
  private volatile Path file;

  @Override
  public void configure(Map<String, ?> settings) {
    Object name = settings.get("telemetry.log.file");
    if (name != null) file = Path.of(name.toString());
  }

  @Override
  public ClientTelemetryExporter clientTelemetryExporter() {
    return this;
  }

  @Override
  public synchronized void exportMetrics(
      ClientTelemetryContext context, ClientTelemetryPayload payload) {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.join(
            "\t",
            "PUSH",
            payload.clientInstanceId().toString(),
            String.valueOf(payload.isTerminating()),
            String.valueOf(context.pushIntervalMs())));
    try {
      for (ResourceMetrics resource :
          MetricsData.parseFrom(payload.data()).getResourceMetricsList()) {
        String labels = attributes(resource.getResource().getAttributesList());
        for (ScopeMetrics scope : resource.getScopeMetricsList()) {
          for (Metric metric : scope.getMetricsList()) lines.add(line(labels, scope, metric));
        }
      }
      Files.write(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException problem) {
      throw new IllegalStateException(problem);
    }
  }

  private static String line(String labels, ScopeMetrics scope, Metric metric) {
    boolean isSum = metric.hasSum();
    NumberDataPoint point =
        isSum ? metric.getSum().getDataPoints(0) : metric.getGauge().getDataPoints(0);
    String kind =
        isSum
            ? metric.getSum().getAggregationTemporality() + " " + metric.getSum().getIsMonotonic()
            : "GAUGE";
    return String.join(
        "\t",
        metric.getName(),
        attributes(point.getAttributesList()),
        labels,
        kind,
        String.valueOf(point.getAsDouble()),
        String.valueOf(point.getStartTimeUnixNano()),
        String.valueOf(point.getTimeUnixNano()),
        scope.getScope().getName());
  }

  private static String attributes(List<KeyValue> all) {
    List<String> texts = new ArrayList<>();
    for (KeyValue each : all) texts.add(each.getKey() + "=" + each.getValue().getStringValue());
    return String.join(",", texts);
  }

  @Override
  public void init(List<KafkaMetric> metrics) {}

  @Override
  public void metricChange(KafkaMetric metric) {}

  @Override
  public void metricRemoval(KafkaMetric metric) {}

  @Override
  public void close() {}
}
