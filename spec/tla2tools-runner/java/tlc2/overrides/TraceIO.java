package tlc2.overrides;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tlc2.util.FP64;
import tlc2.value.impl.BoolValue;
import tlc2.value.impl.IntValue;
import tlc2.value.impl.StringValue;
import tlc2.value.impl.TupleValue;
import tlc2.value.impl.Value;

/** The bodies of TraceIO.tla. Results leave by a file (edges) or by marked lines on standard output at the JVM's end. */
public final class TraceIO {
  private TraceIO() {}

  @TLAPlusOperator(identifier = "Env", module = "TraceIO")
  public static Value env(StringValue name, Value absent) {
    String value = System.getenv(name.val.toString());
    return value == null ? absent : new StringValue(value);
  }

  /** What was read: TLC evaluates the definition of a constant again for each constant that is made of it. */
  private static final Map<String, Value> LOADED = new HashMap<>();

  @TLAPlusOperator(identifier = "NdJsonLoad", module = "TraceIO")
  public static synchronized Value ndJsonLoad(StringValue path) throws IOException {
    String file = path.val.toString();
    Value loaded = LOADED.get(file);
    if (loaded == null) {
      loaded = load(file);
      LOADED.put(file, loaded);
    }
    return loaded;
  }

  private static Value load(String file) throws IOException {
    List<Value> values = new ArrayList<>();
    try (Reader in = open(file)) {
      Json json = new Json(in);
      try {
        for (Value value = json.next(); value != null; value = json.next()) values.add(value);
      } catch (IllegalArgumentException bad) {
        throw problem(file + ":" + json.line() + ": " + bad.getMessage());
      }
    }
    Value all = new TupleValue(values.toArray(new Value[0]));
    // Once, before several workers read it.
    all.deepNormalize();
    return all;
  }

  private static Reader open(String file) throws IOException {
    try {
      return new InputStreamReader(file.equals("-") ? System.in : Files.newInputStream(Paths.get(file)), StandardCharsets.UTF_8);
    } catch (IOException bad) {
      throw problem(file + " cannot be read: " + bad);
    }
  }

  /** TLC drops the message of an exception, so it is said on a line of its own first. */
  private static IOException problem(String message) {
    System.out.println("\n@PROBLEM " + message);
    return new IOException(message);
  }

  @TLAPlusOperator(identifier = "Canonical", module = "TraceIO")
  public static Value canonical(Value value) {
    return new StringValue(Canonical.text(value));
  }

  // ---------------------------------------------------------------- traces

  /** What is known of one trace: how far it got, and the differences seen at the first line that did not match. */
  private static final class Progress {
    int matched;
    int length;
    int differenceLine = -1;
    final TreeMap<String, String> differences = new TreeMap<>();
  }

  private static final TreeMap<Integer, Progress> PROGRESS = new TreeMap<>();

  private static Progress progressOf(int trace) {
    if (PROGRESS.isEmpty()) Runtime.getRuntime().addShutdownHook(new Thread(TraceIO::printProgress));
    return PROGRESS.computeIfAbsent(trace, key -> new Progress());
  }

  private static void printProgress() {
    synchronized (TraceIO.class) {
      PROGRESS.forEach((trace, progress) -> {
        StringBuilder line = new StringBuilder("\n@TRACE {\"trace\":" + trace + ",\"matched\":" + progress.matched);
        line.append(",\"length\":").append(progress.length);
        // Differences of lines that another branch of the search passed are of no interest.
        boolean useful = progress.matched < progress.length && progress.differenceLine == progress.matched + 1;
        line.append(",\"differences\":[").append(useful ? String.join(",", progress.differences.values()) : "").append("]}");
        System.out.println(line);
      });
      System.out.flush();
    }
  }

  @TLAPlusOperator(identifier = "Matched", module = "TraceIO")
  public static synchronized Value matched(IntValue trace, IntValue lines, IntValue length) {
    Progress progress = progressOf(trace.val);
    progress.matched = Math.max(progress.matched, lines.val);
    progress.length = length.val;
    return BoolValue.ValTrue;
  }

  @TLAPlusOperator(identifier = "Same", module = "TraceIO")
  public static Value same(IntValue trace, IntValue line, StringValue what, Value expected, Value actual) {
    if (Canonical.same(expected, actual)) return BoolValue.ValTrue;
    String expectedText = Canonical.text(expected);
    String actualText = Canonical.text(actual);
    synchronized (TraceIO.class) {
      Progress progress = progressOf(trace.val);
      if (line.val < progress.differenceLine) return BoolValue.ValFalse;
      if (line.val > progress.differenceLine) progress.differences.clear();
      progress.differenceLine = line.val;
      StringBuilder text = new StringBuilder("{\"what\":");
      Canonical.quote(what.val.toString(), text);
      text.append(",\"expected\":").append(expectedText).append(",\"actual\":").append(actualText).append('}');
      // One spec action may be tried in many ways; the first difference of each kind is what a person can read.
      progress.differences.putIfAbsent(what.val.toString(), text.toString());
    }
    return BoolValue.ValFalse;
  }

  // ----------------------------------------------------------------- edges

  private static BufferedWriter edges;
  private static final Set<Long> STATES = new HashSet<>();

  private static BufferedWriter edgeWriter() throws IOException {
    if (edges != null) return edges;
    String file = System.getenv("TLA_EDGES");
    if (file == null) throw problem("EmitEdge needs the environment variable TLA_EDGES, the file to write to");
    edges = Files.newBufferedWriter(Paths.get(file), StandardCharsets.UTF_8);
    Runtime.getRuntime().addShutdownHook(new Thread(TraceIO::closeEdges));
    return edges;
  }

  private static void closeEdges() {
    synchronized (TraceIO.class) {
      try {
        edges.close();
      } catch (IOException bad) {
        throw new UncheckedIOException(bad);
      }
    }
  }

  /** Writes the text of each state once, before the first edge that names it. */
  @TLAPlusOperator(identifier = "EmitEdge", module = "TraceIO")
  public static synchronized Value emitEdge(Value from, Value action, Value to) throws IOException {
    BufferedWriter out = edgeWriter();
    String source = emitState(from, out);
    String target = emitState(to, out);
    out.write("{\"from\":\"" + source + "\",\"to\":\"" + target + "\",\"action\":" + Canonical.text(action) + "}\n");
    return BoolValue.ValTrue;
  }

  private static String emitState(Value state, BufferedWriter out) throws IOException {
    long fingerprint = state.fingerPrint(FP64.New());
    String name = Long.toHexString(fingerprint);
    if (STATES.add(fingerprint)) out.write("{\"id\":\"" + name + "\",\"state\":" + Canonical.text(state) + "}\n");
    return name;
  }
}
