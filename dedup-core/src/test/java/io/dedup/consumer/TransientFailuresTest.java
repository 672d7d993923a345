// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonMappingException;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TransientFailuresTest {
    static Stream<Throwable> passing() {
        return Stream.of(
                new ConnectException("refused"),
                new SocketTimeoutException("late"),
                new UnknownHostException("registry"),
                new HttpConnectTimeoutException("late"),
                new TimeoutException("late"),
                new org.apache.kafka.common.errors.TimeoutException("late"),
                new RestClientException(500),
                new RestClientException(429),
                new RestClientException(401) {});
    }

    static Stream<Throwable> lasting() {
        return Stream.of(
                new IOException("what Protobuf says of malformed bytes"),
                new EOFException("what Avro says"),
                new JsonMappingException(null, "what Jackson says"),
                new InvalidConfigurationException("wrong"),
                new RestClientException(404),
                new IllegalArgumentException("wrong"));
    }

    @ParameterizedTest
    @MethodSource("passing")
    void isTransient_causedByWhatMayPass_isTrue(Throwable cause) {
        assertThat(TransientFailures.isTransient(cause)).isTrue();
        assertThat(TransientFailures.isTransient(new SerializationException("wrapped", new IOException(cause))))
                .isTrue();
    }

    @ParameterizedTest
    @MethodSource("lasting")
    void isTransient_causedByTheRecord_isFalse(Throwable cause) {
        assertThat(TransientFailures.isTransient(new SerializationException("wrapped", cause)))
                .isFalse();
    }
}
