// A proxy before a PostgreSQL server whose packets vanish when a test says so.

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Hands connections on to a server, until it swallows what is sent on those that there are. */
export class FreezingProxy {
  readonly #server: Server;
  #frozen: Set<Socket>[] = [];
  #open = new Set<Socket>();
  #isRefusing = false;

  /** `target` is the url of a database. */
  constructor(target: URL) {
    const host = target.searchParams.get("host") ?? target.hostname;
    const port = target.port || "5432";
    this.#server = createServer((client) => {
      const group = this.#open;
      const isFrozen = (): boolean => this.#frozen.includes(group) || this.#isRefusing;
      const server = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(Number(port), host);
      for (const socket of [client, server]) {
        group.add(socket);
        socket.on("error", () => undefined);
      }
      client.on("data", (bytes) => isFrozen() || server.write(bytes));
      server.on("data", (bytes) => isFrozen() || client.write(bytes));
      client.on("close", () => isFrozen() || server.destroy());
      server.on("close", () => isFrozen() || client.destroy());
    });
  }

  /** Resolves to the port that it listens on. */
  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as { port: number }).port;
  }

  /** From now on nothing passes on what is open; what comes later passes. */
  freeze(): void {
    this.#frozen.push(this.#open);
    this.#open = new Set();
  }

  /** From now on nothing passes at all. */
  swallow(): void {
    this.#isRefusing = true;
  }

  /** Cuts all connections off. */
  close(): void {
    for (const group of [...this.#frozen, this.#open]) for (const socket of group) socket.destroy();
    this.#server.close();
  }
}
