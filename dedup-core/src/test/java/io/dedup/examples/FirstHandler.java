// SPDX-License-Identifier: Apache-2.0
package io.dedup.examples;

import io.dedup.handler.IdempotentHandler;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.util.UUID;

/** The lines that docs/handlers.md begins with, run by {@link HandlersDocTest}. */
final class FirstHandler {
    private FirstHandler() {}

    public static void main(String[] args) {
        record Payment(String id, int cents) {}
        record Receipt(String id, int cents) {}

        IdempotencyStore store = MemoryIdempotencyStore.holding(100_000); // keys
        try (IdempotentHandler<Receipt> payments =
                IdempotentHandler.on(store, "payments", Receipt.class).build()) {
            Payment request = new Payment("order-17", 1999);
            for (int i = 0; i < 2; i++) {
                System.out.println(payments.handle(
                        "order-17", request, execution -> new Receipt("ch_" + UUID.randomUUID(), request.cents())));
            }
        }
    }
}
