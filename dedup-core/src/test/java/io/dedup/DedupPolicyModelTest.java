// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the deciding function against a model that knows only the sentences of the documentation. */
class DedupPolicyModelTest {
    private static final int RECORDS = 5_000;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void decide_randomSequence_agreesWithTheModel(long seed) {
        Random random = new Random(seed);
        long ttl = 1L + random.nextInt(60);
        long lateness = random.nextInt(120);
        long skew = random.nextInt(40);
        DedupPolicy policy = DedupPolicy.of(Duration.ofMillis(ttl))
                .withAllowedLateness(Duration.ofMillis(lateness))
                .withMaxFuture(Duration.ofMillis(skew));
        Model model = new Model(ttl, lateness, skew);
        Map<IdempotencyKey, List<SeenRecord>> memory = new HashMap<>();
        List<Sent> sent = new ArrayList<>();
        Map<Verdict, Integer> seen = new HashMap<>();
        long now = 1_000;
        long streamTime = Long.MIN_VALUE;

        for (int i = 0; i < RECORDS; i++) {
            now += random.nextInt(3);
            Sent record = next(random, now, i, sent);
            sent.add(record);
            Verdict expected = model.decide(record, now);
            Decision actual = policy.decide(
                    record.candidate(),
                    streamTime,
                    now,
                    (key, time, own) -> Recollection.of(memory.getOrDefault(key, List.of()).stream()
                            .filter(first -> first.covers(time, ttl))
                            .findFirst()
                            .orElse(null)));
            assertThat(actual.verdict())
                    .as("seed %d, record %d: %s", seed, i, record)
                    .isEqualTo(expected);
            if (actual.verdict() == Verdict.FIRST) {
                memory.computeIfAbsent((IdempotencyKey) record.key(), key -> new ArrayList<>())
                        .add(policy.seenRecordOf(record.candidate()));
            }
            if (!policy.isFuture(record.time(), now)) {
                streamTime = Math.max(streamTime, record.time());
            }
            seen.merge(actual.verdict(), 1, Integer::sum);
        }
        assertThat(seen)
                .as("seed %d must reach the common verdicts", seed)
                .containsKeys(Verdict.FIRST, Verdict.REPLAY, Verdict.DUPLICATE, Verdict.MISSING_KEY);
    }

    private static Sent next(Random random, long now, int offset, List<Sent> sent) {
        if (!sent.isEmpty() && random.nextInt(20) == 0) {
            return sent.get(sent.size() - 1 - random.nextInt(Math.min(sent.size(), 50)));
        }
        KeyResult key = random.nextInt(25) == 0
                ? new MissingKey(MissingKey.Reason.ABSENT, "test", "none")
                : IdempotencyKey.of("test", new byte[] {(byte) random.nextInt(40)});
        long time = now + (random.nextInt(30) == 0 ? random.nextInt(100) : 0) - random.nextInt(150);
        byte[] digest = new byte[Fingerprint.BYTES];
        digest[Fingerprint.BYTES - 1] = (byte) random.nextInt(2);
        return new Sent(key, time, new Coordinates("t", 0, offset), Fingerprint.fromBytes(digest));
    }

    private record Sent(KeyResult key, long time, Coordinates at, Fingerprint print) {
        Candidate candidate() {
            return new Candidate(key, time, at, print);
        }
    }

    /** Keeps every first for ever and looks through all of them. */
    private static final class Model {
        private final long ttl;
        private final long lateness;
        private final long skew;
        private final List<Sent> firsts = new ArrayList<>();
        private long highest = Long.MIN_VALUE;

        Model(long ttl, long lateness, long skew) {
            this.ttl = ttl;
            this.lateness = lateness;
            this.skew = skew;
        }

        Verdict decide(Sent record, long now) {
            boolean future = record.time() > now + skew;
            long before = highest;
            highest = future ? highest : Math.max(highest, record.time());
            if (record.key() instanceof MissingKey) {
                return Verdict.MISSING_KEY;
            }
            if (future) {
                return Verdict.FUTURE;
            }
            for (Sent first : firsts) {
                if (first.key().equals(record.key()) && Math.abs(first.time() - record.time()) <= ttl) {
                    boolean same = first.print().equals(record.print());
                    return first.at().equals(record.at())
                            ? Verdict.REPLAY
                            : same ? Verdict.DUPLICATE : Verdict.CONFLICT;
                }
            }
            if (record.time() + lateness < before) {
                return Verdict.LATE;
            }
            firsts.add(record);
            return Verdict.FIRST;
        }
    }
}
