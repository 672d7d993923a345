// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import org.jspecify.annotations.Nullable;

/**
 * A verdict together with the findings that it rests on.
 *
 * @param first the first that the record repeats; null unless the verdict is {@link Verdict#REPLAY}, {@link
 *     Verdict#DUPLICATE} or {@link Verdict#CONFLICT}
 * @param missing what is wrong with the key; null unless the verdict is {@link Verdict#MISSING_KEY}
 * @param invalidTtl what is wrong with the record's own TTL; null unless the verdict is {@link Verdict#INVALID_TTL}
 * @param oddTime what is odd about the record's time; null unless the verdict is about its time, and it looks like something else than
 *     milliseconds since the epoch
 */
public record Decision(
        Verdict verdict,
        @Nullable SeenRecord first,
        @Nullable MissingKey missing,
        @Nullable InvalidTtl invalidTtl,
        @Nullable String oddTime) {
    static final Decision FIRST = new Decision(Verdict.FIRST, null, null, null, null);

    static Decision ofTime(Verdict verdict, long time) {
        return new Decision(verdict, null, null, null, OddTime.of(time));
    }

    static Decision withoutKey(MissingKey missing) {
        return new Decision(Verdict.MISSING_KEY, null, missing, null, null);
    }

    static Decision withInvalidTtl(InvalidTtl invalidTtl) {
        return new Decision(Verdict.INVALID_TTL, null, null, invalidTtl, null);
    }

    static Decision repeats(Verdict verdict, SeenRecord first) {
        return new Decision(verdict, first, null, null, null);
    }

    /**
     * The reason in one word or two for headers and logs: the verdict's text, and after a colon what is wrong with a
     * missing key or a TTL, as in {@code missing-key:too-long}.
     */
    public String reason() {
        if (missing != null) {
            return verdict.text() + ":" + missing.reason().text();
        }
        return invalidTtl == null
                ? verdict.text()
                : verdict.text() + ":" + invalidTtl.reason().text();
    }

    /** What is wrong, as a sentence; null if the verdict says it all. */
    public @Nullable String detail() {
        if (missing != null) {
            return missing.detail();
        }
        return invalidTtl == null ? oddTime : invalidTtl.detail();
    }
}
