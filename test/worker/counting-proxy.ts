// A proxy in front of a server that counts the bytes that go to its clients.

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Passes all connections on. */
export class CountingProxy implements AsyncDisposable {
  readonly url: string;
  bytes = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connection", (client: Socket) => {
      const there = connect(Number(target.port), target.hostname);
      there.on("data", (chunk: Buffer) => {
        this.bytes += chunk.length;
      });
      client.pipe(there).pipe(client);
      for (const socket of [client, there]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => this.#sockets.delete(socket));
      }
    });
  }

  /** @param url of the server behind it */
  static async start(url: string): Promise<CountingProxy> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new CountingProxy(server, new URL(url));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }
}
