// A network between a client and a server that can be cut: bytes stop, with or without the connection's end.

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * How a network is cut. `freeze`: nothing passes, and no one is told; what was open stays dead when the cut is over.
 * `close`: connections are closed, and new ones as soon as they are made.
 */
export type NetworkCut = "freeze" | "close";

/** Hands connections on to a server on this machine. */
export class CuttingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #frozen = new Set<Socket>();
  #cut: NetworkCut | undefined;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client: Socket) => this.#join(client, targetPort));
  }

  /** @param targetPort of the server, which need not be there */
  static async start(targetPort: number): Promise<CuttingProxy> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new CuttingProxy(server, targetPort);
  }

  cut(how: NetworkCut): void {
    this.#cut = how;
    if (how === "freeze") this.#frozen = new Set([...this.#frozen, ...this.#open]);
    else for (const socket of this.#open) socket.destroy();
  }

  /** New connections work again. */
  heal(): void {
    this.#cut = undefined;
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await once(this.#server.close(), "close");
  }

  #join(client: Socket, targetPort: number): void {
    if (this.#cut === "close") {
      client.destroy();
      return;
    }
    const server = connect(targetPort, "127.0.0.1");
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#open.add(from);
      if (this.#cut === "freeze") this.#frozen.add(from);
      from.on("error", () => undefined);
      from.on("data", (bytes) => {
        if (!this.#frozen.has(from)) to.write(bytes);
      });
      from.on("close", () => {
        // Of a frozen connection, its other end is not told; it goes with the proxy.
        if (!this.#frozen.has(from)) to.destroy();
        this.#open.delete(from);
        this.#frozen.delete(from);
      });
    }
  }
}
