import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs the main methods of Apache Kafka's command-line tools one after the other in one JVM, since a JVM's start costs
 * more than most of the commands. One JSON request a line on standard input: {"main": class, "args": [...],
 * "input": text}; one JSON answer a line on standard output: {"status": exit status, "output": text}, where the output
 * has both the standard and the error stream of the tool, in the order in which it wrote; "printed" and "errors" have one alone.
 *
 * Invariant: a tool sees what it would see in a JVM of its own: its exit ends it, and its shutdown hooks run then. A
 * tool that catches what ends it may write on; nothing of that is in the answer.
 */
public final class ToolRunner {
    /** Ends the tool where it asked for the exit of the JVM. */
    private static final class ToolExit extends Error {
        ToolExit(int status) {
            super("exit " + status, null, false, false);
        }
    }

    private static final int STILL_RUNNING = Integer.MIN_VALUE;

    private final AtomicInteger status = new AtomicInteger();
    private final List<Runnable> shutdownHooks = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        PrintStream answers = System.out;
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        ToolRunner runner = new ToolRunner();
        Exit.setExitProcedure(runner::exit);
        Exit.setHaltProcedure(runner::exit);
        Exit.setShutdownHookAdder((name, hook) -> runner.shutdownHooks.add(hook));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            JsonNode request = json.readTree(line);
            ByteArrayOutputStream output = new ByteArrayOutputStream();
            ByteArrayOutputStream printed = new ByteArrayOutputStream();
            ByteArrayOutputStream errors = new ByteArrayOutputStream();
            int exitStatus = runner.run(request, output, printed, errors);
            ObjectNode answer = json.createObjectNode();
            answer.put("status", exitStatus);
            answer.put("output", output.toString("UTF-8"));
            answer.put("printed", printed.toString("UTF-8"));
            answer.put("errors", errors.toString("UTF-8"));
            answers.println(json.writeValueAsString(answer));
            answers.flush();
        }
        Runtime.getRuntime().halt(0); // threads that a tool left behind do not keep the JVM
    }

    /** The first exit counts: a tool may catch what ends it and ask again. */
    private void exit(int exitStatus, String message) {
        if (status.compareAndSet(STILL_RUNNING, exitStatus)) {
            System.out.flush();
            PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
            System.setOut(nowhere);
            System.setErr(nowhere);
        }
        throw new ToolExit(exitStatus);
    }

    /** Writes to both. */
    private static final class Tee extends OutputStream {
        private final OutputStream first;
        private final OutputStream second;

        Tee(OutputStream first, OutputStream second) {
            this.first = first;
            this.second = second;
        }

        @Override
        public void write(int octet) throws IOException {
            first.write(octet);
            second.write(octet);
        }

        @Override
        public void write(byte[] octets, int from, int length) throws IOException {
            first.write(octets, from, length);
            second.write(octets, from, length);
        }
    }

    private int run(JsonNode request, OutputStream output, OutputStream printed, OutputStream errors) throws Exception {
        List<String> args = new ArrayList<>();
        request.get("args").forEach(arg -> args.add(arg.asText()));
        PrintStream captured = new PrintStream(new Tee(output, printed), true, "UTF-8");
        PrintStream capturedErrors = new PrintStream(new Tee(output, errors), true, "UTF-8");
        PrintStream standardError = System.err;
        status.set(STILL_RUNNING);
        shutdownHooks.clear();
        System.setOut(captured);
        System.setErr(capturedErrors);
        System.setIn(new ByteArrayInputStream(request.get("input").asText().getBytes("UTF-8")));
        try {
            Class.forName(request.get("main").asText()).getMethod("main", String[].class)
                .invoke(null, (Object) args.toArray(new String[0]));
        } catch (InvocationTargetException failed) {
            if (!(failed.getCause() instanceof ToolExit)) {
                failed.getCause().printStackTrace(capturedErrors);
                status.compareAndSet(STILL_RUNNING, 1);
            }
        } finally {
            new ArrayList<>(shutdownHooks).forEach(Runnable::run);
            captured.flush();
            System.setErr(standardError);
            System.setOut(standardError);
        }
        status.compareAndSet(STILL_RUNNING, 0);
        return status.get();
    }
}
