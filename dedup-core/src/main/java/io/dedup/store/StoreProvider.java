// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import org.jspecify.annotations.Nullable;

/**
 * Opens stores of one kind by their address, for interceptors that are configured by properties alone. Providers are found by {@link
 * java.util.ServiceLoader}, so that what uses a store need not know its kind.
 *
 * <p>Implementations are thread-safe, and have a public constructor without parameters.
 */
public interface StoreProvider {
    /** Whether stores at such an address are of this kind, which its beginning says: {@code jdbc:postgresql://localhost/orders}. */
    boolean accepts(String address);

    /**
     * Opens the store at that address, which the caller closes.
     *
     * @param address one that {@linkplain #accepts is accepted}
     * @param user null if the address says it, or there is none
     * @param password null if the address says it, or there is none
     * @throws IllegalArgumentException if the address is malformed
     * @throws NoClassDefFoundError if a library is missing that connects to the store
     * @throws Exception if the store cannot be opened
     */
    IdempotencyStore open(String address, @Nullable String user, @Nullable String password) throws Exception;
}
