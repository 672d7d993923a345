// SPDX-License-Identifier: Apache-2.0
package io.confluent.kafka.schemaregistry.client.rest.exceptions;

import java.io.IOException;

/** What the client of a registry throws, by its name and what is asked of it: that client is no dependency. */
public class RestClientException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;

    /** An answer with that status. */
    public RestClientException(int status) {
        super("status " + status);
        this.status = status;
    }

    /** The status of the answer. */
    public int getStatus() {
        return status;
    }
}
