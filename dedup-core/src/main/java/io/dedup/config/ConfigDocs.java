// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;

/** Writes the page that documents every key and every problem code, from their definitions. */
final class ConfigDocs {
    private ConfigDocs() {}

    /** The whole of {@code docs/configuration.md}. */
    static String markdown() {
        StringBuilder page = new StringBuilder("""
                # Configuration

                This page is generated from the definitions in `DedupKeys`; a test fails when it is stale.

                Properties that start with `dedup.` are read strictly: an unknown key, a value that its key does not
                take, and settings that contradict each other stop the application at start. All problems are reported
                at once, each with a code, the exact key, what is allowed and the fix. Everything else is Kafka's.

                ## Keys

                """);
        Map<String, ConfigKey> keys = DedupKeys.definition().configKeys();
        keys.values().forEach(key -> append(page, key));
        page.append("## Problem codes\n\n| code | meaning |\n|---|---|\n");
        for (ConfigProblem.Code code : ConfigProblem.Code.values()) {
            page.append("| `")
                    .append(code)
                    .append("` | ")
                    .append(code.explanation())
                    .append(" |\n");
        }
        return page.toString();
    }

    private static void append(StringBuilder page, ConfigKey key) {
        page.append("### `").append(key.name).append("`\n\n");
        page.append(key.documentation).append("\n\n");
        page.append("- Type: ").append(key.type.name().toLowerCase(Locale.ROOT));
        page.append("\n- Default: ").append(defaultText(key));
        if (key.validator != null) {
            page.append("\n- Allowed: ").append(key.validator);
        }
        page.append("\n\n");
    }

    private static String defaultText(ConfigKey key) {
        if (key.defaultValue == null) {
            return "none";
        }
        String text = String.valueOf(ConfigDef.convertToString(key.defaultValue, key.type));
        return text.isEmpty() ? "none" : "`" + text + "`";
    }
}
