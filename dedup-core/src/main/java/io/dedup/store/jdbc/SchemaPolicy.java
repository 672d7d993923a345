// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

/** The treatment of the table when a store is opened. */
public enum SchemaPolicy {
    /** It is created if it is not there. For development, and where the application owns its schema. */
    CREATE,

    /** It has to be there with the columns that are needed. For where it is created by other means, from the files shipped. */
    CHECK
}
