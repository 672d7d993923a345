// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.store.memory.MemoryIdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What callers get to see: values, rejections, exceptions, and outcomes that cannot be read. */
@Timeout(60)
class TypedOutcomeTest {
    private final WatchedStore store = new WatchedStore(MemoryIdempotencyStore.holding(1000));
    private final AtomicInteger runs = new AtomicInteger();
    private final List<IdempotentHandler<?>> handlers = new ArrayList<>();

    record Request(String card, long cents) {}

    record Receipt(String id, long cents) {}

    record ReceiptWithTip(String id, long cents, long tip) {}

    @AfterEach
    void stop() {
        handlers.forEach(IdempotentHandler::close);
    }

    @Test
    void handle_record_isTheSameTheFirstTimeAndEveryTime() {
        IdempotentHandler<Receipt> payments = receipts();
        Request request = new Request("card", 1999);
        Receipt first = payments.handle("order-1", request, execution -> charge(request));
        Receipt second = payments.handle("order-1", request, execution -> charge(request));
        assertThat(first).isEqualTo(new Receipt("r1", 1999)).isEqualTo(second);
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_sameKeyForAnotherPayload_isAConflict() {
        IdempotentHandler<Receipt> payments = receipts();
        payments.handle("order-1", new Request("card", 1999), execution -> charge(new Request("card", 1999)));
        assertThatExceptionOfType(IdempotencyConflictException.class)
                .isThrownBy(() -> payments.handle("order-1", new Request("card", 2999), execution -> null))
                .withMessageContaining("order-1");
    }

    @Test
    void run_actionWithoutOutcome_isDoneOnce() {
        IdempotentHandler<Void> mails = built(IdempotentHandler.on(store, "mails"));
        mails.run("order-1", null, execution -> runs.incrementAndGet());
        mails.run("order-1", null, execution -> runs.incrementAndGet());
        assertThat(runs).hasValue(1);
    }

    @Test
    void run_outcomeOfAnotherCodec_isDoneAllTheSame() {
        receipts().handle("order-1", null, execution -> charge(new Request("card", 1)));
        IdempotentHandler<String> other = built(IdempotentHandler.on(store, "payments", OutcomeCodec.string()));
        other.run("order-1", null, execution -> runs.incrementAndGet());
        assertThat(runs).hasValue(1);
    }

    // Rejections

    @Test
    void handle_rejection_isThrownTheFirstTimeAndEveryTime() {
        IdempotentHandler<Receipt> payments = receipts();
        assertThatExceptionOfType(OperationRejectedException.class)
                .isThrownBy(() -> payments.handle("order-1", null, execution -> {
                    throw new OperationRejectedException("card_declined", "no funds");
                }))
                .satisfies(rejected -> assertThat(rejected.isReplayed()).isFalse());
        assertThatExceptionOfType(OperationRejectedException.class)
                .isThrownBy(() -> payments.handle("order-1", null, execution -> charge(new Request("card", 1))))
                .withMessage("no funds")
                .satisfies(rejected -> {
                    assertThat(rejected.code()).isEqualTo("card_declined");
                    assertThat(rejected.isReplayed()).isTrue();
                });
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_rejectionThatIsToBeReleased_isRunAgain() {
        IdempotentHandler<Receipt> payments = built(IdempotentHandler.on(store, "payments", Receipt.class)
                .withFailure(OperationRejectedException.class, OnFailure.release()));
        assertThatExceptionOfType(OperationRejectedException.class)
                .isThrownBy(() -> payments.handle("order-1", null, execution -> {
                    throw new OperationRejectedException("card_declined", "no funds");
                }));
        assertThat(payments.handle("order-1", null, execution -> charge(new Request("card", 1))))
                .isNotNull();
    }

    @Test
    void reject_codeThatIsBlank_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> OnFailure.reject(" "));
        assertThatIllegalArgumentException().isThrownBy(() -> new OperationRejectedException("", "why"));
    }

    @Test
    void rejection_endlessTexts_areCutAndStillRead() {
        String endless = "ü".repeat(100_000);
        IdempotentHandler<Receipt> payments = receipts();
        for (boolean replayed : new boolean[] {false, true}) {
            Outcome<Receipt> outcome = payments.tryHandle(Call.of("order-1"), execution -> {
                throw new OperationRejectedException(endless, endless);
            });
            String cut = "ü".repeat(OperationRejectedException.MAX_LENGTH);
            assertThat(outcome).isEqualTo(new Outcome.Rejected<>(cut, cut, replayed));
        }
    }

    // Reading what is stored

    @Test
    void handle_outcomeOfANewerVersion_isUnreadableAndNotRunAgain() {
        OutcomeCodec<Receipt> first = OutcomeCodec.json(Receipt.class);
        OutcomeCodec<Receipt> second = first.withVersion(2, (bytes, version) -> bytes);
        built(IdempotentHandler.on(store, "payments", second))
                .handle("order-1", null, execution -> charge(new Request("card", 1)));
        IdempotentHandler<Receipt> rolledBack = built(IdempotentHandler.on(store, "payments", first));
        assertThatExceptionOfType(OutcomeUnreadableException.class)
                .isThrownBy(() -> rolledBack.handle("order-1", null, execution -> charge(new Request("card", 1))))
                .withMessageContaining("codec json in version 2")
                .withMessageContaining("reads versions up to 1");
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_outcomeOfAnOlderVersion_isUpgraded() {
        receipts().handle("order-1", null, execution -> charge(new Request("card", 1999)));
        IdempotentHandler<ReceiptWithTip> newer = built(IdempotentHandler.on(
                store,
                "payments",
                OutcomeCodec.json(ReceiptWithTip.class)
                        .withVersion(
                                2,
                                (bytes, version) -> new String(bytes, UTF_8)
                                        .replace("}", ",\"tip\":" + version + "}")
                                        .getBytes(UTF_8))));
        assertThat(newer.handle("order-1", null, execution -> new ReceiptWithTip("", 0, 0)))
                .isEqualTo(new ReceiptWithTip("r1", 1999, 1));
        newer.handle("order-2", null, execution -> new ReceiptWithTip("r2", 1, 7));
        assertThat(newer.handle("order-2", null, execution -> new ReceiptWithTip("", 0, 0)))
                .as("what it has written itself is not upgraded")
                .isEqualTo(new ReceiptWithTip("r2", 1, 7));
    }

    @Test
    void handle_outcomeThatTheCodecCannotRead_isUnreadableWithItsBytes() {
        OutcomeCodec<Receipt> broken = OutcomeCodec.of("json", receipt -> "{".getBytes(UTF_8), bytes -> {
            throw new IllegalStateException("broken off");
        });
        IdempotentHandler<Receipt> payments = built(IdempotentHandler.on(store, "payments", broken));
        payments.handle("order-1", null, execution -> charge(new Request("card", 1)));
        assertThat(payments.tryHandle(Call.of("order-1"), execution -> charge(new Request("card", 1))))
                .isInstanceOfSatisfying(Outcome.Unreadable.class, unreadable -> {
                    assertThat(unreadable.reason()).contains("broken off");
                    assertThat(unreadable.stored().isPresent()).isTrue();
                });
        assertThat(runs).hasValue(1);
    }

    /** The effect has taken place: that its outcome cannot be written must not let it happen again. */
    @Test
    void handle_outcomeThatTheCodecCannotWrite_isDoneAndUnreadableLater() {
        OutcomeCodec<Receipt> broken = OutcomeCodec.of(
                "json",
                receipt -> {
                    throw new IllegalStateException("no writer");
                },
                bytes -> new Receipt("", 0));
        IdempotentHandler<Receipt> payments = built(IdempotentHandler.on(store, "payments", broken));
        assertThat(payments.handle("order-1", null, execution -> charge(new Request("card", 1))))
                .isEqualTo(new Receipt("r1", 1));
        assertThat(payments.tryHandle(Call.of("order-1"), execution -> charge(new Request("card", 1))))
                .isInstanceOf(Outcome.Unreadable.class);
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_codecThrowsAnErrorWhileWriting_isDoneAndNotRunAgain() {
        OutcomeCodec<Receipt> broken = OutcomeCodec.of(
                "json",
                receipt -> {
                    throw new StackOverflowError();
                },
                bytes -> new Receipt("", 0));
        IdempotentHandler<Receipt> payments =
                built(IdempotentHandler.on(store, "payments", broken).withLease(Duration.ofMillis(50)));
        payments.handle("order-1", null, execution -> charge(new Request("card", 1)));
        payments.tryHandleAsync(
                        Call.of("order-2"),
                        execution ->
                                java.util.concurrent.CompletableFuture.completedStage(charge(new Request("card", 1))))
                .toCompletableFuture()
                .join();
        for (String order : List.of("order-1", "order-2")) {
            assertThat(payments.tryHandle(Call.of(order), execution -> charge(new Request("card", 1))))
                    .isInstanceOf(Outcome.Unreadable.class);
        }
        assertThat(runs).hasValue(2);
    }

    @Test
    void handle_codecThrowsAnErrorWhileReading_isUnreadable() {
        OutcomeCodec<Receipt> broken = OutcomeCodec.of("json", receipt -> new byte[0], bytes -> {
            throw new NoClassDefFoundError("com/example/Receipt");
        });
        IdempotentHandler<Receipt> payments = built(IdempotentHandler.on(store, "payments", broken));
        payments.handle("order-1", null, execution -> charge(new Request("card", 1)));
        assertThat(payments.tryHandle(Call.of("order-1"), execution -> charge(new Request("card", 1))))
                .isInstanceOf(Outcome.Unreadable.class);
    }

    @Test
    void withWait_longerThanAnyClock_waits() {
        IdempotentHandler<Receipt> payments = receipts();
        assertThat(payments.handle(
                        Call.of("order-1").withWait(Duration.ofSeconds(Long.MAX_VALUE)),
                        execution -> charge(new Request("card", 1))))
                .isNotNull();
    }

    @Test
    void on_codecWithoutAUsableNameOrVersion_isRefused() {
        OutcomeCodec<String> nameless = OutcomeCodec.of("", text -> text.getBytes(UTF_8), String::new);
        OutcomeCodec<String> reserved = OutcomeCodec.of("rejection", text -> text.getBytes(UTF_8), String::new);
        assertThatIllegalArgumentException().isThrownBy(() -> IdempotentHandler.on(store, "test", nameless));
        assertThatIllegalArgumentException().isThrownBy(() -> IdempotentHandler.on(store, "test", reserved));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OutcomeCodec.string().withVersion(1, (bytes, version) -> bytes))
                .withMessageContaining("newVersion must be more than 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotentHandler.on(
                        store, "test", OutcomeCodec.string().withVersion(70_000, (bytes, version) -> bytes)));
    }

    // All answers

    @Test
    void fold_everyAnswer_hasAValueOrTheReasonWhyNot() {
        Duration left = Duration.ofSeconds(3);
        assertThat(folded(new Outcome.Processed<>("a"))).isEqualTo("a");
        assertThat(folded(new Outcome.Replayed<>("b"))).isEqualTo("b");
        assertThat(folded(new Outcome.Replayed<>(null))).isEqualTo("null");
        assertThat(folded(new Outcome.Rejected<>("code", "why", true))).isEqualTo("OperationRejectedException: why");
        assertThat(folded(new Outcome.InProgress<>(left)))
                .startsWith("OperationInProgressException: ")
                .contains("PT3S");
        assertThat(folded(new Outcome.Conflict<>())).startsWith("IdempotencyConflictException: ");
        assertThat(folded(new Outcome.Unknown<>())).startsWith("OutcomeUnknownException: ");
        assertThat(folded(new Outcome.Unreadable<>("torn", java.util.Optional.empty())))
                .startsWith("OutcomeUnreadableException: ")
                .contains("torn");
    }

    private static String folded(Outcome<String> outcome) {
        return outcome.fold(String::valueOf, reason -> reason.getClass().getSimpleName() + ": " + reason.getMessage());
    }

    @Test
    void isReplayed_everyAnswer_saysWhetherACallBeforeHadIt() {
        assertThat(new Outcome.Processed<>("a").isReplayed()).isFalse();
        assertThat(new Outcome.Replayed<>("a").isReplayed()).isTrue();
        assertThat(new Outcome.Rejected<>("code", "why", false).isReplayed()).isFalse();
        assertThat(new Outcome.Rejected<>("code", "why", true).isReplayed()).isTrue();
        assertThat(new Outcome.InProgress<>(Duration.ZERO).isReplayed()).isFalse();
        assertThat(new Outcome.Unreadable<>("torn", java.util.Optional.empty()).isReplayed())
                .isTrue();
    }

    // Settings of one call

    @Test
    void withTtl_ofACall_isThatOfItsOutcome() {
        IdempotentHandler<Receipt> payments = receipts();
        payments.handle(Call.of("order-1").withTtl(Duration.ofMillis(1)), execution -> charge(new Request("card", 1)));
        org.awaitility.Awaitility.await().until(() -> {
            payments.handle("order-1", null, execution -> charge(new Request("card", 1)));
            return runs.get() == 2;
        });
        payments.handle("order-1", null, execution -> charge(new Request("card", 1)));
        assertThat(runs).hasValue(2);
    }

    @Test
    void withLeaseAndScope_ofACall_areThoseOfItsClaim() {
        IdempotentHandler<Receipt> payments = receipts();
        Call call = Call.of("order-1").withinScope("tenant").withLease(Duration.ofSeconds(7));
        payments.handle(call, execution -> {
            assertThat(execution.claim().request().leaseFor()).isEqualTo(Duration.ofSeconds(7));
            return charge(new Request("card", 1));
        });
        payments.within("tenant").handle("order-1", null, execution -> charge(new Request("card", 1)));
        assertThat(runs).as("the same scope").hasValue(1);
    }

    @Test
    void withWait_ofACall_isHowLongItWaits() {
        IdempotentHandler<Receipt> payments = receipts();
        payments.handle("order-1", null, execution -> {
            assertThatExceptionOfType(OperationInProgressException.class)
                    .isThrownBy(() -> payments.handle(
                            Call.of("order-1").withWait(Duration.ZERO), other -> charge(new Request("card", 1))))
                    .satisfies(busy -> assertThat(busy.retryAfter()).isPositive());
            return charge(new Request("card", 1));
        });
    }

    @Test
    void call_durationsThatCannotBe_areRefused() {
        Call call = Call.of("order-1");
        assertThatIllegalArgumentException().isThrownBy(() -> call.withLease(Duration.ofMillis(9)));
        assertThatIllegalArgumentException().isThrownBy(() -> call.withTtl(Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> call.withWait(Duration.ofMillis(-1)));
    }

    private Receipt charge(Request request) {
        return new Receipt("r" + runs.incrementAndGet(), request.cents());
    }

    private IdempotentHandler<Receipt> receipts() {
        return built(IdempotentHandler.on(store, "payments", Receipt.class));
    }

    private <T> IdempotentHandler<T> built(HandlerBuilder<T> builder) {
        IdempotentHandler<T> handler = builder.build();
        handlers.add(handler);
        return handler;
    }
}
