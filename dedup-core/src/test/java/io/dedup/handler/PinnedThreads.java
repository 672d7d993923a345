// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/** Watches for virtual threads that wait and keep the thread that carries them, with the flight recorder of Java 21 or later. */
final class PinnedThreads {
    private static final Duration PINNED_FOR = Duration.ofMillis(20);
    private static final int SHOWN = 5;
    private static final List<String> OF_JAVA = List.of("java.", "javax.", "jdk.", "sun.");
    private static final List<String> OF_THIS_TEST =
            List.of(PinnedThreads.class.getName(), VirtualCallers.class.getName());

    private final Recording recording;

    private PinnedThreads(Recording recording) {
        this.recording = recording;
    }

    static PinnedThreads watch() {
        Recording recording = new Recording();
        recording.enable("jdk.VirtualThreadPinned").withThreshold(Duration.ZERO).withStackTrace();
        recording.start();
        return new PinnedThreads(recording);
    }

    /** Waits with a monitor held: seen where monitors pin and pinned threads are recorded. */
    static void pin() {
        Object monitor = new Object();
        synchronized (monitor) {
            long until = System.nanoTime() + PINNED_FOR.toNanos();
            for (long left = PINNED_FOR.toNanos(); left > 0; left = until - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        }
    }

    /** Writes down what was seen. */
    void end(Properties result) throws IOException {
        recording.stop();
        Path file = Files.createTempFile("pinned", ".jfr");
        List<RecordedEvent> all;
        try {
            recording.dump(file);
            all = RecordingFile.readAllEvents(file);
        } finally {
            recording.close();
            Files.delete(file);
        }
        List<RecordedEvent> own = all.stream().filter(PinnedThreads::isOwn).toList();
        boolean seen = all.stream()
                .anyMatch(event -> frames(event).anyMatch(frame -> type(frame).equals(PinnedThreads.class.getName())));
        result.setProperty("pinned.by.monitor", String.valueOf(seen));
        result.setProperty("pinned", String.valueOf(own.size()));
        result.setProperty("pinned.in.libraries.too", String.valueOf(all.size()));
        result.setProperty(
                "pinned.where",
                own.stream()
                        .sorted((a, b) -> b.getDuration().compareTo(a.getDuration()))
                        .limit(SHOWN)
                        .map(PinnedThreads::shown)
                        .collect(Collectors.joining("\n")));
    }

    /** Whether the thread waits for what a class of this project has called, and not for what a driver does in itself. */
    private static boolean isOwn(RecordedEvent event) {
        if (frames(event).map(PinnedThreads::type).anyMatch(type -> type.endsWith("ClassLoader"))) {
            return false; // A class is loaded for the first time, which is the monitor of Java, once.
        }
        Optional<String> waiting = frames(event)
                .map(PinnedThreads::type)
                .filter(type -> OF_JAVA.stream().noneMatch(type::startsWith))
                .findFirst();
        return waiting.filter(type ->
                        type.startsWith("io.dedup.") && OF_THIS_TEST.stream().noneMatch(type::startsWith))
                .isPresent();
    }

    private static Stream<RecordedFrame> frames(RecordedEvent event) {
        return event.getStackTrace() == null ? Stream.empty() : event.getStackTrace().getFrames().stream();
    }

    private static String type(RecordedFrame frame) {
        return frame.getMethod().getType().getName();
    }

    private static String shown(RecordedEvent event) {
        return event.getDuration()
                + frames(event)
                        .map(frame -> "\n    " + type(frame) + "."
                                + frame.getMethod().getName() + ":" + frame.getLineNumber())
                        .collect(Collectors.joining());
    }
}
