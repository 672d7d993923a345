// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import java.util.List;

/** One run of a script on one key. Immutable, as long as no array is written to. */
public final class ScriptCall {
    private final Script script;
    private final boolean whole;
    private final byte[] key;
    private final List<byte[]> arguments;

    private ScriptCall(Script script, boolean whole, byte[] key, List<byte[]> arguments) {
        this.script = script;
        this.whole = whole;
        this.key = key;
        this.arguments = arguments;
    }

    static ScriptCall of(Script script, byte[] key, List<byte[]> arguments) {
        return new ScriptCall(script, false, key, List.copyOf(arguments));
    }

    /** The same call with the source of the script, for a server that does not know it. */
    ScriptCall whole() {
        return new ScriptCall(script, true, key, arguments);
    }

    /** Whether this is for {@code EVAL}; else it is for {@code EVALSHA}. */
    public boolean isWhole() {
        return whole;
    }

    /** The source of the script for {@code EVAL}, its digest in hexadecimal digits for {@code EVALSHA}. */
    public byte[] script() {
        return whole ? script.source() : script.digest();
    }

    /** The only key that the script touches. */
    public byte[] key() {
        return key;
    }

    /** The arguments that are not keys. */
    public List<byte[]> arguments() {
        return arguments;
    }
}
