// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.Fingerprint;
import io.dedup.store.Completion;
import io.dedup.store.KeyRecord;
import io.dedup.store.PriorRun;
import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationAdmin;
import io.dedup.store.admin.OperationCounts;
import io.dedup.store.admin.OperationPage;
import io.dedup.store.admin.OperationQuery;
import io.dedup.store.admin.Repair;
import io.dedup.store.admin.RepairResult;
import io.dedup.store.admin.StoredOperation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The operations in Redis. Keys are found by {@link KeyScan}, and then read by a script each, in one round trip to each server for
 * a block. Thread-safe.
 */
final class RedisOperationAdmin implements OperationAdmin {
    private static final int BLOCKS_PER_PAGE = 40;
    private static final int ATTEMPTS = 10;

    private final Operations operations;
    private final KeyScan keys;

    RedisOperationAdmin(Operations operations, KeyScan keys) {
        this.operations = operations;
        this.keys = keys;
    }

    @Override
    public OperationPage list(OperationQuery query) {
        byte[] beginning = (query.isPrefix() ? query.scope() : query.scope() + '\0').getBytes(UTF_8);
        Set<ScopedKey> seen = new HashSet<>();
        List<StoredOperation> found = new ArrayList<>();
        Optional<String> next = query.cursor();
        int blocks = 0;
        do {
            KeyScan.Block block = keys.read(beginning, next);
            for (StoredOperation operation : read(block)) {
                if (query.matches(operation) && seen.add(operation.key())) {
                    found.add(operation);
                }
            }
            next = block.next();
            blocks++;
        } while (next.isPresent() && found.size() < query.limit() && blocks < BLOCKS_PER_PAGE);
        return new OperationPage(found, next);
    }

    /** Without their outcomes. */
    private List<StoredOperation> read(KeyScan.Block block) {
        List<ScopedKey> found = block.keys().stream()
                .map(RedisOperationAdmin::key)
                .flatMap(Optional::stream)
                .toList();
        List<ScriptReply> replies =
                operations.run(found.stream().map(key -> finding(key, false)).toList());
        List<StoredOperation> read = new ArrayList<>();
        for (int i = 0; i < found.size(); i++) {
            StoredOperation operation = operation(found.get(i), answered(replies.get(i)), false);
            if (operation != null) {
                read.add(operation);
            }
        }
        return read;
    }

    /** Another application may have keys that begin as those of the store. */
    private static Optional<ScopedKey> key(byte[] bytes) {
        try {
            return Optional.of(ScopedKey.fromBytes(bytes));
        } catch (IllegalArgumentException foreign) {
            return Optional.empty();
        }
    }

    @Override
    public Optional<StoredOperation> find(ScopedKey key) {
        return Optional.ofNullable(operation(key, answered(operations.run(finding(key, true))), true));
    }

    private ScriptCall finding(ScopedKey key, boolean withOutcome) {
        List<byte[]> arguments = operations.arguments("find");
        arguments.add(text(withOutcome ? "1" : "0"));
        return operations.call(key, arguments);
    }

    /** A key that Redis names twice, while it makes its table of keys larger or smaller, is counted twice. */
    @Override
    public OperationCounts count() {
        List<OperationCounts.Group> groups = new ArrayList<>();
        Optional<String> next = Optional.empty();
        do {
            KeyScan.Block block = keys.read(new byte[0], next);
            groups.addAll(OperationCounts.ofOperations(read(block)).groups());
            next = block.next();
        } while (next.isPresent());
        return OperationCounts.of(groups);
    }

    @Override
    public RepairResult repair(StoredOperation seen, Repair repair) {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            ScriptReply reply = operations.run(finding(seen.key(), true));
            if (!(reply instanceof ScriptReply.Answered answered)) {
                return new RepairResult.Indeterminate(causeOf(reply));
            }
            RepairResult result = repair.decide(operation(seen.key(), answered.values(), true), seen);
            if (!(result instanceof RepairResult.Done done)) {
                return result;
            }
            ScriptReply written = operations.run(replacing(done));
            if (!(written instanceof ScriptReply.Answered change)) {
                return new RepairResult.Indeterminate(causeOf(written));
            } else if (text(change.values().get(0)).equals("done")) {
                return result;
            }
        }
        return new RepairResult.Indeterminate(
                new IllegalStateException("The key has been changed " + ATTEMPTS + " times meanwhile"));
    }

    private ScriptCall replacing(RepairResult.Done done) {
        KeyRecord before = done.before().record();
        List<byte[]> arguments = operations.arguments("replace");
        arguments.add(text(before.code()));
        arguments.add(number(before.token()));
        arguments.add(number(before.attempts()));
        arguments.add(number(before.leaseUntil()));
        arguments.add(number(before.expiresAt()));
        done.after().map(StoredOperation::record).ifPresent(next -> {
            arguments.add(text(next.code()));
            arguments.add(text(next.owner().toString()));
            arguments.add(number(next.token()));
            arguments.add(number(next.attempts()));
            arguments.add(number(next.priorRun().code()));
            arguments.add(number(next.leaseUntil()));
            arguments.add(number(next.expiresAt()));
            Completion completion = next.completion();
            byte[] outcome = completion == null ? null : completion.outcomeBytes();
            if (outcome != null) {
                arguments.add(outcome);
            }
        });
        return operations.call(done.before().key(), arguments);
    }

    /** What the script has found; null if nothing. */
    private static @Nullable StoredOperation operation(ScopedKey key, List<byte[]> found, boolean withOutcome) {
        if (!text(found.get(0)).equals("found")) {
            return null;
        }
        String state = text(found.get(2));
        KeyRecord.State is = KeyRecord.State.of(state);
        byte[] fingerprint = found.get(10);
        KeyRecord record = new KeyRecord(
                is,
                UUID.fromString(text(found.get(3))),
                number(found.get(4)),
                Math.toIntExact(number(found.get(5))),
                PriorRun.of(Math.toIntExact(number(found.get(6)))),
                number(found.get(7)),
                number(found.get(8)),
                number(found.get(9)),
                fingerprint.length == 0 ? null : Fingerprint.fromBytes(fingerprint),
                is == KeyRecord.State.COMPLETED ? completion(state, found, withOutcome) : null);
        return new StoredOperation(key, record, number(found.get(11)), number(found.get(1)));
    }

    private static Completion completion(String state, List<byte[]> found, boolean withOutcome) {
        Completion completion = Completion.of(state, found.size() > 12 ? found.get(12) : null);
        return withOutcome ? completion : completion.withoutOutcome();
    }

    private static List<byte[]> answered(ScriptReply reply) {
        if (reply instanceof ScriptReply.Answered answered) {
            return answered.values();
        }
        Throwable cause = causeOf(reply);
        throw new IllegalStateException("The operations cannot be read: " + cause.getMessage(), cause);
    }

    private static Throwable causeOf(ScriptReply reply) {
        return reply instanceof ScriptReply.Refused refused
                ? refused.cause()
                : ((ScriptReply.Unanswered) reply).cause();
    }

    private static byte[] number(long number) {
        return text(Long.toString(number));
    }

    private static long number(byte[] bytes) {
        return Long.parseLong(text(bytes));
    }

    private static byte[] text(String text) {
        return text.getBytes(UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, UTF_8);
    }
}
