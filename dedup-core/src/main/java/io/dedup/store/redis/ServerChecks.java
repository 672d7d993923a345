// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The checks of a server before it is trusted with operations. */
final class ServerChecks {
    private static final Logger LOGGER = LoggerFactory.getLogger(RedisIdempotencyStore.class);
    private static final String NO_EVICTION = "noeviction";
    private static final Pattern POLICY = Pattern.compile("maxmemory_policy:([\\w-]+)");

    private final RedisDriver driver;
    private final byte[] prefix;

    ServerChecks(RedisDriver driver, byte[] prefix) {
        this.driver = driver;
        this.prefix = prefix;
    }

    /**
     * Checks that the server does not evict keys.
     *
     * @param accepted whether it may
     * @throws IllegalStateException if it does, or does not say, and may not; or if it does not answer
     */
    void checkEviction(boolean accepted) {
        Matcher found = POLICY.matcher(about("memory", "whether it evicts keys"));
        String policy = found.find() ? found.group(1) : "unknown";
        if (policy.equals(NO_EVICTION)) {
            return;
        }
        String matter = "The maxmemory-policy of the server is " + policy
                + ", so that it may forget operations that are to be remembered";
        if (!accepted) {
            throw new IllegalStateException(
                    matter + ": set it to " + NO_EVICTION + ", or accept it with withEvictionAccepted()");
        }
        LOGGER.warn("{}; this was accepted", matter);
    }

    /**
     * Warns if the server keeps no append-only file.
     *
     * @throws IllegalStateException if it does not answer
     */
    void checkPersistence() {
        if (about("persistence", "whether it keeps an append-only file").contains("aof_enabled:0")) {
            LOGGER.warn("The server keeps no append-only file: a crash of it forgets every operation since its"
                    + " last snapshot, and those run again. Set appendonly yes");
        }
    }

    /** What the server says about that; empty if it is not allowed to. */
    private String about(String section, String question) {
        Script script = Script.of("return {redis.call('INFO', '" + section + "')}");
        ScriptCall call = ScriptCall.of(script, prefix, List.of()).whole();
        ScriptReply reply = driver.run(List.of(call), Replicas.NONE).get(0);
        if (reply instanceof ScriptReply.Answered answered) {
            return new String(answered.values().get(0), UTF_8);
        } else if (reply instanceof ScriptReply.Unanswered unanswered) {
            throw new IllegalStateException(
                    "Redis does not answer: " + unanswered.cause().getMessage(), unanswered.cause());
        }
        LOGGER.warn("The server does not say {}: {}", question, ((ScriptReply.Refused) reply).error());
        return "";
    }
}
