// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import io.dedup.Verdict;
import io.dedup.demo.traffic.Sending.Header;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

/**
 * Makes up operations and sends them as real producers do: clients that time out and retry, a gateway that crashes and
 * resends what it had in hand, an upstream team that replays its last minutes, records that overtake each other, and a
 * few that are plainly wrong. It knows the truth because it made it.
 *
 * <p>The same seed gives the same records in the same order; only their times follow the clock.
 *
 * <p>Confined to one thread.
 */
public final class TrafficGenerator {
    /** One in so many operations is also sent wrongly in each of the four ways. */
    private static final int ONE_IN = 500;
    /** How many sendings a record may be overtaken by. */
    private static final int OVERTAKEN_BY = 20;

    private static final int CUSTOMERS = 1_000;
    private static final int MAX_BATCH = 40;
    private static final Duration MAX_SPAN = Duration.ofHours(1);
    private static final Duration MAX_DELAY = Duration.ofMinutes(2);
    private static final Duration YEAR = Duration.ofDays(365);
    private static final Duration WEEK = Duration.ofDays(7);
    private static final String[] CURRENCIES = {"EUR", "EUR", "EUR", "USD", "GBP"};

    private final Random random;
    private final Duration ttl;
    private final long now;
    private final List<Attempt> attempts = new ArrayList<>();
    private final Map<Verdict, Integer> verdicts = new EnumMap<>(Verdict.class);

    private TrafficGenerator(long seed, Duration ttl, long now) {
        this.random = new Random(seed);
        this.ttl = ttl;
        this.now = now;
    }

    /**
     * Makes up the traffic of one run.
     *
     * @param events how many operations; at least 1
     * @param duplicateRatio how many duplicates are sent for every operation, on average; at least 0
     * @param ttl how long firsts are remembered; duplicates are sent well within it
     * @param now the wall clock in milliseconds since the epoch
     */
    public static Traffic generate(int events, double duplicateRatio, long seed, Duration ttl, long now) {
        TrafficGenerator generator = new TrafficGenerator(seed, ttl, now);
        List<Original> originals = generator.originals(events);
        generator.duplicates(originals, (int) Math.round(events * duplicateRatio));
        generator.mistakes(originals);
        return generator.traffic(originals);
    }

    /** An operation with what every sending of it has in common. */
    private record Original(int number, Operation operation, String key, long time) {}

    /** A sending, and where it comes in the order of all. */
    private record Attempt(double position, Sending sending) {}

    private List<Original> originals(int events) {
        List<Original> originals = new ArrayList<>(events);
        Duration span = least(ttl.dividedBy(24), MAX_SPAN);
        for (int i = 0; i < events; i++) {
            long time = now - span.toMillis() + span.toMillis() * i / events;
            Original original =
                    new Original(i, operation(i), new UUID(random.nextLong(), random.nextLong()).toString(), time);
            originals.add(original);
            add(i + overtaken(), original, time, plain(original), List.of(key(original)));
        }
        verdicts.put(Verdict.FIRST, events);
        return originals;
    }

    /** Orders, and between them payments for earlier ones. */
    private Operation operation(int number) {
        int order = number / 2;
        String orderId = "o-" + order;
        String customerId = "c-" + random.nextInt(CUSTOMERS);
        long cents = 100L + random.nextInt(50_000);
        String currency = CURRENCIES[random.nextInt(CURRENCIES.length)];
        return new Operation(orderId, number % 2 == 0 ? null : "p-" + order, customerId, cents, currency);
    }

    private void duplicates(List<Original> originals, int wanted) {
        int sent = 0;
        while (sent < wanted) {
            int most = Math.min(wanted - sent, 1 + random.nextInt(MAX_BATCH));
            int start = random.nextInt(originals.size());
            switch (random.nextInt(4)) {
                case 0 -> sent += gatewayCrashes(originals, start, most);
                case 1 -> sent += upstreamReplays(originals, start, most);
                default -> {
                    clientTimesOut(originals.get(start));
                    sent++;
                }
            }
        }
        verdicts.put(Verdict.DUPLICATE, sent);
    }

    /** The client got no answer in time and sends the same request again; an order under a new record key. */
    private void clientTimesOut(Original original) {
        double position = original.number() + random.nextInt(50) + overtaken();
        Operation operation = original.operation();
        String recordKey = operation.customerId() + (operation.paymentId() == null ? "-" + random.nextInt(1_000) : "");
        add(position, original, recordKey, soonAfter(original), plain(original), List.of(key(original)), operation);
    }

    /** The gateway comes back up and sends what it had in hand once more, in its own spelling. */
    private int gatewayCrashes(List<Original> originals, int start, int most) {
        List<Original> inHand = originals.subList(start, Math.min(originals.size(), start + most));
        for (Original original : inHand) {
            add(
                    start + MAX_BATCH + overtaken(),
                    original,
                    soonAfter(original),
                    OperationJson.writeRelayed(original.operation(), "gateway-2"),
                    List.of(key(original), new Header("via", "gateway-2")));
        }
        return inHand.size();
    }

    /** The upstream team replays its last minutes: the same records, at the same times, in the same order. */
    private int upstreamReplays(List<Original> originals, int start, int most) {
        List<Original> replayed = originals.subList(start, Math.min(originals.size(), start + most));
        double position = start + 500;
        for (Original original : replayed) {
            position += 0.01;
            add(position, original, original.time(), plain(original), List.of(key(original)));
        }
        return replayed.size();
    }

    /** Some operations are also sent wrongly, after they have been sent rightly. */
    private void mistakes(List<Original> originals) {
        int each = Math.max(1, originals.size() / ONE_IN);
        for (int i = 0; i < each; i++) {
            Original noKey = any(originals);
            add(afterwards(noKey), noKey, soonAfter(noKey), plain(noKey), List.of());

            Original reused = any(originals);
            Operation other = reused.operation().withAmount(reused.operation().amountCents() + 1 + random.nextInt(999));
            add(afterwards(reused), reused, soonAfter(reused), OperationJson.write(other), List.of(key(reused)), other);

            Original late = any(originals);
            long longAgo = late.time() - WEEK.toMillis() - 3 * ttl.toMillis();
            add(afterwards(late), late, longAgo, plain(late), List.of(key(late)));

            Original ahead = any(originals);
            add(afterwards(ahead), ahead, now + YEAR.toMillis(), plain(ahead), List.of(key(ahead)));
        }
        for (Verdict verdict : List.of(Verdict.MISSING_KEY, Verdict.CONFLICT, Verdict.LATE, Verdict.FUTURE)) {
            verdicts.put(verdict, each);
        }
    }

    private Traffic traffic(List<Original> originals) {
        Map<Truth.Entry, Integer> ledger = new HashMap<>();
        for (Original original : originals) {
            Operation operation = original.operation();
            ledger.put(
                    new Truth.Entry(operation.topic(), original.key(), operation.amountCents(), operation.currency()),
                    1);
        }
        attempts.sort(Comparator.comparingDouble(Attempt::position));
        return new Traffic(
                originals.size(), attempts.stream().map(Attempt::sending).toList(), new Truth(ledger, verdicts));
    }

    private void add(double position, Original original, long time, String value, List<Header> headers) {
        add(position, original, time, value, headers, original.operation());
    }

    private void add(
            double position, Original original, long time, String value, List<Header> headers, Operation operation) {
        add(position, original, original.operation().customerId(), time, value, headers, operation);
    }

    private void add(
            double position,
            Original original,
            String recordKey,
            long time,
            String value,
            List<Header> headers,
            Operation operation) {
        String topic = original.operation().topic();
        attempts.add(new Attempt(position, new Sending(topic, recordKey, recordKey, time, headers, operation, value)));
    }

    private Original any(List<Original> originals) {
        return originals.get(random.nextInt(originals.size()));
    }

    private double overtaken() {
        return random.nextDouble() * OVERTAKEN_BY;
    }

    /** Past every place at which the operation's own first sending can stand. */
    private double afterwards(Original original) {
        return original.number() + OVERTAKEN_BY + random.nextInt(100);
    }

    private long soonAfter(Original original) {
        long most = least(ttl.dividedBy(4), MAX_DELAY).toMillis();
        return original.time() + 1 + (most > 1 ? random.nextLong(most - 1) : 0);
    }

    private static Header key(Original original) {
        return new Header(OperationKey.HEADER, original.key());
    }

    private static String plain(Original original) {
        return OperationJson.write(original.operation());
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
