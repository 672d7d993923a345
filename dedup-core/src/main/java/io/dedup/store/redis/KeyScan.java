// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads the keys of a store in blocks, one primary server after the other, by {@code SCAN}. A driver sends scripts to where
 * their keys are, so a server is reached by a key that is in one of its slots. Thread-safe.
 */
final class KeyScan {
    /** Keys that a server looks at for a block. */
    private static final int BLOCK = 500;

    private static final int SLOTS = 16_384;
    private static final int POLYNOMIAL = 0x1021;
    private static final String BEGINNING = "0";

    /** The first slot and the id of each primary, for each of its ranges; nothing where there is no cluster. */
    private static final Script PRIMARIES = Script.of("""
            local slots = {}
            if string.find(redis.call('INFO', 'cluster'), 'cluster_enabled:1', 1, true) then
              for _, range in ipairs(redis.call('CLUSTER', 'SLOTS')) do
                slots[#slots + 1] = tostring(range[1])
                slots[#slots + 1] = range[3][3]
              end
            end
            return slots
            """);

    /** Where to go on, and keys. */
    private static final Script SCAN = Script.of("""
            local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
            local reply = {found[1]}
            for i, key in ipairs(found[2]) do
              reply[i + 1] = key
            end
            return reply
            """);

    private final RedisDriver driver;
    private final byte[] prefix;

    KeyScan(RedisDriver driver, byte[] prefix) {
        this.driver = driver;
        this.prefix = prefix;
    }

    /**
     * Some keys, without the prefix of the store.
     *
     * @param next where the next block begins; empty if this is the last one
     */
    record Block(List<byte[]> keys, Optional<String> next) {}

    /**
     * A place between two blocks.
     *
     * @param slot the first of the server; 0 where there is no cluster
     * @param cursor of that server
     */
    private record Place(int slot, String cursor) {
        static Place of(String text) {
            if (!text.matches("\\d{1,5}:\\d{1,20}")) {
                throw new IllegalArgumentException("cursor must be one that a page has named: " + text);
            }
            int colon = text.indexOf(':');
            return new Place(Integer.parseInt(text.substring(0, colon)), text.substring(colon + 1));
        }

        @Override
        public String toString() {
            return slot + ":" + cursor;
        }
    }

    /**
     * Reads a block. A key that is there during all blocks is in one of them at least, unless it moves from server to server
     * meanwhile.
     *
     * @param beginning of the keys that are wanted, without the prefix of the store
     * @param from where it begins; empty for the first block
     * @throws IllegalArgumentException if it is no such place
     * @throws IllegalStateException if a server cannot be reached, or another has its slots
     */
    Block read(byte[] beginning, Optional<String> from) {
        Optional<Place> wanted = from.map(Place::of);
        NavigableMap<Integer, byte[]> servers = servers();
        Place place = wanted.orElseGet(() -> new Place(servers.firstKey(), BEGINNING));
        byte[] server = servers.get(place.slot());
        if (server == null) {
            throw new IllegalStateException("The slots of the cluster have moved; begin the list again");
        }
        List<byte[]> arguments = List.of(
                place.cursor().getBytes(US_ASCII),
                pattern(beginning),
                Integer.toString(BLOCK).getBytes(US_ASCII));
        List<byte[]> reply = run(SCAN, server, arguments);
        String cursor = new String(reply.get(0), US_ASCII);
        Integer after = servers.higherKey(place.slot());
        Optional<String> next = Optional.empty();
        if (!cursor.equals(BEGINNING)) {
            next = Optional.of(new Place(place.slot(), cursor).toString());
        } else if (after != null) {
            next = Optional.of(new Place(after, BEGINNING).toString());
        }
        List<byte[]> keys = reply.subList(1, reply.size()).stream()
                .map(key -> Arrays.copyOfRange(key, prefix.length, key.length))
                .toList();
        return new Block(keys, next);
    }

    /** A key on each primary, by the first slot of it. */
    private NavigableMap<Integer, byte[]> servers() {
        List<byte[]> reply = run(PRIMARIES, prefix, List.of());
        Map<String, Integer> first = new LinkedHashMap<>();
        for (int i = 0; i < reply.size(); i += 2) {
            int slot = Integer.parseInt(new String(reply.get(i), US_ASCII));
            first.merge(new String(reply.get(i + 1), UTF_8), slot, Math::min);
        }
        NavigableMap<Integer, byte[]> servers = new TreeMap<>();
        first.values().forEach(slot -> servers.put(slot, keyIn(slot)));
        if (servers.isEmpty()) {
            servers.put(0, prefix);
        }
        return servers;
    }

    private List<byte[]> run(Script script, byte[] key, List<byte[]> arguments) {
        ScriptCall call = ScriptCall.of(script, key, arguments).whole();
        ScriptReply reply = driver.run(List.of(call), Replicas.NONE).get(0);
        if (reply instanceof ScriptReply.Answered answered) {
            return answered.values();
        } else if (reply instanceof ScriptReply.Refused refused) {
            throw new IllegalStateException("Redis refuses to list its keys: " + refused.error(), refused.cause());
        }
        Throwable cause = ((ScriptReply.Unanswered) reply).cause();
        throw new IllegalStateException("Redis does not answer: " + cause.getMessage(), cause);
    }

    /** A glob for what begins so, in which what stands for others stands for itself. */
    private byte[] pattern(byte[] beginning) {
        ByteArrayOutputStream pattern = new ByteArrayOutputStream();
        for (byte[] part : List.of(prefix, beginning)) {
            for (byte each : part) {
                if ("*?[]^-\\".indexOf(each) >= 0) {
                    pattern.write('\\');
                }
                pattern.write(each);
            }
        }
        pattern.write('*');
        return pattern.toByteArray();
    }

    private static byte[] keyIn(int slot) {
        for (int i = 0; ; i++) {
            byte[] key = ("dedup-slot-" + i).getBytes(US_ASCII);
            if (crc16(key) % SLOTS == slot) {
                return key;
            }
        }
    }

    /** As Redis Cluster hashes keys: CRC-16/XMODEM, <a href="https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/">cluster specification</a>. */
    private static int crc16(byte[] bytes) {
        int crc = 0;
        for (byte each : bytes) {
            crc ^= (each & 0xff) << Byte.SIZE;
            for (int bit = 0; bit < Byte.SIZE; bit++) {
                crc = (crc & 0x8000) == 0 ? crc << 1 : crc << 1 ^ POLYNOMIAL;
            }
        }
        return crc & 0xffff;
    }
}
