// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The source of a script, and the SHA-1 digest by which a server knows it that has run it before. */
final class Script {
    private final byte[] source;
    private final byte[] digest;

    private Script(byte[] source) {
        this.source = source;
        try {
            byte[] sha1 = MessageDigest.getInstance("SHA-1").digest(source);
            this.digest = HexFormat.of().formatHex(sha1).getBytes(US_ASCII);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java platform has SHA-1", impossible);
        }
    }

    static Script of(String source) {
        return new Script(source.getBytes(UTF_8));
    }

    /** The script of that name beside this class. */
    static Script named(String file) {
        try (InputStream stream = Script.class.getResourceAsStream(file)) {
            if (stream == null) {
                throw new IllegalStateException(file + " is not in the jar");
            }
            return new Script(stream.readAllBytes());
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    byte[] source() {
        return source;
    }

    byte[] digest() {
        return digest;
    }
}
