// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import io.dedup.key.KeyExtractors;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigException;

/** The configuration keys of the interceptors for plain consumers and producers. */
final class ClientKeys {
    /** A key is made for each record. */
    static final String RANDOM = "random";

    private static final String STORES = "memory:KEYS, jdbc:URL, redis://HOST:PORT, rediss://HOST:PORT";

    private ClientKeys() {}

    static ConfigDef addTo(ConfigDef keys) {
        return keys.define(
                        DedupConfig.CONSUMER_STORE,
                        ConfigDef.Type.STRING,
                        null,
                        ConfigDef.LambdaValidator.with(ClientKeys::checkStore, () -> STORES),
                        Importance.HIGH,
                        "For DedupConsumerInterceptor: where keys are remembered. memory is for one process and that many"
                                + " keys; a jdbc URL needs the driver on the class path, a redis URL needs"
                                + " Jedis or Lettuce.")
                .define(
                        DedupConfig.CONSUMER_STORE_USER,
                        ConfigDef.Type.STRING,
                        null,
                        Importance.LOW,
                        "For DedupConsumerInterceptor: who logs in to the database.")
                .define(
                        DedupConfig.CONSUMER_STORE_PASSWORD,
                        ConfigDef.Type.PASSWORD,
                        null,
                        Importance.LOW,
                        "For DedupConsumerInterceptor: the password for it.")
                .define(
                        DedupConfig.PRODUCER_KEY,
                        ConfigDef.Type.LIST,
                        RANDOM,
                        ConfigDef.LambdaValidator.with(ClientKeys::checkKey, () -> RANDOM + ", " + KeyExtractors.FORMS),
                        Importance.HIGH,
                        "For IdempotencyKeyInterceptor: the key of a record that has none. random: a new one for each"
                                + " call of send, so that only Kafka's own retries have the same. Anything else is derived"
                                + " from the record, and is the same when the application sends it again.")
                .define(
                        DedupConfig.PRODUCER_HEADER,
                        ConfigDef.Type.STRING,
                        "idempotency-key",
                        new ConfigDef.NonEmptyString(),
                        Importance.LOW,
                        "For IdempotencyKeyInterceptor: the header that the key is put into.");
    }

    private static void checkStore(String name, Object value) {
        if (value == null) {
            return;
        }
        String store = value.toString();
        boolean memory = store.matches("memory:[1-9][0-9]{0,8}");
        if (!memory && !store.startsWith("jdbc:") && !store.matches("rediss?://.+")) {
            // The value may hold a password.
            throw new ConfigException("This is not the address of a store");
        }
    }

    private static void checkKey(String name, Object value) {
        String text = DedupKeys.text(value);
        if (text.equals(RANDOM)) {
            return;
        }
        try {
            KeyExtractors.parse(text);
        } catch (IllegalArgumentException refused) {
            throw new ConfigException(name, value, refused.getMessage());
        }
    }
}
