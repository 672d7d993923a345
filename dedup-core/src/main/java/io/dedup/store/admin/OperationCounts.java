// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The numbers of operations that a store holds. Immutable.
 *
 * @param groups by scope, and in it by state; those without operations are left out
 */
public record OperationCounts(List<Group> groups) {
    /** The scope under which {@link #withScopes} counts those that are too many. */
    public static final String OTHER_SCOPES = "(other)";

    /**
     * The operations of one scope in one state.
     *
     * @param oldest how long ago the first of them was first claimed; zero if there are none
     */
    public record Group(String scope, OperationState state, long count, Duration oldest) {
        private Group plus(Group other) {
            return new Group(
                    scope, state, count + other.count, oldest.compareTo(other.oldest) >= 0 ? oldest : other.oldest);
        }
    }

    private record Place(String scope, OperationState state) {}

    /** Counts. */
    public OperationCounts {
        groups = List.copyOf(groups);
    }

    /** The sum of these groups, of which several may have the same scope and state. */
    public static OperationCounts of(Collection<Group> counted) {
        Map<Place, Group> sums = new HashMap<>();
        counted.forEach(group -> sums.merge(new Place(group.scope(), group.state()), group, Group::plus));
        List<Group> sorted = new ArrayList<>(sums.values());
        sorted.sort(Comparator.comparing(Group::scope).thenComparing(Group::state));
        return new OperationCounts(sorted);
    }

    /** What has been counted one by one. */
    public static OperationCounts ofOperations(Collection<StoredOperation> operations) {
        return of(operations.stream()
                .map(each -> new Group(each.key().scope(), each.state(), 1, each.age()))
                .toList());
    }

    /** The scopes with operations, in alphabetical order. */
    public SortedSet<String> scopes() {
        return groups.stream().map(Group::scope).collect(Collectors.toCollection(TreeSet::new));
    }

    /** The operations of that scope in that state, which may be none. */
    public Group group(String scope, OperationState state) {
        return groups.stream()
                .filter(group -> group.scope().equals(scope) && group.state() == state)
                .findFirst()
                .orElseGet(() -> new Group(scope, state, 0, Duration.ZERO));
    }

    /** How many there are in that state, over all scopes. */
    public long count(OperationState state) {
        return groups.stream()
                .filter(group -> group.state() == state)
                .mapToLong(Group::count)
                .sum();
    }

    /** How long ago the first of those in that state was first claimed; zero if there are none. */
    public Duration oldest(OperationState state) {
        return groups.stream()
                .filter(group -> group.state() == state)
                .map(Group::oldest)
                .max(Comparator.naturalOrder())
                .orElse(Duration.ZERO);
    }

    /**
     * The same with a bounded number of scopes: those with the most open operations, and the others together as {@value
     * #OTHER_SCOPES}.
     *
     * @param atMost how many stay as they are; at least 0
     */
    public OperationCounts withScopes(int atMost) {
        Map<String, Long> open = new HashMap<>();
        groups.forEach(group -> open.merge(group.scope(), group.state().isOpen() ? group.count() : 0, Long::sum));
        Set<String> kept = open.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .limit(atMost)
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(HashSet::new));
        return of(groups.stream()
                .map(group -> kept.contains(group.scope())
                        ? group
                        : new Group(OTHER_SCOPES, group.state(), group.count(), group.oldest()))
                .toList());
    }
}
