// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.ledger;

import java.nio.file.Path;

/**
 * Where a database is, PostgreSQL or H2.
 *
 * @param url for JDBC, with user and password if need be: not to be shown
 */
public record Database(String url) {
    /** One in files of its own. */
    public static Database in(Path directory, String name) {
        return new Database("jdbc:h2:file:" + directory.toAbsolutePath().resolve(name) + ";DB_CLOSE_ON_EXIT=FALSE");
    }

    /** Where it is, and nothing that is secret. */
    @Override
    public String toString() {
        int secret = url.indexOf('?');
        return secret < 0 ? url : url.substring(0, secret);
    }
}
