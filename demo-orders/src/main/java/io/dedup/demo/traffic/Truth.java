// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import io.dedup.Verdict;
import java.util.Map;

/**
 * What should come of the traffic.
 *
 * @param ledger how often each entry should stand in the ledger
 * @param verdicts how many records should get each verdict; a verdict that is not there: none
 */
public record Truth(Map<Entry, Integer> ledger, Map<Verdict, Integer> verdicts) {
    public Truth {
        ledger = Map.copyOf(ledger);
        verdicts = Map.copyOf(verdicts);
    }

    /**
     * An entry of the ledger.
     *
     * @param idempotencyKey as {@link io.dedup.IdempotencyKey#text()} has it
     * @param amountCents in hundredths of the currency
     */
    public record Entry(String topic, String idempotencyKey, long amountCents, String currency) {}

    /** How many records should get that verdict. */
    public int count(Verdict verdict) {
        return verdicts.getOrDefault(verdict, 0);
    }

    /** How many entries the ledger should have. */
    public int entries() {
        return ledger.values().stream().mapToInt(Integer::intValue).sum();
    }
}
