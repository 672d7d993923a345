// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.kafka.streams.StreamsConfig;

/** What is wrong with the names of a relay's topics, by Kafka's rules for them. */
final class TopicNames {
    private static final int MAX_LENGTH = 249;
    private static final Pattern LEGAL = Pattern.compile("[a-zA-Z0-9._-]+");

    private TopicNames() {}

    /** Whether there can be a topic of that name. */
    static boolean isPossible(String topic) {
        return topic.length() <= MAX_LENGTH && LEGAL.matcher(topic).matches();
    }

    /** What can be said without a cluster. */
    static List<ConfigProblem> problems(RelayTopics topics) {
        List<ConfigProblem> problems = new ArrayList<>();
        if (!LEGAL.matcher(topics.applicationId()).matches()) {
            problems.add(ofApplication(
                    topics,
                    "The names of its topics begin with it, and no topic has such a name",
                    "Use letters, digits, '.', '_' and '-' only"));
            return problems;
        }
        for (String topic : topics.sources()) {
            // A pattern stands for topics that are there.
            ofRoute(topic.replace("*", "x"), problems);
        }
        for (String topic : topics.written()) {
            ofRoute(topic, problems, topics.keyOf(topic));
        }
        if (!problems.isEmpty()) {
            return problems;
        }
        for (String topic : topics.internal()) {
            if (topic.length() > MAX_LENGTH) {
                problems.add(ofApplication(
                        topics,
                        "The topic " + topic + " would have a name of " + topic.length()
                                + " characters, and Kafka takes " + MAX_LENGTH,
                        "Shorten it, or the name of the source, by " + (topic.length() - MAX_LENGTH)
                                + "; a new application.id starts with nothing remembered"));
            }
        }
        problems.addAll(collisions(topics, topics.all()));
        return problems;
    }

    /**
     * Topics of the relay whose names differ from others in {@code .} and {@code _} only.
     *
     * @param others those that are there or will be
     */
    static List<ConfigProblem> collisions(RelayTopics topics, Collection<String> others) {
        Map<String, String> byMetric = new TreeMap<>();
        others.forEach(other -> byMetric.put(other.replace('.', '_'), other));
        List<ConfigProblem> problems = new ArrayList<>();
        for (String topic : topics.all()) {
            String other = byMetric.getOrDefault(topic.replace('.', '_'), topic);
            boolean isInternal = topics.internal().contains(topic);
            // Topics of Kafka Streams collide with each other where their sources do.
            if (other.equals(topic) || (isInternal && topics.internal().contains(other))) {
                continue;
            }
            problems.add(new ConfigProblem(
                    Code.NAMES_COLLIDE,
                    isInternal ? StreamsConfig.APPLICATION_ID_CONFIG : topics.keyOf(topic),
                    isInternal ? topics.applicationId() : topic,
                    (isInternal ? "Its topic " + topic : "It") + " differs from the topic " + other
                            + " in '.' and '_' only, and Kafka has only one of both",
                    "Choose another name"));
        }
        return problems;
    }

    private static void ofRoute(String topic, List<ConfigProblem> problems) {
        ofRoute(topic, problems, DedupConfig.ROUTES);
    }

    private static void ofRoute(String topic, List<ConfigProblem> problems, String key) {
        boolean isLegal = LEGAL.matcher(topic).matches() && !topic.equals(".") && !topic.equals("..");
        if (!isLegal || topic.length() > MAX_LENGTH) {
            problems.add(new ConfigProblem(
                    Code.TOPIC_NAME_INVALID,
                    key,
                    topic,
                    isLegal
                            ? "It has " + topic.length() + " characters, and Kafka takes " + MAX_LENGTH
                            : "No topic has such a name",
                    "Name a topic with 1 to " + MAX_LENGTH
                            + " letters, digits, '.', '_' and '-', other than '.' and '..'"));
        }
    }

    private static ConfigProblem ofApplication(RelayTopics topics, String message, String fix) {
        return new ConfigProblem(
                Code.INTERNAL_NAME_INVALID, StreamsConfig.APPLICATION_ID_CONFIG, topics.applicationId(), message, fix);
    }
}
