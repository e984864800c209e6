// The watch job in Apache Flink (DataStream, one process, one slot): for each key the mean of each minute, and an alert
// when three minutes running are above 50. The same events as src/watch/stream.rs.
//
// usage: java RulesJob EVENTS KEYS [CHECKPOINTS]
// With a folder, a checkpoint of everything is written there each second, and what the newest one holds is gone on from.
// Says "half" when half of the events are made, and at the end what it counted.
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

public class RulesJob {
  /** The first event that this process made; -1 before it. */
  static volatile long first = -1;
  /** Alerts, with those of the checkpoint that was gone on from. */
  static volatile long alerts = 0;

  static Tuple3<Long, Long, Double> event(long i, long keys) {
    long key = i % keys, second = i / keys, noise = ((i * 2654435761L) >>> 7) % 1000;
    double raised = (second / 60 + key) % 10 < 4 ? 30.0 : 0.0;
    return Tuple3.of(key, second * 1000, 20.0 + noise / 50.0 + raised);
  }

  public static class Mean implements AggregateFunction<Tuple3<Long, Long, Double>, Tuple2<Double, Long>, Double> {
    public Tuple2<Double, Long> createAccumulator() { return Tuple2.of(0.0, 0L); }
    public Tuple2<Double, Long> add(Tuple3<Long, Long, Double> event, Tuple2<Double, Long> sum) { sum.f0 += event.f2; sum.f1 += 1; return sum; }
    public Double getResult(Tuple2<Double, Long> sum) { return sum.f0 / sum.f1; }
    public Tuple2<Double, Long> merge(Tuple2<Double, Long> a, Tuple2<Double, Long> b) { return Tuple2.of(a.f0 + b.f0, a.f1 + b.f1); }
  }

  public static class WithKey extends ProcessWindowFunction<Double, Tuple2<Long, Double>, Long, TimeWindow> {
    public void process(Long key, Context context, Iterable<Double> means, Collector<Tuple2<Long, Double>> out) {
      for (Double mean : means) out.collect(Tuple2.of(key, mean));
    }
  }

  public static class ThreeRunning extends KeyedProcessFunction<Long, Tuple2<Long, Double>, Long> implements CheckpointedFunction {
    private transient ValueState<Integer> running;
    private transient ListState<Long> counted;
    private long count = 0;
    public void open(Configuration none) { running = getRuntimeContext().getState(new ValueStateDescriptor<>("running", Integer.class)); }
    public void processElement(Tuple2<Long, Double> mean, Context context, Collector<Long> out) throws Exception {
      Integer before = running.value();
      int now = mean.f1 > 50.0 ? (before == null ? 0 : before) + 1 : 0;
      if (now == 3) { count += 1; out.collect(mean.f0); }
      running.update(now);
    }
    public void snapshotState(FunctionSnapshotContext context) throws Exception { counted.update(java.util.List.of(count)); }
    public void initializeState(FunctionInitializationContext context) throws Exception {
      counted = context.getOperatorStateStore().getListState(new ListStateDescriptor<>("counted", Types.LONG));
      for (Long kept : counted.get()) count += kept;
    }
    public void close() { alerts = count; }
  }

  /** The newest checkpoint that is complete. */
  static Optional<Path> newest(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) return Optional.empty();
    try (Stream<Path> all = Files.walk(folder, 3)) {
      return all.filter(file -> file.endsWith("_metadata")).map(Path::getParent)
        .max(Comparator.comparingLong(checkpoint -> checkpoint.toFile().lastModified()));
    }
  }

  public static void main(String[] words) throws Exception {
    final long events = Long.parseLong(words[0]), keys = Long.parseLong(words[1]), half = events / 2;
    Configuration settings = new Configuration();
    if (words.length > 2) {
      Path folder = Path.of(words[2]).toAbsolutePath();
      settings.setString("state.backend.type", "hashmap");
      settings.setString("execution.checkpointing.interval", "1 s");
      settings.setString("execution.checkpointing.storage", "filesystem");
      settings.setString("execution.checkpointing.dir", folder.toUri().toString());
      settings.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
      newest(folder).ifPresent(checkpoint -> settings.setString("execution.state-recovery.path", checkpoint.toUri().toString()));
    }
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(settings);
    env.setParallelism(1);
    env.getConfig().enableObjectReuse();
    DataStream<Tuple3<Long, Long, Double>> stream = env.fromSequence(0, events - 1).map(i -> {
      if (first < 0) first = i;
      if (i == half) { System.out.println("half"); System.out.flush(); }
      return event(i, keys);
    }).returns(Types.TUPLE(Types.LONG, Types.LONG, Types.DOUBLE));
    stream.assignTimestampsAndWatermarks(WatermarkStrategy
        .<Tuple3<Long, Long, Double>>forMonotonousTimestamps().withTimestampAssigner((event, none) -> event.f1))
      .keyBy(event -> event.f0, Types.LONG).window(TumblingEventTimeWindows.of(Duration.ofSeconds(60)))
      .aggregate(new Mean(), new WithKey()).returns(Types.TUPLE(Types.LONG, Types.DOUBLE))
      .keyBy(mean -> mean.f0, Types.LONG).process(new ThreeRunning()).sinkTo(new DiscardingSink<>());
    env.execute("rules");
    System.out.println("result alerts=" + alerts + " first=" + first);
  }
}
