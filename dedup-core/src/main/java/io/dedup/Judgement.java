// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import org.jspecify.annotations.Nullable;

/**
 * A verdict together with what it rests on.
 *
 * @param first the first that the record repeats; null unless the verdict is {@link Verdict#REPLAY}, {@link
 *     Verdict#DUPLICATE} or {@link Verdict#CONFLICT}
 * @param missing what is wrong with the key; null unless the verdict is {@link Verdict#MISSING_KEY}
 */
public record Judgement(
        Verdict verdict, @Nullable Sighting first, @Nullable MissingKey missing) {
    static final Judgement FIRST = new Judgement(Verdict.FIRST, null, null);
    static final Judgement LATE = new Judgement(Verdict.LATE, null, null);
    static final Judgement FUTURE = new Judgement(Verdict.FUTURE, null, null);

    static Judgement withoutKey(MissingKey missing) {
        return new Judgement(Verdict.MISSING_KEY, null, missing);
    }

    static Judgement repeats(Verdict verdict, Sighting first) {
        return new Judgement(verdict, first, null);
    }

    /**
     * The reason in one word or two for headers and logs: the verdict's text, and after a colon what is wrong with a
     * missing key, as in {@code missing-key:too-long}.
     */
    public String reason() {
        return missing == null
                ? verdict.text()
                : verdict.text() + ":" + missing.reason().text();
    }
}
