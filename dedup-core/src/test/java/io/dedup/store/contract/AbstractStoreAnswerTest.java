// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.PriorRun;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What a store answers for payloads, unknown outcomes, and keys of any kind. */
abstract class AbstractStoreAnswerTest extends AbstractStoreBatchTest {
    // Payloads

    @Test
    void claim_otherPayloadWhileRunning_isAConflict() {
        ScopedKey key = key();
        acquired(request(key, fingerprint(1)));
        assertThat(store.claim(request(key, fingerprint(2)))).isEqualTo(new ClaimResult.Conflict());
    }

    @Test
    void claim_otherPayloadOfAnAbandonedOperation_isAConflict() {
        ScopedKey key = key();
        acquired(request(key, fingerprint(1)));
        clock.advance(LEASE.plus(MILLISECOND));
        assertThat(store.claim(request(key, fingerprint(2)))).isEqualTo(new ClaimResult.Conflict());
        assertThat(store.claim(request(key, fingerprint(1)))).isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void claim_otherPayloadWhenCompleted_isAConflictAndChangesNothing() {
        Claim claim = acquired(request(key(), fingerprint(1)));
        Completion completion = Completion.succeeded(StoredOutcome.of(new byte[] {1}));
        store.complete(claim, completion, TTL);
        assertThat(store.claim(request(claim.key(), fingerprint(2)))).isEqualTo(new ClaimResult.Conflict());
        assertThat(store.claim(request(claim.key(), fingerprint(1)))).isEqualTo(new ClaimResult.Completed(completion));
    }

    @Test
    void claim_payloadThatCannotBeCompared_isNoConflict() {
        Claim claim = acquired(request(key(), fingerprint(1)));
        store.complete(claim, Completion.unknown(), TTL);
        Fingerprint ofSomethingElse = Fingerprint.of("value:/amount", new byte[32]);
        assertThat(store.claim(request(claim.key(), ofSomethingElse))).isInstanceOf(ClaimResult.Completed.class);
        assertThat(store.claim(request(claim.key(), null))).isInstanceOf(ClaimResult.Completed.class);
    }

    /** Nothing was done, so the operation may be corrected. */
    @Test
    void claim_otherPayloadAfterRelease_isGiven() {
        ScopedKey key = key();
        store.release(acquired(request(key, fingerprint(1))), Release.FAILED);
        assertThat(store.claim(request(key, fingerprint(2)))).isInstanceOf(ClaimResult.Acquired.class);
    }

    // Unknown outcomes

    @Test
    void claim_unknownOutcome_isGivenOnlyToWhoReopensItAndToOne() {
        Claim claim = acquired(request(key()));
        store.complete(claim, Completion.unknown(), TTL);
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(Completion.unknown()));
        assertThat(store.claim(request(claim.key()).reopening()))
                .isInstanceOfSatisfying(
                        ClaimResult.Acquired.class,
                        acquired -> assertThat(acquired.claim().priorRun()).isEqualTo(PriorRun.UNKNOWN));
        assertThat(store.claim(request(claim.key()).reopening())).isInstanceOf(ClaimResult.InProgress.class);
    }

    @Test
    void claim_knownOutcomeToBeReopened_isCompleted() {
        Claim claim = completed(TTL);
        assertThat(store.claim(request(claim.key()).reopening())).isInstanceOf(ClaimResult.Completed.class);
    }

    // Keys

    @Test
    void claim_keysThatLookAlike_areDifferent() {
        String unique = "k" + KEYS.incrementAndGet();
        List<ScopedKey> alike = new ArrayList<>();
        for (String text : List.of("a", "A", "a ", " a", "ä", "a\\", "a'", "a%", "a_")) {
            alike.add(new ScopedKey(scope, IdempotencyKey.of("header:id", (unique + text).getBytes(UTF_8))));
        }
        byte[] prefix = unique.getBytes(UTF_8);
        for (byte[] end : List.of(new byte[] {0}, new byte[] {0, 0}, new byte[] {-1}, new byte[] {(byte) 0xc3, 0x28})) {
            byte[] bytes = new byte[prefix.length + end.length];
            System.arraycopy(prefix, 0, bytes, 0, prefix.length);
            System.arraycopy(end, 0, bytes, prefix.length, end.length);
            alike.add(new ScopedKey(scope, IdempotencyKey.of("header:id", bytes)));
        }
        alike.add(new ScopedKey(scope, IdempotencyKey.of("header:ID", (unique + "a").getBytes(UTF_8))));
        alike.add(new ScopedKey(scope + "a", IdempotencyKey.of("header:id", unique.getBytes(UTF_8))));
        assertThat(alike)
                .allSatisfy(key -> assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.Acquired.class));
    }

    @Test
    void claim_longestKey_isTakenAndLongerIsRefused() {
        int room = ScopedKey.MAX_BYTES - scope.length() - "header:id".length() - 2;
        byte[] longest = new byte[room];
        new Random(KEYS.incrementAndGet()).nextBytes(longest);
        ScopedKey key = new ScopedKey(scope, IdempotencyKey.of("header:id", longest));
        assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.Acquired.class);
        assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.InProgress.class);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ScopedKey(scope, IdempotencyKey.of("header:id", new byte[room + 1])))
                .withMessageContaining("digest");
    }
}
