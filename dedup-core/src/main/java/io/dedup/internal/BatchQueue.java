// SPDX-License-Identifier: Apache-2.0
package io.dedup.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Elements that are worked on together: those that are added while a batch is worked on are in the next. One batch at a time.
 *
 * <p>Thread-safe.
 */
public final class BatchQueue<T> {
    private final int maxBatch;
    private final Executor executor;
    private final Consumer<List<T>> work;
    private final Queue<T> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    /**
     * An empty queue.
     *
     * @param maxBatch how many elements a batch has at most; at least 1
     * @param executor runs the work, unless it has ended
     * @param work receives each batch, which has at least one element. Does not throw
     */
    public BatchQueue(int maxBatch, Executor executor, Consumer<List<T>> work) {
        this.maxBatch = maxBatch;
        this.executor = executor;
        this.work = work;
    }

    /** Adds an element to the next batch. */
    public void add(T element) {
        waiting.add(element);
        schedule();
    }

    private void schedule() {
        if (scheduled.compareAndSet(false, true)) {
            executor.execute(this::drain);
        }
    }

    private void drain() {
        try {
            for (List<T> batch = next(); !batch.isEmpty(); batch = next()) {
                work.accept(batch);
            }
        } finally {
            scheduled.set(false);
        }
        if (!waiting.isEmpty()) {
            schedule();
        }
    }

    private List<T> next() {
        List<T> batch = new ArrayList<>();
        while (batch.size() < maxBatch) {
            T element = waiting.poll();
            if (element == null) {
                break;
            }
            batch.add(element);
        }
        return batch;
    }
}
