// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.IdempotencyKey;
import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationQuery;
import io.dedup.store.admin.StoredOperation;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which operation is meant. */
final class OperationOptions {
    private static final int MANY = 10;

    @Parameters(
            paramLabel = "KEY",
            description = "The key as 'list' shows it: text, or 0x and hexadecimal digits where it is none.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String key;

    @Option(
            names = "--scope",
            required = true,
            paramLabel = "SCOPE",
            description = "The scope of the key, as 'list' shows it; --scope= for the empty one.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String scope;

    @Option(
            names = "--source",
            paramLabel = "SOURCE",
            description =
                    "What the key was read from, as 'list' shows it. Without it the scope is searched, which takes long if"
                            + " it is large.")
    private @Nullable String source;

    @Option(
            names = "--token",
            paramLabel = "N",
            description = "Only if its fencing token is this, as 'show' or a dry run has shown it.")
    private @Nullable Long token;

    /** The operation, with its outcome. */
    StoredOperation find(StoreSession session) {
        List<StoredOperation> found = source == null ? search(session) : ask(session, source);
        if (found.isEmpty()) {
            throw new CommandFailedException(
                    ExitCode.REFUSED,
                    "There is no operation with the key " + OperationText.printable(key) + " in the scope '"
                            + OperationText.printable(scope) + "'; 'dedup operations list --state all' shows those that"
                            + " there are");
        }
        List<StoredOperation> meant = found.stream()
                .filter(each -> token == null || each.token() == token)
                .toList();
        if (meant.isEmpty()) {
            throw new CommandFailedException(
                    ExitCode.REFUSED,
                    "It is no longer as it was: --token is " + token + ", and " + tokens(found) + ". Look again with"
                            + " 'dedup operations show'");
        } else if (meant.size() > 1) {
            throw new CommandFailedException(
                    ExitCode.REFUSED,
                    "Several operations have this key; say which with --source or --token: " + tokens(meant));
        }
        return meant.get(0);
    }

    private static String tokens(List<StoredOperation> operations) {
        return operations.stream()
                .map(each -> "the token of " + OperationText.name(each) + " is " + each.token())
                .collect(Collectors.joining(", "));
    }

    private List<StoredOperation> search(StoreSession session) {
        List<StoredOperation> listed = session.list(
                OperationQuery.ofScope(scope).withLimit(OperationQuery.MAX_LIMIT),
                each -> each.key().key().text().equals(key),
                MANY);
        return listed.stream()
                .flatMap(each -> session.find(each.key()).stream())
                .toList();
    }

    private List<StoredOperation> ask(StoreSession session, String from) {
        return candidates(from)
                .map(candidate -> session.find(new ScopedKey(scope, candidate)))
                .flatMap(Optional::stream)
                .toList();
    }

    /** The keys that are shown like this. */
    private Stream<IdempotencyKey> candidates(String from) {
        List<byte[]> values = new ArrayList<>(List.of(key.getBytes(UTF_8)));
        if (key.matches("0x([0-9a-f]{2})+")) {
            values.add(HexFormat.of().parseHex(key.substring(2)));
        }
        return values.stream()
                .filter(value -> value.length > 0)
                .map(value -> IdempotencyKey.of(from, value))
                .filter(candidate -> candidate.text().equals(key));
    }
}
