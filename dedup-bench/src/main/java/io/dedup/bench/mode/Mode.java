// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

/**
 * A way to let records from one topic into another.
 *
 * @param name on the command line
 * @param description in a few words
 * @param pace how much a record costs: whether it is a call to another system
 * @param answer what it has to let through
 * @param server what it needs besides Kafka
 * @param start starts it
 */
public record Mode(String name, String description, Pace pace, Answer answer, Server server, Start start) {
    /** The header that idempotency keys are in. */
    public static final String KEY_HEADER = "idempotency-key";

    /** Whether it is measured with all records. */
    public enum Pace {
        /** With all. */
        FULL,
        /** With all, but a fifth of those to warm up: it searches a store for each record, which takes several times as long. */
        HEAVY,
        /** With a part, since it takes a call to another system for each record. */
        SLOW
    }

    /** What has to be in the output. */
    public enum Answer {
        /** Every record. */
        ALL,
        /** One record for each key. */
        DISTINCT,
        /** What its own rules say, which are not ours; how far it is from one for each key is reported. */
        OWN
    }

    /** What has to be running besides Kafka. */
    public enum Server {
        /** Nothing. */
        NONE,
        /** Redis. */
        REDIS,
        /** PostgreSQL. */
        POSTGRES
    }

    /** Starts a mode. */
    @FunctionalInterface
    public interface Start {
        /**
         * Starts it, without waiting until it reads.
         *
         * @throws Exception if it cannot
         */
        Running start(Task task) throws Exception;
    }
}
