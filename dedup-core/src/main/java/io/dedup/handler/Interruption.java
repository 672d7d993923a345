// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/** Stops an operation that has lost its lease, or takes too long. Thread-safe. */
interface Interruption {
    /** Stops it. Called once at most, and not after {@link #end}. */
    void interrupt();

    /** The operation has ended: takes an interrupt back that it has not seen. Called where it has ended. */
    void end();

    /** Interrupts the thread that calls this. */
    static Interruption ofThisThread() {
        Thread worker = Thread.currentThread();
        return new Interruption() {
            @Override
            public void interrupt() {
                worker.interrupt();
            }

            @Override
            public void end() {
                Thread.interrupted();
            }
        };
    }
}
