// How a process under test tells the test that it has come somewhere, and, by dying, that it is gone.

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";

/** Modules under test ring with this: `await ring("name")` returns when the test's side has heard. */
export function ringSource(socketPath: string): string {
  return `
    import { connect } from "node:net";
    async function ring(name) {
      const socket = connect(${JSON.stringify(socketPath)});
      socket.write(name);
      await new Promise((heard) => socket.once("data", heard));
      socket.unref();
    }`;
}

interface Call {
  readonly name: string;
  /** Resolves when the process that rang is gone. */
  readonly gone: Promise<void>;
}

/** A socket that processes ring and hold until they end. */
export class Bell {
  readonly path: string;
  readonly #server: Server;
  readonly #calls = new Map<string, PromiseWithResolvers<Call>>();
  readonly #sockets = new Set<Socket>();

  static async hang(dir: string): Promise<Bell> {
    const bell = new Bell(join(dir, "bell"));
    bell.#server.listen(bell.path);
    await once(bell.#server, "listening");
    return bell;
  }

  private constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      const gone = Promise.withResolvers<void>();
      socket.on("error", () => undefined);
      socket.on("close", () => gone.resolve());
      socket.once("data", (data) => {
        const name = data.toString();
        this.#call(name).resolve({ name, gone: gone.promise });
        socket.write("heard");
      });
    });
  }

  /** Resolves when a process has rung under that name. */
  rung(name: string): Promise<Call> {
    return this.#call(name).promise;
  }

  unhang(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #call(name: string): PromiseWithResolvers<Call> {
    const call = this.#calls.get(name) ?? Promise.withResolvers<Call>();
    this.#calls.set(name, call);
    return call;
  }
}
