// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import java.util.List;

/**
 * Everything that is sent in one run, in order, with what should come of it.
 *
 * @param operations how many operations there are
 */
public record Traffic(int operations, List<Sending> sendings, Truth truth) {
    public Traffic {
        sendings = List.copyOf(sendings);
    }
}
