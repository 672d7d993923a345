// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Stands for an exception whose message, or that of a cause, may hold an address or a password: what a driver says is not
 * known. It has the type in its message, and the stack trace.
 */
final class RedactedException extends Exception {
    private static final long serialVersionUID = 1L;
    private static final String HIDDEN = "(hidden)";
    private static final int MAX_CAUSES = 10;

    /** What follows a name that says that it is secret, or stands between a user and a host. */
    private static final Pattern SECRET =
            Pattern.compile("(?i)(password|passwd|pwd|secret)\\s*[=:]\\s*[^\\s;&,]+|//[^\\s/@:]*:[^\\s/@]+@");

    private RedactedException(String message, @Nullable Throwable cause, StackTraceElement[] trace) {
        super(message, cause);
        setStackTrace(trace);
    }

    /**
     * The exception without secrets.
     *
     * @param password null if there is none
     */
    static Throwable of(Throwable thrown, String address, @Nullable String password) {
        return of(thrown, address, password, 0);
    }

    private static Throwable of(Throwable thrown, String address, @Nullable String password, int depth) {
        Throwable cause = thrown.getCause();
        return new RedactedException(
                text(thrown, address, password),
                cause == null || depth == MAX_CAUSES ? null : of(cause, address, password, depth + 1),
                thrown.getStackTrace());
    }

    private static String text(Throwable thrown, String address, @Nullable String password) {
        String message = String.valueOf(thrown.getMessage()).replace(address, HIDDEN);
        if (password != null && !password.isEmpty()) {
            message = message.replace(password, HIDDEN);
        }
        return thrown.getClass().getName() + ": " + SECRET.matcher(message).replaceAll(HIDDEN);
    }
}
