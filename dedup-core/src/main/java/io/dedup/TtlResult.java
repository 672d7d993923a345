// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/** What looking for a record's own TTL came to: the {@linkplain RecordTtl TTL}, or {@linkplain InvalidTtl why not}. */
public sealed interface TtlResult permits RecordTtl, InvalidTtl {}
