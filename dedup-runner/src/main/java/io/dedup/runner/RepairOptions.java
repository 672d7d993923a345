// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.store.admin.Repair;
import io.dedup.store.admin.RepairResult;
import io.dedup.store.admin.StoredOperation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** Whether a repair is done, who answers for it, and where that is written down. */
final class RepairOptions {
    private static final Logger AUDIT = LoggerFactory.getLogger("dedup.audit");

    @Option(names = "--apply", description = "Does it. Without it, what would change is shown and nothing is changed.")
    private boolean apply;

    @Option(names = "--reason", paramLabel = "TEXT", description = "Why, for the audit line. Needed with --apply.")
    private @Nullable String reason;

    @Option(
            names = "--by",
            paramLabel = "NAME",
            description = "Who, for the audit line. Default: the user of the system.")
    private @Nullable String by;

    @Option(
            names = "--audit-file",
            paramLabel = "FILE",
            description =
                    "A file to which the audit line is appended as well. If it cannot be opened nothing is changed.")
    private @Nullable Path auditFile;

    /** Shows the repair, or does it. */
    int run(String action, StoreSession session, StoredOperation seen, Repair repair, PrintWriter out) {
        if (!apply) {
            RepairResult.Done done = done(repair.dryRun(seen));
            out.println("Would change " + OperationText.name(seen) + ":");
            out.println("  from  " + OperationText.summary(done.before()));
            out.println("  to    " + after(done));
            out.println("Nothing was changed. Do it with: --apply --token " + seen.token() + " --reason TEXT");
            out.flush();
            return ExitCode.DONE;
        } else if (reason == null || reason.isBlank()) {
            throw new CommandFailedException(ExitCode.USAGE, "--apply needs --reason, for the audit line");
        }
        try (FileChannel file = auditFile == null ? null : append(auditFile)) {
            RepairResult.Done done = done(session.operations().repair(seen, repair));
            String line = OperationText.json(audit(action, session, done));
            AUDIT.info("{}", line);
            out.println("Changed " + OperationText.name(seen) + ": "
                    + OperationText.state(done.before().state()) + " -> " + after(done));
            out.println(line);
            out.flush();
            write(file, line);
            return ExitCode.DONE;
        } catch (IOException unwritable) {
            throw new CommandFailedException(
                    ExitCode.FAILED,
                    "It was changed, but the audit line is not in --audit-file " + auditFile + ": " + unwritable);
        }
    }

    private static String after(RepairResult.Done done) {
        return done.after()
                .map(after -> OperationText.summary(after) + ", kept until " + after.expiresAt())
                .orElse("forgotten: the next call is the first");
    }

    private static FileChannel append(Path file) {
        try {
            return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException unwritable) {
            throw new CommandFailedException(
                    ExitCode.FAILED, "Nothing was changed: --audit-file cannot be opened: " + unwritable);
        }
    }

    private static void write(@Nullable FileChannel file, String line) throws IOException {
        if (file == null) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(UTF_8));
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
        file.force(true);
    }

    private Map<String, Object> audit(String action, StoreSession session, RepairResult.Done done) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("at", Instant.ofEpochMilli(done.before().readAt()).toString());
        fields.put("by", by == null ? System.getProperty("user.name") : by);
        fields.put("action", action);
        fields.put("store", session.shown());
        fields.put("scope", done.before().key().scope());
        fields.put("source", done.before().key().key().source());
        fields.put("key", done.before().key().key().text());
        fields.put("before", state(done.before()));
        done.after().ifPresent(after -> fields.put("after", state(after)));
        fields.put("reason", reason);
        return fields;
    }

    private static Map<String, Object> state(StoredOperation operation) {
        Map<String, Object> fields = new LinkedHashMap<>(OperationText.fields(operation));
        fields.keySet().removeAll(Set.of("scope", "source", "key", "ageMs", "leaseLeftMs"));
        return fields;
    }

    private static RepairResult.Done done(RepairResult result) {
        if (result instanceof RepairResult.Done done) {
            return done;
        } else if (result instanceof RepairResult.Indeterminate unanswered) {
            throw new CommandFailedException(
                    ExitCode.UNREACHABLE,
                    "The store has not answered, so it may have been changed; look with 'dedup operations show'. "
                            + unanswered.cause().getMessage());
        }
        throw new CommandFailedException(ExitCode.REFUSED, "Nothing was changed: " + why(result));
    }

    private static String why(RepairResult result) {
        if (result instanceof RepairResult.InProgress running) {
            return "an owner holds the lease for another " + OperationText.duration(running.leaseLeft())
                    + " and may be running it; wait until it is stuck";
        } else if (result instanceof RepairResult.Changed changed) {
            return "it is no longer as it was, but " + OperationText.summary(changed.current()) + "; look again";
        } else if (result instanceof RepairResult.Ended ended) {
            return "it is " + OperationText.summary(ended.current())
                    + ": there is nothing to resolve. 'dedup operations forget' lets it be run again";
        } else if (result instanceof RepairResult.Locked) {
            return "a transaction holds it that is about to say how it ended; try again when that has ended";
        }
        return "it is not there any more";
    }
}
