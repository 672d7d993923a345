// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.store.admin.Repair;
import io.dedup.store.admin.StoredOperation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Forgets an operation. */
@Command(
        name = "forget",
        mixinStandardHelpOptions = true,
        description = {
            "Forgets an operation.",
            "Forgets an operation, however it ended: the next call with its key runs it. If it was done it is then done twice. A "
                    + "dry run unless --apply is given."
        })
final class OperationsForgetCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private StoreOptions storeOptions = new StoreOptions();

    @Mixin
    private OperationOptions operationOptions = new OperationOptions();

    @Mixin
    private RepairOptions repairOptions = new RepairOptions();

    @Override
    public Integer call() {
        try (StoreSession session = storeOptions.open()) {
            StoredOperation seen = operationOptions.find(session);
            return repairOptions.run(
                    "forget", session, seen, Repair.forget(), spec.commandLine().getOut());
        }
    }
}
