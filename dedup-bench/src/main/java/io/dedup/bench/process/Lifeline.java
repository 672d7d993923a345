// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The standard input of a child, which its parent holds open as long as it wants the child to live. */
public final class Lifeline {
    private Lifeline() {}

    /** Waits until the parent lets go, or has died. */
    public static void await() {
        InputStream input = System.in;
        try {
            while (input.read() >= 0) {
                // Nothing is ever sent.
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Ends this JVM at once when the parent lets go, unless it has ended before. */
    public static void hold() {
        Thread holding = new Thread(
                () -> {
                    await();
                    Runtime.getRuntime().halt(0);
                },
                "lifeline");
        holding.setDaemon(true);
        holding.start();
    }
}
