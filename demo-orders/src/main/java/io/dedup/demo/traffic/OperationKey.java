// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import io.dedup.key.KeyRules;
import io.dedup.key.RecordView;
import java.util.List;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * The idempotency key of an operation: where it stands in a record, how it is made of a caller and the key that the caller chose,
 * how long it may be, and which spellings are one key.
 *
 * <p>It is the only definition. The pipeline reads keys by {@link #extractor}. The front end makes the record's header and asks the
 * same extractor what it reads there ({@link #ofCaller}), so that what the front end accepts is what the pipeline takes, and two
 * keys of the front end are two keys of the pipeline.
 */
public final class OperationKey {
    /** The header of a record that has the key. */
    public static final String HEADER = "idempotency-key";

    /** How many characters the name of a caller may have; all of them are ASCII. */
    public static final int MAX_CALLER = 64;

    /** How many characters a key may have that a caller chooses; all of them are ASCII. */
    public static final int MAX_CHOSEN = 255;

    /** How many bytes the key of a record may have: the longest caller, a colon, and the longest key of a caller. */
    public static final int MAX_BYTES = MAX_CALLER + 1 + MAX_CHOSEN;

    private static final String SOURCE =
            KeyExtractors.sources("header:" + HEADER).get(0);
    /** The key in the syntax of {@code dedup.key}. */
    private static final String DEFINITION = SOURCE + "|trim|uuid";

    private static final KeyRules RULES = KeyRules.standard();
    private static final KeyExtractor EXTRACTOR =
            KeyExtractors.atMost(MAX_BYTES, KeyExtractors.parse(DEFINITION, RULES));

    private OperationKey() {}

    /** Reads the keys of records. */
    public static KeyExtractor extractor() {
        return EXTRACTOR;
    }

    /** The key of a record with these headers, or why it has none. */
    public static KeyResult of(Headers headers) {
        return EXTRACTOR.extract(RecordView.of(headers, null, null));
    }

    /** The key of a record whose header is this text, or why that is none. */
    public static KeyResult ofHeader(String text) {
        return of(new RecordHeaders().add(HEADER, text.getBytes(UTF_8)));
    }

    /**
     * The key of a record that does what a caller asks for, or why there is none: what a caller chose is held against the rules by
     * itself, since no key with a caller before it is a placeholder.
     *
     * @param caller without a colon, so that two callers have no key in common
     * @param chosen the key that the caller chose
     */
    public static KeyResult ofCaller(String caller, String chosen) {
        KeyResult read = KeyExtractors.keyOf(DEFINITION, RULES, SOURCE, List.of(chosen.getBytes(UTF_8)));
        if (!(read instanceof IdempotencyKey key)) {
            return read;
        }
        String text = caller + ":" + header(key);
        KeyResult together = ofHeader(text);
        return together instanceof IdempotencyKey one && !header(one).equals(text)
                ? new MissingKey(
                        MissingKey.Reason.PATTERN_MISMATCH,
                        SOURCE,
                        "With the caller '" + caller
                                + "' before it the key is another spelling of one without a caller")
                : together;
    }

    /** The header of a record that has this key. */
    public static String header(IdempotencyKey key) {
        return new String(key.value(), UTF_8);
    }
}
