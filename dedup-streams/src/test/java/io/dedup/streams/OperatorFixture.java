// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static io.dedup.streams.DedupFixture.header;

import java.time.Duration;

/** An operator with a TTL of ten minutes. */
abstract class OperatorFixture {
    static final long T = NOW.toEpochMilli();
    static final Duration TTL = Duration.ofMinutes(10);
    static final long DAY = Duration.ofDays(1).toMillis();
    static final Dedup DEDUP = Dedup.by(header(KEY_HEADER)).within(TTL);
}
