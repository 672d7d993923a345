// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** Passes on what a client and a server say, until it is cut: then every connection ends, and no other begins. */
final class CuttableProxy implements AutoCloseable {
    private final ServerSocket entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final AtomicLong answersLeft = new AtomicLong(Long.MAX_VALUE);
    private final String host;
    private final int port;

    CuttableProxy(String host, int port) throws IOException {
        this.host = host;
        this.port = port;
        daemon(this::accept);
    }

    int port() {
        return entrance.getLocalPort();
    }

    /** Cuts after so many more bytes of the server. */
    void cutAfter(int bytes) {
        answersLeft.set(bytes);
    }

    private void accept() {
        while (!entrance.isClosed()) {
            try {
                Socket client = entrance.accept();
                Socket server = new Socket(host, port);
                sockets.add(client);
                sockets.add(server);
                daemon(() -> pass(client, server, new AtomicLong(Long.MAX_VALUE)));
                daemon(() -> pass(server, client, answersLeft));
            } catch (IOException cut) {
                return;
            }
        }
    }

    private void pass(Socket from, Socket to, AtomicLong left) {
        byte[] bytes = new byte[1024];
        try {
            InputStream input = from.getInputStream();
            OutputStream output = to.getOutputStream();
            for (int read = input.read(bytes); read >= 0; read = input.read(bytes)) {
                int passed = (int) Math.min(read, left.getAndAdd(-read));
                output.write(bytes, 0, Math.max(0, passed));
                output.flush();
                if (passed < read) {
                    close();
                    return;
                }
            }
        } catch (IOException cut) {
            close();
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "cuttable-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        try {
            entrance.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException failed) {
            throw new UncheckedIOException("The proxy cannot be closed", failed);
        }
    }
}
