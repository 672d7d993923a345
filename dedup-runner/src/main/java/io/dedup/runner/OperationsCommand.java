// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Looks at the operations of handlers and consumers in a store, and repairs them. */
@Command(
        name = "operations",
        mixinStandardHelpOptions = true,
        description = {
            "Shows the operations of handlers in a store, and repairs them.",
            "Shows what is in progress, stuck, unknown or failed in the store of a handler or of dedup.consumer.store, and "
                    + "resolves or forgets one operation by hand."
        },
        subcommands = {
            OperationsListCommand.class,
            OperationsShowCommand.class,
            OperationsResolveCommand.class,
            OperationsForgetCommand.class
        },
        footerHeading = "%nStates:%n",
        footer = {
            "  in-progress  an owner holds the lease",
            "  stuck        the lease is over, and its owner has not said how it ended; the next call takes it over",
            "  released     a run has failed or was not begun; the next call runs it",
            "  unknown      it may have been done, and is not run again until that is found out",
            "  succeeded    it is done",
            "  failed       it has failed for good"
        })
final class OperationsCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
