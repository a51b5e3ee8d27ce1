// A proxy before Redis through which everything passes but what a worker asks for jobs, once it has waited for one: its
// connections are there, new ones too, and nothing is answered.

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** What a client sends to wait for a job. */
const WAITS = /bzpopmin/i;

/** What a client sends to wait for a job, or to look for one. */
const ASKS = /bzpopmin|\r\neval/i;

/** A proxy on a port of its own. */
export class DeafProxy {
  /** True: connections on which a client asks for a job from now on stay silent, whatever comes later. */
  isDeaf = true;
  readonly #waits: PromiseWithResolvers<void> = Promise.withResolvers();
  #hasWaited = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = connect(target, "127.0.0.1");
      let isSilent = false;
      client.on("data", (bytes) => {
        const text = bytes.toString("latin1");
        if (WAITS.test(text)) this.#waited();
        isSilent ||= this.isDeaf && this.#hasWaited && ASKS.test(text);
        if (!isSilent) server.write(bytes);
      });
      server.on("data", (bytes) => isSilent || client.write(bytes));
      for (const [socket, other] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
    });
  }

  static async start(target: number): Promise<DeafProxy> {
    const proxy = new DeafProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** Resolves when a client waits for a job. */
  get hasWaiting(): Promise<void> {
    return this.#waits.promise;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  #waited(): void {
    this.#hasWaited = true;
    this.#waits.resolve();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
