// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.report;

import java.io.PrintStream;
import java.time.Duration;

/**
 * Tells how a run is going: one line that updates on a terminal, plain lines now and then elsewhere.
 *
 * <p>Confined to one thread.
 */
public final class Progress {
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(5);

    private final PrintStream out;
    private final boolean terminal;
    private long lastLine;
    private int shown;

    /**
     * Progress that is printed there.
     *
     * @param terminal whether a line can be written over
     */
    public Progress(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
        this.lastLine = System.nanoTime();
    }

    /** Something that happens once: always a line of its own. */
    public void say(String line) {
        clear();
        out.println(line);
        out.flush();
    }

    /** How far things are: written over on a terminal, printed every few seconds elsewhere. */
    public void update(String line) {
        if (terminal) {
            clear();
            out.print(line);
            shown = line.length();
            out.flush();
        } else if (System.nanoTime() - lastLine > BETWEEN_LINES.toNanos()) {
            lastLine = System.nanoTime();
            out.println(line);
        }
    }

    /** Takes the updating line away. */
    public void clear() {
        if (shown > 0) {
            out.print("\r" + " ".repeat(shown) + "\r");
            shown = 0;
        }
    }
}
