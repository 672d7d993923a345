// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.store.admin.OperationQuery;
import io.dedup.store.admin.OperationState;
import io.dedup.store.admin.StoredOperation;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lists operations. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = {
            "Lists operations.",
            "Lists operations by scope, those first that were first claimed first. Reads the whole store for it, or all of a "
                    + "scope, in small parts; locks nothing."
        })
final class OperationsListCommand implements Callable<Integer> {
    private static final String ALL = "all";
    private static final List<String> HEADINGS =
            List.of("STATE", "SCOPE", "KEY", "SOURCE", "ATTEMPTS", "AGE", "LEASE", "TOKEN");

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private StoreOptions storeOptions = new StoreOptions();

    @Option(
            names = "--state",
            split = ",",
            paramLabel = "STATE",
            description = "Which states, or 'all'. Default: all but succeeded.")
    private List<String> states = new ArrayList<>();

    @Option(
            names = "--scope",
            paramLabel = "SCOPE",
            description = "Which scope, or with * at its end all that begin so. Default: all.")
    private @Nullable String scope;

    @Option(
            names = "--older-than",
            paramLabel = "DURATION",
            defaultValue = "0s",
            converter = DurationConverter.class,
            description = "How long ago they were first claimed at least: 90s, 10m, 24h. Default: any time.")
    private Duration olderThan = Duration.ZERO;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "100",
            description = "How many at most. Default: ${DEFAULT-VALUE}.")
    private int limit;

    @Option(names = "--json", description = "One JSON object a line, for programs.")
    private boolean json;

    @Override
    public Integer call() {
        if (limit < 1) {
            throw new CommandFailedException(ExitCode.USAGE, "--limit must be at least 1: " + limit);
        } else if (olderThan.isNegative()) {
            throw new CommandFailedException(ExitCode.USAGE, "--older-than must not be negative: " + olderThan);
        }
        OperationQuery query = query();
        List<StoredOperation> found;
        try (StoreSession session = storeOptions.open()) {
            found = session.list(query, each -> true, limit + 1);
        }
        List<StoredOperation> shown = found.subList(0, Math.min(found.size(), limit)).stream()
                .sorted(Comparator.comparing(
                                (StoredOperation each) -> each.key().scope())
                        .thenComparing(StoredOperation::firstAttemptAt))
                .toList();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            shown.forEach(each -> out.println(OperationText.json(OperationText.fields(each))));
        } else {
            print(shown, out);
        }
        out.flush();
        if (found.size() > limit) {
            spec.commandLine().getErr().println("There are more than " + limit + "; raise --limit, or ask for less.");
        }
        return ExitCode.DONE;
    }

    private OperationQuery query() {
        OperationQuery query = OperationQuery.all();
        if (scope != null) {
            query = scope.endsWith("*")
                    ? OperationQuery.ofScopesFrom(scope.substring(0, scope.length() - 1))
                    : OperationQuery.ofScope(scope);
        }
        return query.withStates(wanted())
                .withOlderThan(olderThan)
                .withLimit(Math.min(limit + 1, OperationQuery.MAX_LIMIT));
    }

    private Set<OperationState> wanted() {
        if (states.isEmpty()) {
            return EnumSet.complementOf(EnumSet.of(OperationState.SUCCEEDED));
        } else if (states.contains(ALL)) {
            return EnumSet.allOf(OperationState.class);
        }
        return states.stream()
                .map(OperationsListCommand::state)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(OperationState.class)));
    }

    private static OperationState state(String name) {
        return Arrays.stream(OperationState.values())
                .filter(state -> OperationText.state(state).equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new CommandFailedException(
                        ExitCode.USAGE,
                        "--state has to be one of "
                                + Arrays.stream(OperationState.values())
                                        .map(OperationText::state)
                                        .collect(Collectors.joining(", "))
                                + " and all: " + name));
    }

    private static void print(List<StoredOperation> operations, PrintWriter out) {
        if (operations.isEmpty()) {
            out.println("There are no such operations.");
            return;
        }
        List<List<String>> rows = new ArrayList<>(List.of(HEADINGS));
        operations.forEach(each -> rows.add(List.of(
                OperationText.state(each.state()),
                OperationText.printable(each.key().scope()),
                each.key().key().text(),
                OperationText.printable(each.key().key().source()),
                String.valueOf(each.record().attempts()),
                OperationText.duration(each.age()),
                OperationText.lease(each),
                String.valueOf(each.token()))));
        int[] widths = new int[HEADINGS.size()];
        rows.forEach(row -> {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        });
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            out.println(line.toString().stripTrailing());
        }
    }
}
