// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.dedup.StoredOutcome;
import io.dedup.handler.EncodedOutcome;
import io.dedup.store.Completion;
import io.dedup.store.admin.Repair;
import io.dedup.store.admin.StoredOperation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says how an operation ended. */
@Command(
        name = "resolve",
        mixinStandardHelpOptions = true,
        description = {
            "Says how an operation ended.",
            "Says of an operation that is unknown, stuck or released whether it was done, once that has been found out where it "
                    + "has its effect. If it was, later calls get its outcome; if not, the next call runs it. A dry run unless "
                    + "--apply is given."
        })
final class OperationsResolveCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private StoreOptions storeOptions = new StoreOptions();

    @Mixin
    private OperationOptions operationOptions = new OperationOptions();

    @Mixin
    private RepairOptions repairOptions = new RepairOptions();

    @ArgGroup(multiplicity = "1")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Finding finding;

    /** What was found out. */
    private static final class Finding {
        @Option(names = "--done", required = true, description = "It was done.")
        private boolean done;

        @Option(names = "--not-done", required = true, description = "It was not done, not even in part.")
        private boolean notDone;
    }

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    @Option(
            names = "--codec",
            paramLabel = "NAME[:VERSION]",
            defaultValue = "json",
            description =
                    "With an outcome: the codec of the handler that reads it, and its version, which is 1 unless given."
                            + " Default: json. A handler answers with an error if it reads another one.")
    private String codec = "json";

    @Option(names = "--outcome", paramLabel = "TEXT", description = "With --done: what later calls get, as text.")
    private @Nullable String outcome;

    @Option(
            names = "--outcome-file",
            paramLabel = "FILE",
            description = "With --done: a file with what later calls get.")
    private @Nullable Path outcomeFile;

    @Option(
            names = "--ttl",
            paramLabel = "DURATION",
            defaultValue = "24h",
            converter = DurationConverter.class,
            description =
                    "How long this is remembered, from now: as long as calls with the key may still come. Default: "
                            + "${DEFAULT-VALUE}.")
    private Duration ttl = Duration.ZERO;

    @Override
    public Integer call() {
        Repair repair = repair();
        try (StoreSession session = storeOptions.open()) {
            StoredOperation seen = operationOptions.find(session);
            String action = finding.done ? "resolve-done" : "resolve-not-done";
            return repairOptions.run(
                    action, session, seen, repair, spec.commandLine().getOut());
        }
    }

    private Repair repair() {
        if (finding.notDone && (outcome != null || outcomeFile != null)) {
            throw new CommandFailedException(
                    ExitCode.USAGE, "--not-done has no outcome; leave out --outcome and --outcome-file");
        } else if (outcome != null && outcomeFile != null) {
            throw new CommandFailedException(ExitCode.USAGE, "--outcome and --outcome-file exclude each other");
        }
        try {
            return finding.notDone ? Repair.notDone(ttl) : Repair.resolve(completion(), ttl);
        } catch (IllegalArgumentException unusable) {
            throw new CommandFailedException(ExitCode.USAGE, "--ttl: " + unusable.getMessage());
        }
    }

    private Completion completion() {
        if (outcome != null) {
            return Completion.succeeded(asStored(outcome.getBytes(UTF_8)));
        } else if (outcomeFile == null) {
            return new Completion(Completion.Kind.SUCCEEDED, Optional.empty());
        }
        try {
            return Completion.succeeded(asStored(Files.readAllBytes(outcomeFile)));
        } catch (IOException unreadable) {
            throw new CommandFailedException(ExitCode.USAGE, "--outcome-file cannot be read: " + unreadable);
        }
    }

    /** The outcome as a handler would have stored it. */
    private StoredOutcome asStored(byte[] given) {
        int colon = codec.indexOf(':');
        String name = colon < 0 ? codec : codec.substring(0, colon);
        if (name.equals("json") && !isJson(given)) {
            throw new CommandFailedException(
                    ExitCode.USAGE,
                    "The outcome is not JSON, as --codec json needs it: write a text as '\"paid\"', or name the codec of the"
                            + " handler, as in --codec string");
        }
        try {
            int version = colon < 0 ? 1 : Integer.parseInt(codec.substring(colon + 1));
            return new EncodedOutcome(name, version, given).toStored();
        } catch (IllegalArgumentException wrong) {
            throw new CommandFailedException(
                    ExitCode.USAGE,
                    "--codec must be a name, or NAME:VERSION as in json:2: " + codec + " (" + wrong.getMessage() + ")");
        }
    }

    private static boolean isJson(byte[] given) {
        try {
            return !JSON.readTree(given).isMissingNode();
        } catch (IOException notJson) {
            return false;
        }
    }
}
