// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import io.dedup.internal.Sentences;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong with a configuration, with what to do about it.
 *
 * @param code what kind of problem it is
 * @param key the property that is wrong, exactly as it is to be written
 * @param value what the property holds; null if it is not set
 * @param message what is wrong, in one sentence
 * @param fix what to write instead, in one sentence
 */
public record ConfigProblem(Code code, String key, @Nullable String value, String message, String fix) {
    private static final boolean WARNING = true;

    /** The kinds of problem, each with a code that stays the same from release to release. */
    public enum Code {
        /** A key that starts with {@code dedup.} and is none of ours. */
        UNKNOWN_KEY(101, "A property starts with `dedup.` and is not known. Most often a slip of the pen."),
        /** A value that the key does not take. */
        INVALID_VALUE(102, "A property has a value that it does not take."),
        /** Dead letters with nowhere to go. */
        NO_DEAD_LETTER_TOPIC(
                103, "Some verdict is answered with `dead-letter`, and no topic is named for the dead letters."),
        /** Duplicates with nowhere to go. */
        NO_DUPLICATES_TOPIC(104, "`dedup.on.duplicate=duplicates-topic`, and no topic is named for the duplicates."),
        /** A topic that nothing is ever written to. */
        UNUSED_TOPIC(105, "A topic is named, and nothing would ever be written to it."),
        /** A relay that would read what it writes. */
        BAD_ROUTE(106, "A route leads a topic into itself or into another route, or names a topic twice."),
        /** Something that is defined and cannot be used in this way of running. */
        NOT_AVAILABLE(107, "A setting is known, and the way in which dedup is used here does not offer it."),
        /** Refused records that Kafka Streams would not deal with as configured. */
        NO_EXCEPTION_HANDLER(
                108,
                "Records are to be dead-lettered or to stop the application, and Kafka Streams is not told so by"
                        + " `processing.exception.handler=io.dedup.streams.errors.DedupProcessingExceptionHandler`."),
        /** A wrapper with nothing to wrap. */
        NOTHING_TO_WRAP(
                109,
                "`dedup.wrap.topics` or `dedup.wrap.nodes` name nothing, or something that the topology does not have."),
        /** Something that no processor stands in front of. */
        CANNOT_WRAP(
                110,
                "What is named in `dedup.wrap.topics` or `dedup.wrap.nodes` is there and cannot be guarded: only processors"
                        + " can, not sources, sinks or global stores."),
        /** A wrapper that was never asked. */
        WRAPPER_IGNORED(
                111,
                "`processor.wrapper.class` was given to `KafkaStreams` and not to the builder of the topology, where Kafka"
                        + " Streams reads it."),
        /** A setting that has to be there. */
        REQUIRED(112, "A property is needed in this way of running, and it is not there."),
        /** A reference to a value elsewhere that is not there. */
        UNRESOLVED(
                113,
                "A value refers to a variable or a file with `${env:…}`, `${file:…}` or `${dir:…}`, and it is not there."),
        /** A Kafka Streams that is too old. */
        UNSUPPORTED_KAFKA(
                114,
                "The Kafka Streams on the class path is older than any that dedup works with; `docs/compatibility.md` has the"
                        + " range."),
        /** A handler that could let go of what is remembered. */
        CHANGELOG_MAY_BE_SKIPPED(
                115,
                "A `production.exception.handler` of the application is asked about writes to changelogs too, and might skip one:"
                        + " put `io.dedup.streams.errors.DedupProductionExceptionHandler` in front of it."),
        /** A choice that depends on what follows the operator. */
        FAILURE_POLICY_NEEDED(
                116,
                "What follows the operator can have been done in part when something fails and is skipped: `dedup.on.failure` says"
                        + " whether the rest or the whole is done by a retry."),
        /** A consumer that sees what was rolled back. */
        READS_UNCOMMITTED(
                117,
                WARNING,
                "The consumer reads records of transactions that were rolled back (`isolation.level` is not `read_committed`, which is"
                        + " Kafka's default under at-least-once): an attempt that never was is taken for the first, and the one that"
                        + " was committed is dropped as its duplicate."),
        /** A name that no topic can have. */
        TOPIC_NAME_INVALID(
                118,
                "A route names a topic that cannot exist: a name is 1 to 249 letters, digits, `.`, `_` and `-`, and neither `.` nor"
                        + " `..`."),
        /** A name that no topic of Kafka Streams can have. */
        INTERNAL_NAME_INVALID(
                119,
                "The topics that Kafka Streams makes for a route are named `APPLICATION-dedup-SOURCE-seen-changelog` and"
                        + " `-repartition`, and such a name would be too long or have a character that no topic has."),
        /** A route of several sources whose keys would be kept apart. */
        SCOPE_SPLITS_ROUTE(
                120,
                "`dedup.scope=topic` is written, and a route has several sources: what it is for is that a key on one of them is a"
                        + " duplicate on the others."),
        /** Routes that were to share their keys, and do not. */
        SCOPE_OVER_ROUTES(
                121,
                "`dedup.scope` makes a key one operation over several topics, and they are on several routes, or several"
                        + " processors are guarded behind them, each of which remembers by itself: each would let the key through"
                        + " once."),
        /** A file that cannot be read as properties. */
        UNREADABLE_FILE(
                122,
                "A line of the file of properties cannot be read: it is not UTF-8 (with or without a byte-order mark), a `\\u` escape is"
                        + " malformed, or a key holds a character that is not visible ASCII and would be ignored."),
        /** A key with two values. */
        SET_TWICE(123, "A file sets a property in two lines, of which only the last would count."),
        /** A TTL that ends before a retry comes. */
        TTL_TOO_SHORT(
                124,
                WARNING,
                "Keys are remembered for less than a second (`dedup.ttl.ms` is in milliseconds): a retry after a time-out, a restart or"
                        + " a rebalance comes later than that and is processed once more."),
        /** A time that makes the store keep far more than it decides with. */
        KEPT_TOO_LONG(
                125,
                WARNING,
                "What is remembered is kept for `dedup.ttl.ms`, `dedup.allowed.lateness.ms` and `dedup.max.future.ms` together, and"
                        + " one of the last two is more than a day and more than ten times the TTL: disk, memory and changelog are"
                        + " mostly filled with what no decision needs."),
        /** No broker answers. */
        CLUSTER_UNREACHABLE(201, "None of the `bootstrap.servers` answers, or none lets this client in."),
        /** A topic that has to be there. */
        TOPIC_MISSING(202, "A topic is named that the cluster does not have, and it is not to be created."),
        /** Topics that have to be of one size and are not. */
        PARTITIONS_DIFFER(
                203,
                "A topic has another number of partitions than it has to have, so that equal keys would not meet, or what is"
                        + " remembered would not be found."),
        /** Times that are those of arrival. */
        TIME_OF_ARRIVAL(
                204,
                WARNING,
                "The broker stamps the records of a topic (`message.timestamp.type=LogAppendTime`): the TTL then counts from"
                        + " their arrival, and a late record does not look late."),
        /** A topic that takes no record from the future. */
        FUTURE_REFUSED(
                205,
                "A topic refuses records (`message.timestamp.after.max.ms`) that dedup would let through"
                        + " (`dedup.max.future.ms`, or `dedup.on.future=forward`): every one would be a dead letter."),
        /** Something that this client may not do. */
        NOT_AUTHORIZED(206, "The cluster does not allow this client what it has to do."),
        /** More copies than there are brokers. */
        REPLICATION_TOO_HIGH(207, "More copies of a topic are asked for than the cluster has brokers."),
        /** A directory that cannot be written. */
        STATE_DIRECTORY_UNUSABLE(208, "The directory for local state cannot be made or written."),
        /** A sample of a topic in which no record has a key. */
        NO_KEY_IN_SAMPLE(
                209,
                "None of the records that `dedup check --sample` has read has a key where `dedup.key` looks for it."),
        /** Names that the broker takes for one. */
        NAMES_COLLIDE(
                210,
                "Two topics have names that differ in `.` and `_` only. Kafka names its metrics of both alike, and a broker that has"
                        + " the one does not create the other."),
        /** A topic that takes smaller records than its source. */
        RECORDS_TOO_LARGE(
                211,
                WARNING,
                "A topic takes smaller records (`max.message.bytes`) than the topic that is relayed into it: larger ones go to the"
                        + " dead-letter topic (`dedup.on.unwritable`)."),
        /** A producer that sends smaller records than the source has. */
        REQUEST_TOO_SMALL(
                212,
                WARNING,
                "The producer sends smaller records (`max.request.size`, `buffer.memory`) than the source has: larger ones go to the"
                        + " dead-letter topic (`dedup.on.unwritable`). Not set, `max.request.size` follows from the topics."),
        /** A topic that takes no old record. */
        OLD_REFUSED(
                213,
                WARNING,
                "A topic refuses old records (`message.timestamp.before.max.ms`): they go to the dead-letter topic"
                        + " (`dedup.on.unwritable`)."),
        /** A topic that takes no record without a key. */
        KEY_REQUIRED(
                214,
                WARNING,
                "A topic is compacted (`cleanup.policy`) and refuses records without a key: they go to the dead-letter topic"
                        + " (`dedup.on.unwritable`)."),
        /** Dead letters that would be lost. */
        DEAD_LETTERS_COMPACTED(
                215,
                "The dead-letter topic is compacted (`cleanup.policy`): it would keep the last dead letter of each key, and refuse"
                        + " those without one."),
        /** A topic that takes no record at all. */
        TOO_FEW_REPLICAS(
                216,
                "More replicas of a topic have to take a write (`min.insync.replicas`) than it has: it takes none, and the"
                        + " application waits for ever."),
        /** A topic of the application itself that refuses what the application writes. */
        INTERNAL_TOPIC_REFUSES(
                217,
                "A changelog or repartition topic of the application refuses records that it has to take, and this client may not"
                        + " alter it: the application would stop on them."),
        /** Partitions that cannot be kept. */
        PARTITIONS_NOT_KEPT(
                218, "`dedup.target.partition=source`, and a topic has another number of partitions than its source."),
        /** Settings that may not be seen. */
        SETTINGS_HIDDEN(
                219,
                WARNING,
                "The cluster does not show this client the settings of a topic: what it would refuse is only known when it does,"
                        + " which stops the application."),
        /** Dead letters without what is in them. */
        DEAD_LETTERS_CUT(
                220,
                WARNING,
                "The dead-letter topic takes smaller records (`max.message.bytes`) than the source: larger ones are written there"
                        + " without their value, with its size in a header."),
        /** A topic that is not the one it was. */
        TOPIC_CHANGED(
                221,
                "A topic was deleted, or deleted and created again, while the relay ran. The relay has stopped with exit code 7."),
        /** A changelog that does not hold what was remembered. */
        REMEMBERED_KEYS_GONE(
                222,
                "The relay has read its source before, and the changelog that holds what it remembers is not there, or was not made by"
                        + " it: duplicates of what was relayed before would be let through."),
        /** Records that are lost to the relay. */
        RECORDS_DELETED_UNREAD(
                223,
                WARNING,
                "A source topic has deleted records that the relay had not read (`retention.ms`, `retention.bytes`, or by command)."),
        /** An offset that the settings do not say how to choose. */
        NO_OFFSET_TO_START_FROM(
                224,
                "There is no committed offset in a source partition to go on from, and `auto.offset.reset` would stop the relay, or"
                        + " skip what is there."),
        /** Keys that would not be found. */
        REMEMBERED_UNDER_ANOTHER_NAME(
                225,
                "The first source of a route names what is remembered, and there is a changelog under the name of another one."),
        /** Keys of another kind than those that are remembered. */
        MEMORY_NOT_USED(
                226,
                WARNING,
                "The store was written under another `dedup.key`, `dedup.scope` or `dedup.fingerprint`: what is remembered does not"
                        + " match what is looked for now, and duplicates of it come through, or are taken for conflicts."),
        /** An empty store behind a target that is not. */
        EMPTY_MEMORY(
                227,
                WARNING,
                "The application remembers nothing yet (there is no changelog under its `application.id`), and a target has"
                        + " records: duplicates of what is there come through."),
        /** Deletions that do not reach the topic that they are for. */
        DELETIONS_HELD_BACK(
                228,
                WARNING,
                "A target is compacted, tombstones get verdicts like other records, and one of the key sources is the record's own key:"
                        + " a tombstone has the key of the record that it deletes, is taken for its duplicate, and does not reach the"
                        + " target."),
        /** A pattern that stands for no topic. */
        PATTERN_MATCHES_NOTHING(
                229, WARNING, "A source of a route is a pattern, and no topic on the cluster matches it.");

        private final int number;
        private final boolean isWarning;
        private final String explanation;

        Code(int number, String explanation) {
            this(number, false, explanation);
        }

        Code(int number, boolean isWarning, String explanation) {
            this.number = number;
            this.isWarning = isWarning;
            this.explanation = explanation;
        }

        /** Whether a problem of this kind is reported and stops nothing. */
        public boolean isWarning() {
            return isWarning;
        }

        /** One sentence or two on what the code means, in Markdown. */
        public String explanation() {
            return explanation;
        }

        /** The code as it is printed: {@code DEDUP-101}. */
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "DEDUP-%03d", number);
        }
    }

    /** The whole problem on one line, as it is shown to a person. */
    @Override
    public String toString() {
        String setting = value == null ? key : key + "=" + value;
        return code + " " + setting + ": " + Sentences.of(message, fix);
    }
}
