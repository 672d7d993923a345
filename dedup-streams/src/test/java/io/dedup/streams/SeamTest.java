// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Action;
import io.dedup.Coordinates;
import io.dedup.DedupHeaders;
import io.dedup.DedupPolicy;
import io.dedup.Partitioning;
import io.dedup.Verdict;
import io.dedup.Waiting;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.operator.Children;
import io.dedup.streams.internal.operator.DedupProcessor;
import io.dedup.streams.internal.store.LoggedStore;
import io.dedup.streams.store.SmallTables;
import io.dedup.streams.store.StoreEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds the operator against a model that never forgets, over random sequences in which everything changes that can: the TTL, the
 * lateness, the time ahead and the engine at a restart; the local state that is lost, and the beginning of the changelog; crashes, after
 * which records are read again; offsets that are reset, and topics that are re-created; source partitions that are read at different
 * speeds.
 *
 * <p>With {@code -Dseam.seeds=1000} a thousand of them, and with {@code -Dseam.first=774 -Dseam.seeds=1} one.
 */
class SeamTest {
    private static final int SEEDS = Integer.getInteger("seam.seeds", 8);
    private static final int FIRST_SEED = Integer.getInteger("seam.first", 1);
    private static final int STEPS = 1_500;
    private static final long BASE_TTL = 600_000;

    @TempDir
    Path directory;

    static IntStream seeds() {
        return IntStream.range(FIRST_SEED, FIRST_SEED + SEEDS);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void decide_anythingChanges_agreesWithTheModel(int seed) throws IOException {
        Run run = new Run(seed, directory);
        run.go();
        assertThat(run.verdicts).as("of seed %d", seed).containsKeys("first", "duplicate");
    }

    /** What the sequences are about has to be in them. */
    @Test
    void seeds_together_haveEveryVerdictAndEveryEvent() throws IOException {
        Map<String, Integer> verdicts = new TreeMap<>();
        Map<String, Integer> events = new TreeMap<>();
        for (int seed = 1; seed <= 8; seed++) {
            Run run = new Run(seed, directory.resolve("seed-" + seed));
            run.go();
            run.verdicts.forEach((verdict, count) -> verdicts.merge(verdict, count, Integer::sum));
            run.events.forEach((event, count) -> events.merge(event, count, Integer::sum));
        }
        assertThat(verdicts).containsOnlyKeys("first", "duplicate", "late", "future", "again");
        assertThat(verdicts.values()).allMatch(count -> count > 20);
        assertThat(events)
                .containsOnlyKeys(
                        "commit", "crash", "restart", "lost state", "deleted", "reset", "re-created", "settings");
    }

    /** A record of the input. */
    private record Sent(Coordinates at, String key, long time) {}

    /**
     * What was let through.
     *
     * @param ttl with which it is remembered
     * @param commit the number of the commit that it belongs to
     * @param inDoubt whether it may be forgotten: it was not committed before a crash under at-least-once, and is read again
     * @param unknown whether it was committed, and the store has not heard of it
     */
    private record First(
            Coordinates at, String key, long time, long ttl, int commit, boolean inDoubt, boolean unknown) {
        boolean covers(String other, long at, long otherTtl) {
            return key.equals(other) && (at >= time ? at - time <= ttl : time - at <= otherTtl);
        }

        First doubted() {
            return new First(at, key, time, ttl, commit, true, unknown);
        }

        First unknownToTheStore() {
            return new First(at, key, time, ttl, commit, inDoubt, true);
        }
    }

    /** What the model knows, which goes back to what was committed where the store does. */
    private static final class Known {
        private final List<First> firsts = new ArrayList<>();
        private final Map<Integer, Long> times = new HashMap<>();
        /** What the store may know too, of records that are read again under at-least-once. */
        private final Map<Integer, Long> latestTimes = new HashMap<>();
        /** Of records from this time on nothing may be called late but by the time of their own partition. */
        private long exactFrom = Long.MIN_VALUE;

        Known copy() {
            Known copy = new Known();
            copy.firsts.addAll(firsts);
            copy.times.putAll(times);
            copy.latestTimes.putAll(latestTimes);
            copy.exactFrom = exactFrom;
            return copy;
        }
    }

    /** One sequence. */
    private static final class Run {
        private static final long IDLE = Duration.ofHours(1).toMillis();

        private final int seed;
        private final Random random;
        private final Path directory;
        private final boolean exactlyOnce;
        private final int partitions;
        private final LoggedStore.Changelog changelog = new LoggedStore.Changelog();
        private final Map<String, Integer> verdicts = new TreeMap<>();
        private final Map<String, Integer> events = new TreeMap<>();

        private final List<Sent> input = new ArrayList<>();
        private final long[] clocks;
        private final long[] offsets;
        private final Map<Integer, Long> heardAt = new HashMap<>();
        private int position;
        private int committedPosition;
        private int commits;
        /** The last commit that the changelog is known to tell of. */
        private int loggedCommit;
        /** How many commits there were when the store was opened last. */
        private int openedAt;

        private int reopened;

        private Known known = new Known();
        private Known committed = new Known();

        private long clock = NOW.toEpochMilli();
        private long ttl = BASE_TTL;
        private long lateness = BASE_TTL;
        private long ahead = BASE_TTL;
        private boolean inMemory;
        private MockProcessorContext<String, String> context;
        private LoggedStore store;
        private Processor<String, String, String, String> operator;

        Run(int seed, Path directory) {
            this.seed = seed;
            this.random = new Random(seed);
            this.directory = directory;
            this.exactlyOnce = random.nextInt(3) > 0;
            this.partitions = 1 + random.nextInt(3);
            this.clocks = new long[partitions];
            this.offsets = new long[partitions];
            this.inMemory = random.nextBoolean();
            for (int i = 0; i < partitions; i++) {
                clocks[i] = clock - 50 * BASE_TTL - random.nextLong(3 * BASE_TTL);
            }
            open();
        }

        private boolean oneIn(int times) {
            return random.nextInt(times) == 0;
        }

        private void note(String event) {
            events.merge(event, 1, Integer::sum);
        }

        void go() throws IOException {
            for (int i = 0; i < STEPS; i++) {
                clock += random.nextInt(60_000);
                send();
                if (position < input.size() && !oneIn(10)) {
                    decide(input.get(position++));
                }
                if (oneIn(12)) {
                    commit();
                }
                if (oneIn(120)) {
                    crash();
                } else if (oneIn(80)) {
                    restart();
                }
            }
            close();
        }

        private void send() {
            int partition = random.nextInt(partitions);
            // One of them is slower than the others.
            clocks[partition] += random.nextLong(partition == 0 ? BASE_TTL / 20 : BASE_TTL / 10);
            if (oneIn(60)) {
                clocks[partition] += random.nextLong(3 * BASE_TTL);
            }
            if (oneIn(400)) {
                // Caught up.
                clocks[partition] = Math.max(clocks[partition], clock - random.nextLong(BASE_TTL));
            }
            long time = clocks[partition] - (oneIn(3) ? random.nextLong(3 * BASE_TTL) : 0);
            if (oneIn(40)) {
                time = clock + random.nextLong(2 * ahead + 1);
            }
            String key = "key-" + random.nextInt(25);
            input.add(new Sent(new Coordinates("in", partition, offsets[partition]++), key, time));
        }

        private void decide(Sent sent) {
            // Given
            Set<String> expected = expected(sent);
            List<First> atTheSamePlace = known.firsts.stream()
                    .filter(first -> first.at().equals(sent.at()) && first.covers(sent.key(), sent.time(), ttl))
                    .toList();
            // When
            String verdict = process(sent);
            // Then
            assertThat(expected)
                    .as(
                            "seed %d, %s, %d partitions, ttl %d, lateness %d, ahead %d, at %d: %s, exact from %d, commit %d, logged %d,"
                                    + " covering %s",
                            seed,
                            exactlyOnce ? "exactly once" : "at least once",
                            partitions,
                            ttl,
                            lateness,
                            ahead,
                            clock,
                            sent,
                            known.exactFrom,
                            commits,
                            loggedCommit,
                            known.firsts.stream()
                                    .filter(first -> first.covers(sent.key(), sent.time(), ttl))
                                    .toList())
                    .contains(verdict);
            if (!verdict.equals("future")) {
                advance(sent);
            }
            if (verdict.equals("first")) {
                verdicts.merge(atTheSamePlace.isEmpty() ? "first" : "again", 1, Integer::sum);
                // What was in doubt elsewhere is there no more; what stands here is this one, or is of another time and
                // stays.
                known.firsts.removeIf(first ->
                        first.inDoubt() && !first.at().equals(sent.at()) && first.covers(sent.key(), sent.time(), ttl));
                // With which TTL it is remembered depends on whether it was: at least with the shortest.
                TreeSet<Long> ttls = new TreeSet<>(Set.of(ttl));
                for (First first : atTheSamePlace) {
                    if (first.time() == sent.time()) {
                        ttls.add(first.ttl());
                        known.firsts.remove(first);
                    }
                }
                for (long own : ttls) {
                    boolean isSure = own == ttls.first();
                    known.firsts.add(new First(sent.at(), sent.key(), sent.time(), own, commits + 1, !isSure, false));
                }
            } else {
                verdicts.merge(verdict, 1, Integer::sum);
            }
        }

        private void advance(Sent sent) {
            int partition = sent.at().partition();
            heardAt.put(partition, clock);
            known.times.merge(partition, Math.min(sent.time(), clock), Math::max);
            known.latestTimes.merge(partition, Math.min(sent.time(), clock), Math::max);
            long slowest = known.latestTimes.entrySet().stream()
                    .filter(entry -> clock - heardAt.getOrDefault(entry.getKey(), 0L) < IDLE)
                    .mapToLong(Map.Entry::getValue)
                    .min()
                    .orElse(Long.MIN_VALUE);
            known.exactFrom = Math.max(known.exactFrom, slowest - lateness);
        }

        private Set<String> expected(Sent sent) {
            if (sent.time() - clock > ahead) {
                return Set.of("future");
            }
            long own = known.times.getOrDefault(sent.at().partition(), Long.MIN_VALUE / 2);
            long latest = known.latestTimes.getOrDefault(sent.at().partition(), Long.MIN_VALUE / 2);
            boolean isLate = own - sent.time() > lateness;
            boolean isExact = latest - sent.time() <= lateness && sent.time() >= known.exactFrom;
            List<First> covering = known.firsts.stream()
                    .filter(first -> first.covers(sent.key(), sent.time(), ttl))
                    .toList();
            List<First> others = covering.stream()
                    .filter(first -> !first.at().equals(sent.at()))
                    .toList();
            boolean isSureDuplicate = others.stream().anyMatch(first -> !first.inDoubt());
            if (isSureDuplicate) {
                // At its own place it may be found first, and be let through again.
                boolean mayBeAgain = covering.size() > others.size() && !exactlyOnce;
                return mayBeAgain ? Set.of("first", "duplicate", "late") : duplicate(isExact);
            } else if (covering.size() > others.size()) {
                return again(
                        covering.stream()
                                .filter(first -> first.at().equals(sent.at()))
                                .toList(),
                        isExact);
            } else if (!others.isEmpty()) {
                return isExact ? Set.of("first", "duplicate") : Set.of("first", "duplicate", "late");
            } else if (isLate) {
                return Set.of("late");
            }
            return isExact ? Set.of("first") : Set.of("first", "late");
        }

        private static Set<String> duplicate(boolean isExact) {
            return isExact ? Set.of("duplicate") : Set.of("duplicate", "late");
        }

        /** Of a record at the coordinates of a first: that one, read again after a failure, or not. */
        private Set<String> again(List<First> own, boolean isExact) {
            if (exactlyOnce) {
                return duplicate(isExact);
            } else if (own.stream().allMatch(First::inDoubt)) {
                // Nothing may be lost.
                return isExact ? Set.of("first") : Set.of("first", "late");
            }
            boolean isKnown = own.stream()
                    .filter(first -> !first.inDoubt())
                    .allMatch(first -> first.commit() <= loggedCommit && !first.unknown());
            // Of so many restarts a store does not know each by itself.
            if (isKnown && reopened <= 30) {
                return duplicate(isExact);
            }
            return isExact ? Set.of("first", "duplicate") : Set.of("first", "duplicate", "late");
        }

        private String process(Sent sent) {
            Headers headers = new RecordHeaders().add(KEY_HEADER, sent.key().getBytes(UTF_8));
            long time = sent.time();
            if (partitions > 1) {
                headers.add(Origin.HEADER, new Origin(sent.at(), time, false).encode());
                context.setRecordMetadata("repartition", 0, position);
                time = Math.min(time, clock);
            } else {
                context.setRecordMetadata("in", 0, sent.at().offset());
            }
            context.setCurrentSystemTimeMs(clock);
            context.resetForwards();
            operator.process(new Record<>("k", "v", time, headers));
            Record<? extends String, ? extends String> out =
                    context.forwarded().get(0).record();
            Header reason = out.headers().lastHeader(DedupHeaders.REASON);
            return reason == null ? "first" : new String(reason.value(), UTF_8);
        }

        private void commit() {
            note("commit");
            int before = changelog.size();
            store.flushCache();
            if (changelog.size() > before && commits > openedAt) {
                loggedCommit = commits;
            }
            commits++;
            changelog.commit();
            committedPosition = position;
            committed = known.copy();
            store.commit();
        }

        /** Nothing that came since the last commit has been. */
        private void crash() throws IOException {
            note("crash");
            position = committedPosition;
            if (exactlyOnce) {
                changelog.abort();
                known = committed.copy();
            } else {
                changelog.commit();
                known.firsts.replaceAll(first -> first.commit() > commits ? first.doubted() : first);
                known.times.clear();
                known.times.putAll(committed.times);
            }
            store.close();
            reopen();
        }

        private void restart() throws IOException {
            note("restart");
            commit();
            close();
            if (oneIn(2)) {
                note("settings");
                ttl = BASE_TTL / 8 + random.nextLong(oneIn(2) ? BASE_TTL : 6 * BASE_TTL);
                lateness = oneIn(4) ? 0 : random.nextLong(2 * ttl);
                ahead = oneIn(4) ? 0 : random.nextLong(2 * BASE_TTL);
                inMemory = random.nextBoolean();
            }
            if (oneIn(3)) {
                reset();
            }
            reopen();
        }

        /** Old records come once more, at their own offsets; or new ones at the offsets of old ones. */
        private void reset() {
            int partition = random.nextInt(partitions);
            if (oneIn(2)) {
                note("reset");
                List<Sent> old = input.subList(0, position).stream()
                        .filter(sent -> sent.at().partition() == partition)
                        .toList();
                input.addAll(position, List.copyOf(old.subList(Math.max(0, old.size() - 40), old.size())));
            } else {
                note("re-created");
                offsets[partition] = 0;
            }
        }

        private void reopen() throws IOException {
            known.firsts.replaceAll(first -> first.commit() > loggedCommit ? first.unknownToTheStore() : first);
            openedAt = commits;
            reopened++;
            if (oneIn(3)) {
                note("lost state");
                Utils.delete(directory.resolve("state").toFile());
                if (exactlyOnce && oneIn(2)) {
                    note("deleted");
                    changelog.deleteWrittenBefore(clock - policy().ttl().toMillis());
                }
            }
            open();
            if (store.isRestoredFromTheBeginning()) {
                known.exactFrom = Math.max(known.exactFrom, changelog.deletedIsNeededUntil() + 1);
            }
            heardAt.replaceAll((partition, time) -> clock);
        }

        private DedupPolicy policy() {
            return DedupPolicy.of(Duration.ofMillis(ttl))
                    .withAllowedLateness(Duration.ofMillis(lateness))
                    .withMaxFuture(Duration.ofMillis(ahead));
        }

        private void open() {
            Properties properties = DedupFixture.properties(Map.of());
            properties.put("application.id", "seam");
            properties.put("bootstrap.servers", "unused:1");
            properties.put("processing.guarantee", exactlyOnce ? "exactly_once_v2" : "at_least_once");
            context = new MockProcessorContext<>(
                    properties, new TaskId(0, 0), directory.resolve("state").toFile());
            context.setCurrentSystemTimeMs(clock);
            StoreEngine engine = inMemory ? StoreEngine.memory() : SmallTables.rocksDb();
            store = LoggedStore.open("dedup-seen", engine, policy(), context, changelog, () -> clock);
            context.addStateStore(store.logged());
            Dedup dedup = Dedup.by(header(KEY_HEADER))
                    .within(Duration.ofMillis(ttl))
                    .withAllowedLateness(Duration.ofMillis(lateness))
                    .withMaxFuture(Duration.ofMillis(ahead))
                    .withWaiting(new Waiting(Duration.ofMillis(IDLE), DedupPolicy.MAX_DURATION))
                    .withPartitioning(partitions > 1 ? Partitioning.BY_KEY : Partitioning.AS_IS)
                    .on(Verdict.DUPLICATE, Action.FORWARD)
                    .on(Verdict.LATE, Action.FORWARD)
                    .on(Verdict.FUTURE, Action.FORWARD);
            operator = DedupProcessor.alone(dedup.settings(), Children.ALL_CHILDREN);
            operator.init(context);
        }

        private void close() {
            operator.close();
            store.close();
        }
    }
}
