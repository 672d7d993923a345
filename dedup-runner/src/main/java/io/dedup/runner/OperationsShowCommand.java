// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.handler.EncodedOutcome;
import io.dedup.store.Completion;
import io.dedup.store.KeyRecord;
import io.dedup.store.admin.StoredOperation;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows one operation. */
@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        description = {
            "Shows one operation.",
            "Shows all that a store keeps of an operation. Its outcome may be confidential: how long it is is shown, and what "
                    + "it is only with --outcome."
        })
final class OperationsShowCommand implements Callable<Integer> {
    private static final int PREVIEW = 1024;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private StoreOptions storeOptions = new StoreOptions();

    @Mixin
    private OperationOptions operationOptions = new OperationOptions();

    @Option(
            names = "--outcome",
            description =
                    "Also the first " + PREVIEW + " bytes of the outcome: as text, or in hexadecimal where it is none.")
    private boolean showsOutcome;

    @Override
    public Integer call() {
        StoredOperation operation;
        try (StoreSession session = storeOptions.open()) {
            operation = operationOptions.find(session);
        }
        PrintWriter out = spec.commandLine().getOut();
        KeyRecord record = operation.record();
        out.println(OperationText.name(operation));
        line(out, "state", OperationText.state(operation.state()));
        line(out, "scope", OperationText.printable(operation.key().scope()));
        line(out, "source", OperationText.printable(operation.key().key().source()));
        line(out, "key", operation.key().key().text());
        line(
                out,
                "first attempt",
                operation.firstAttemptAt() + ", " + OperationText.duration(operation.age()) + " ago");
        line(out, "attempts", String.valueOf(record.attempts()));
        line(out, "earlier runs", record.priorRun().name().toLowerCase(Locale.ROOT));
        line(out, "lease", OperationText.lease(operation));
        line(out, "owner", record.owner().toString());
        line(out, "token", String.valueOf(record.token()));
        line(out, "kept until", operation.expiresAt().toString());
        Fingerprint fingerprint = record.fingerprint();
        line(out, "fingerprint", fingerprint == null ? "none" : fingerprint.toString());
        line(out, "outcome", OperationText.outcome(operation));
        Optional<StoredOutcome> stored = outcome(record);
        if (stored.isPresent()) {
            Optional<EncodedOutcome> encoded = encoded(stored.get());
            line(
                    out,
                    "codec",
                    encoded.map(it -> it.codec() + ":" + it.version()).orElse("not that of a handler"));
            if (showsOutcome) {
                byte[] bytes = stored.map(StoredOutcome::bytes).orElseGet(() -> new byte[0]);
                out.println(preview(encoded.map(EncodedOutcome::content).orElse(bytes)));
            }
        }
        out.flush();
        return ExitCode.DONE;
    }

    private static void line(PrintWriter out, String name, String value) {
        out.printf(Locale.ROOT, "  %-14s %s%n", name, value);
    }

    private static Optional<StoredOutcome> outcome(KeyRecord record) {
        Completion completion = record.completion();
        return completion == null ? Optional.empty() : completion.outcome().filter(outcome -> !outcome.isNull());
    }

    private static Optional<EncodedOutcome> encoded(StoredOutcome stored) {
        try {
            return Optional.of(EncodedOutcome.of(stored));
        } catch (IllegalArgumentException ofSomethingElse) {
            return Optional.empty();
        }
    }

    /** As a key would be shown, so that it cannot drive the terminal. */
    private static String preview(byte[] outcome) {
        if (outcome.length == 0) {
            return "";
        }
        byte[] head = Arrays.copyOf(outcome, Math.min(outcome.length, PREVIEW));
        return IdempotencyKey.of("outcome", head).text() + (head.length < outcome.length ? "…" : "");
    }
}
