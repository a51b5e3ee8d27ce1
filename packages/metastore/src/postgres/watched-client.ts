// A connection to PostgreSQL whose server may vanish without a word: packets that are lost, a firewall or a
// failover that forgot it. TCP notices after a quarter of an hour; what waits for an answer must not wait as long.

import { Client, type ClientConfig } from "pg";
import { storableParameters } from "../storable-text.ts";

/** How a silent connection is judged. Times in milliseconds. */
export interface WatchSettings {
  /** For so long nothing may come while a query waits, before the server is asked on another connection. */
  readonly silentMs: number;
  /** How long asking may take. */
  readonly probeMs: number;
  /** A server that answers, and does not know the connection, is given so long: a pooler may stand between. */
  readonly unknownMs: number;
}

/** Well below a lease's usual 30 seconds, so that it can still be renewed on a new connection. */
export const WATCH_SETTINGS: WatchSettings = { silentMs: 8_000, probeMs: 4_000, unknownMs: 60_000 };

/** Connections that break within so many milliseconds have one cause, which is reported once. */
const TOGETHER_MS = 30_000;

/** The server's answer about a query in progress. */
type Verdict = "working" | "lost" | "unknown" | "unreachable";

/** All connections of one pool: when one turns out to be broken, the others are looked at. */
export class WatchedConnections {
  readonly settings: WatchSettings;
  readonly #clients = new Set<WatchedClient>();
  #onBroken: (reason: string) => void = () => undefined;
  #toldAt = -Infinity;

  constructor(settings: WatchSettings = WATCH_SETTINGS) {
    this.settings = settings;
  }

  add(client: WatchedClient): void {
    this.#clients.add(client);
    client.once("end", () => this.#clients.delete(client));
  }

  /** Reports connections that broke silently: once for those that break together. */
  onBroken(listener: (reason: string) => void): void {
    this.#onBroken = listener;
  }

  /** A connection is given up. */
  tell(reason: string): void {
    const now = performance.now();
    if (now - this.#toldAt < TOGETHER_MS) return;
    this.#toldAt = now;
    this.#onBroken(reason);
  }

  /** The other connections are probably broken as well; found one by one, each would delay the next query. */
  async doubt(broken: WatchedClient): Promise<void> {
    const others = [...this.#clients].filter((client) => client !== broken);
    await Promise.all(others.map((client) => client.doubt()));
  }
}

/** The class of a pool's connections. */
export function watchedClientClass(connections: WatchedConnections): typeof Client {
  return class extends WatchedClient {
    constructor(config?: string | ClientConfig) {
      super(connections, config);
    }
  };
}

/**
 * A client that destroys its connection when an answer does not come and the server, asked on another connection,
 * does not work on the query, or cannot be reached. Its queries reject, and the pool makes another one. A query
 * that the server works on, or that is still being sent or received, is waited for.
 */
export class WatchedClient extends Client {
  readonly #connections: WatchedConnections;
  readonly #config: ClientConfig;
  #pending = 0;
  #timer: NodeJS.Timeout | undefined;
  #bytes = -1;
  #silentSince = 0;
  #lookedAt = 0;
  /** Verdicts in a row that it is broken. */
  #doubts = 0;

  constructor(connections: WatchedConnections, config: string | ClientConfig = {}) {
    super(config);
    this.#connections = connections;
    this.#config = typeof config === "string" ? { connectionString: config } : config;
    connections.add(this);
  }

  // pg's overloads take a string, a config or a cursor, with a callback or without; all come through here.
  override query(...parts: never[]): never {
    const call = super.query.bind(this) as (...given: unknown[]) => unknown;
    const [query, ...rest] = (parts as unknown[]).map(withStorableParameters);
    const callback = rest.at(-1);
    this.#begin();
    if (typeof callback === "function") {
      const onEnd = (...outcome: unknown[]): void => {
        this.#end();
        (callback as (...outcome: unknown[]) => void)(...outcome);
      };
      return call(query, ...rest.slice(0, -1), onEnd) as never;
    }
    const answer = call(query, ...rest);
    if (answer instanceof Promise) answer.then(this.#end, this.#end);
    else this.#end();
    return answer as never;
  }

  /** Lets go of the connection; a server that does not answer is not waited for. */
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    const giveUp = setTimeout(() => this.connection.stream.destroy(), this.#connections.settings.probeMs);
    giveUp.unref();
    this.once("end", () => clearTimeout(giveUp));
    return callback === undefined ? super.end() : super.end(callback);
  }

  /**
   * Another connection of the pool is broken: an idle one is made anew, of one that waits the server is asked. Resolves
   * when an idle one is closed, and the pool has it no more.
   */
  async doubt(): Promise<void> {
    if (this.#pending > 0) return void this.#judge();
    const { stream } = this.connection;
    if (stream.closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.once("close", () => resolve());
    stream.destroy();
    await promise;
  }

  #begin(): void {
    this.#pending += 1;
    if (this.#pending > 1) return;
    this.#bytes = -1;
    this.#doubts = 0;
    this.#lookedAt = performance.now();
    this.#watch();
  }

  readonly #end = (): void => {
    this.#pending -= 1;
    if (this.#pending === 0) clearTimeout(this.#timer);
  };

  /** Looks whether anything came or went since the last look. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#pending === 0) return;
    const { bytesRead = 0, bytesWritten = 0, writableLength } = this.connection.stream as SocketCounts;
    const bytes = bytesRead + bytesWritten - writableLength;
    const { silentMs } = this.#connections.settings;
    const now = performance.now();
    // A look that is late says that this process had no time to read what came.
    if (bytes !== this.#bytes || now - this.#lookedAt > silentMs) {
      this.#bytes = bytes;
      this.#silentSince = now;
      this.#doubts = 0;
    }
    this.#lookedAt = now;
    if (now - this.#silentSince >= silentMs) void this.#judge();
    else this.#timer = setTimeout(() => this.#watch(), silentMs / 4).unref();
  }

  async #judge(): Promise<void> {
    clearTimeout(this.#timer);
    const { silentMs, unknownMs } = this.#connections.settings;
    const bytes = this.#bytes;
    const verdict = await this.#ask();
    if (this.#pending === 0) return;
    const silentMsSoFar = performance.now() - this.#silentSince;
    // The server does not know yet what is still being sent.
    const isSending = this.connection.stream.writableLength > 0;
    const isDoubtful = (verdict === "lost" && !isSending) || verdict === "unreachable";
    this.#doubts = isDoubtful ? this.#doubts + 1 : 0;
    const isBroken = this.#doubts > 1 || (verdict !== "working" && silentMsSoFar >= unknownMs);
    if (!isBroken || this.#hasMoved(bytes)) {
      // Asked twice: a query may just have arrived when the server was asked first.
      this.#lookedAt = performance.now();
      this.#timer = setTimeout(() => this.#watch(), isDoubtful ? silentMs / 8 : silentMs / 2).unref();
      return;
    }
    const seconds = Math.round(silentMsSoFar / 1_000);
    const why = verdict === "unreachable" ? "cannot be reached" : "answers on others";
    const reason = `no answer for ${seconds} s on this connection to a server that ${why}`;
    this.#connections.tell(reason);
    // Idle ones first: a caller whose query rejects may ask again at once, and must not be given one of them.
    await this.#connections.doubt(this);
    if (this.#pending === 0) return;
    this.connection.stream.destroy(new Error(`Connection terminated: ${reason}`));
  }

  #hasMoved(bytes: number): boolean {
    const { bytesRead = 0, bytesWritten = 0, writableLength } = this.connection.stream as SocketCounts;
    return bytes !== -1 && bytesRead + bytesWritten - writableLength !== bytes;
  }

  /** Asks the server, on a connection of its own, what it does for this one. */
  async #ask(): Promise<Verdict> {
    const { probeMs } = this.#connections.settings;
    const probe = new Client({ ...this.#config, connectionTimeoutMillis: probeMs });
    probe.on("error", () => undefined);
    const giveUp = setTimeout(() => probe.connection.stream.destroy(), probeMs);
    try {
      await probe.connect();
      const { processID } = this as unknown as { readonly processID: number | null };
      const { rows } = await probe.query<{ state: string | null }>(
        "select state from pg_stat_activity where pid = $1",
        [processID],
      );
      const [row] = rows;
      if (row === undefined) return "unknown";
      return row.state === null || row.state === "active" ? "working" : "lost";
    } catch (error) {
      // An error from the server itself, such as too many connections, is an answer.
      return isFromServer(error) ? "unknown" : "unreachable";
    } finally {
      clearTimeout(giveUp);
      probe.end().catch(() => undefined);
      setTimeout(() => probe.connection.stream.destroy(), probeMs).unref();
    }
  }
}

/** The parameters stand in a list, or in the `values` of a config. */
function withStorableParameters(part: unknown): unknown {
  if (Array.isArray(part)) return storableParameters(part);
  if (typeof part !== "object" || part === null || Object.getPrototypeOf(part) !== Object.prototype)
    return part;
  const { values } = part as { readonly values?: unknown };
  if (!Array.isArray(values)) return part;
  const stored = storableParameters(values);
  return stored === values ? part : { ...part, values: stored };
}

interface SocketCounts {
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
  readonly writableLength: number;
}

function isFromServer(error: unknown): boolean {
  return error instanceof Error && "severity" in error;
}
