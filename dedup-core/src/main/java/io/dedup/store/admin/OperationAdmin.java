// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import io.dedup.store.ScopedKey;
import java.util.Optional;

/**
 * Shows the operations in a store, and repairs single ones by hand.
 *
 * <pre>{@code
 * OperationAdmin admin = store.operations();
 * StoredOperation seen = admin.find(key).orElseThrow();
 * RepairResult result = admin.repair(seen, Repair.notDone(Duration.ofDays(1)));
 * }</pre>
 *
 * <p>The laws, which the contract kit in the test jar checks:
 *
 * <ul>
 *   <li>A repair is a compare-and-set: it changes an operation that is still as it was seen, by state and fencing token, and no
 *       other. Of two repairs of the same sight one is done.
 *   <li>An operation whose lease is held is not changed: its owner may be running it.
 *   <li>After a repair every call with an earlier claim is {@linkplain io.dedup.store.LeaseResult.Lost lost}, and every later
 *       claim has a larger fencing token, as long as the store remembers the key.
 *   <li>What has ended stays as it is, unless it is forgotten.
 *   <li>Operations whose time to live is over are not there.
 *   <li>Time is the store's.
 * </ul>
 *
 * <p>Stores have an index by key and by expiry and no other, so {@link #list} and {@link #count} read what they look for among
 * all keys: in blocks, of which each takes a bounded time, and locking nothing.
 *
 * <p>Implementations are thread-safe. They end with the store that they come from.
 */
public interface OperationAdmin {
    /**
     * A page of the operations that a query asks for.
     *
     * @throws IllegalArgumentException if the cursor is not one of this store
     * @throws IllegalStateException if the store cannot be reached
     */
    OperationPage list(OperationQuery query);

    /**
     * One operation, with its outcome; empty if there is none.
     *
     * @throws IllegalStateException if the store cannot be reached
     */
    Optional<StoredOperation> find(ScopedKey key);

    /**
     * How many operations there are by scope and state, and since when. Reads every key once, in blocks: what changes meanwhile
     * is counted as it was or as it is.
     *
     * @throws IllegalStateException if the store cannot be reached
     */
    OperationCounts count();

    /**
     * Changes an operation, if it is still as it was seen.
     *
     * @param seen as it was found or listed
     */
    RepairResult repair(StoredOperation seen, Repair repair);
}
