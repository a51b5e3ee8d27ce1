// The worker API as a server: HTTP or HTTPS, its limits, and what it does when the database says that attempts changed.

import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { createAdaptorServer } from "@hono/node-server";
import {
  closeServer,
  listenOn,
  messageOf,
  type ArtifactSource,
  type AttemptQueries,
  type CancelTimer,
  type Clock,
  type Live,
  type Logger,
  type RemoteAttemptStore,
  type RemoteChangeFeed,
  type RemoteLogStore,
  type ValueSource,
  type WorkerHostStore,
  type WorkerTokenStore,
} from "@memodag/core";
import { Access } from "./access.ts";
import { makeApp } from "./app.ts";
import { AskedAttempts } from "./asked-attempts.ts";
import type { KeySource } from "./expected-surroundings.ts";
import { Links } from "./links.ts";
import { readListenAddress } from "./listen-address.ts";
import type { HostSettings } from "./protocol/index.ts";

/** Options of {@link openWorkerApi}. */
export interface WorkerApiOptions {
  /** Address and port, such as `127.0.0.1:7433`; port 0 is any. */
  readonly listen: string;
  /** Certificate and key as PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Allows other addresses than loopback without TLS: a proxy in front has it. */
  readonly isInsecure?: boolean;
  readonly attempts: RemoteAttemptStore;
  readonly hosts: WorkerHostStore;
  readonly tokens: WorkerTokenStore;
  readonly logs: RemoteLogStore;
  readonly changes: RemoteChangeFeed;
  /** Answers questions of tasks, restricted to the attempt that it gives. */
  readonly queries: AttemptQueries;
  readonly artifacts: ArtifactSource;
  readonly values: ValueSource;
  /** Hosts compare their machines with these. Absent: with nothing. */
  readonly keys?: KeySource;
  readonly settings: Live<HostSettings>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A worker API that listens. */
export interface WorkerApi {
  /** The URL of it on this machine. */
  readonly url: string;
  /** Method and path of each route, as they are registered. */
  readonly routes: readonly string[];
  /** Ends links, which hosts open elsewhere, and answers what it was asked. */
  close(): Promise<void>;
}

/** Milliseconds after which it looks for changes of which it was not notified. */
const LOOK_EVERY_MS = 2_000;

/** The longest rest after a look, in milliseconds. */
const LONGEST_REST_MS = 100;

/** A value of 512 MiB over a slow line. */
const REQUEST_TIMEOUT_MS = 600_000;

const SERVER_OPTIONS = {
  headersTimeout: 10_000,
  requestTimeout: REQUEST_TIMEOUT_MS,
  // Longer than the agents of hosts keep connections, so that none sends on one that is being closed.
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16_384,
  // A host whose machine vanished is noticed.
  keepAlive: true,
  keepAliveInitialDelay: 10_000,
  noDelay: true,
};

const MOST_CONNECTIONS = 20_000;

/**
 * Opens a worker API. @throws MemodagError `config_invalid` for an address that it must not listen on, or cannot
 */
export async function openWorkerApi(options: WorkerApiOptions): Promise<WorkerApi> {
  const { tls, log, clock } = options;
  const address = readListenAddress(options);
  const links = new Links(options);
  const asked = new AskedAttempts(options.attempts, options.queries, log);
  const parts = { ...options, access: new Access(options), links, asked };
  const app = makeApp(parts);
  const { fetch } = app;
  const server = createAdaptorServer(
    tls
      ? { fetch, createServer: createHttps, serverOptions: { ...SERVER_OPTIONS, ...tls } }
      : { fetch, createServer: createHttp, serverOptions: SERVER_OPTIONS },
  ) as Server;
  server.maxConnections = MOST_CONNECTIONS;
  const url = await listenOn(server, address, {
    name: "worker API",
    setting: "[worker_api] listen",
    isHttps: tls !== undefined,
  });
  const looks = new Looks(async () => {
    await Promise.all([links.look(), asked.look()]);
  }, clock);
  const watch = await options.changes
    .watchAttempts(() => looks.soon())
    .catch((error: unknown) => {
      log.warn("not notified of changed attempts; looking for them", { error: messageOf(error) });
    });
  log.info("the worker API listens", { url });
  return {
    url,
    routes: app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`),
    async close() {
      await watch?.close();
      await looks.close();
      await links.close();
      await closeServer(server, clock);
      asked.close();
    },
  };
}

/**
 * Looks at changes: one look at a time, and after a rest that is as long, another one if it was asked for meanwhile. So
 * looks take half of the time at most.
 */
class Looks {
  readonly #look: () => Promise<void>;
  readonly #clock: Clock;
  #state: "idle" | "looking" | "again" | "closed" = "idle";
  #cancelTimer: CancelTimer = () => undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(look: () => Promise<void>, clock: Clock) {
    this.#look = look;
    this.#clock = clock;
    this.#wait();
  }

  soon(): void {
    if (this.#state === "looking") this.#state = "again";
    if (this.#state !== "idle") return;
    this.#state = "looking";
    const startedAt = this.#clock.monotonic();
    this.#looking = this.#look().then(() => {
      const tookMs = this.#clock.monotonic() - startedAt;
      this.#clock.after(Math.min(tookMs, LONGEST_REST_MS), () => this.#rested());
    });
  }

  #rested(): void {
    const isAskedAgain = this.#state === "again";
    if (this.#state === "closed") return;
    this.#state = "idle";
    if (isAskedAgain) this.soon();
  }

  /** Resolves when it looks no more. */
  async close(): Promise<void> {
    this.#state = "closed";
    this.#cancelTimer();
    await this.#looking;
  }

  #wait(): void {
    this.#cancelTimer = this.#clock.after(LOOK_EVERY_MS, () => {
      this.soon();
      if (this.#state !== "closed") this.#wait();
    });
  }
}
