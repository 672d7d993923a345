// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import java.util.List;

/** The topics of the demo. */
public final class Topics {
    /** Orders as they are sent. */
    public static final String ORDERS = "orders";

    /** Payments as they are sent. */
    public static final String PAYMENTS = "payments";

    /** Duplicates of either. */
    public static final String DUPLICATES = "demo-orders-duplicates";

    /** Refused records of either. */
    public static final String DEAD_LETTERS = "demo-orders-dead-letter";

    /** What producers write to. */
    public static final List<String> INPUTS = List.of(ORDERS, PAYMENTS);

    private Topics() {}

    /** Where the firsts of that topic come out. */
    public static String unique(String input) {
        return input + ".unique";
    }
}
