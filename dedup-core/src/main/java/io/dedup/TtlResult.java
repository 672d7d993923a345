// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/** The result of looking for a record's own TTL: the {@linkplain RecordTtl TTL}, or {@linkplain InvalidTtl why there is none}. */
public sealed interface TtlResult permits RecordTtl, InvalidTtl {}
