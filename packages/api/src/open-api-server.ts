// The API as a server: HTTP or HTTPS, and its limits.

import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { hostname } from "node:os";
import { createAdaptorServer } from "@hono/node-server";
import type { DoctorReport } from "@memodag/api-contract";
import { openApiDocument } from "@memodag/api-contract/openapi";
import { closeServer, isLoopback, listenOn, MemodagError, type Clock, type Logger } from "@memodag/core";
import type { OperationContext } from "@memodag/operations";
import type { ApiParts } from "./api-parts.ts";
import { makeApp } from "./app.ts";
import { Authenticator, type CredentialStores } from "./auth/authenticator.ts";
import type { NamedGrant } from "./auth/grants.ts";
import { OidcSignIn, type OidcSettings } from "./auth/oidc.ts";
import { SignInCodes } from "./auth/sign-in-codes.ts";
import { DEFAULT_LIMITS, RequestLimits, type Limits } from "./limits/request-limits.ts";
import { WholeValues } from "./limits/whole-values.ts";
import { RunWatcher } from "./live/run-watcher.ts";
import { SharedReads } from "./live/shared-reads.ts";
import { LongOperations } from "./long-operations.ts";
import { SealedCursors } from "./sealed-cursors.ts";

/** Options of {@link openApiServer}. */
export interface ApiServerOptions {
  readonly host: string;
  /** From 0, which takes any that is free, to 65535. */
  readonly port: number;
  /** Takes the next free port if that one is taken and there is no public URL. Default: false. */
  readonly nextPort?: boolean | undefined;
  /** The URL that browsers use, where a proxy is in front or the name is another one. */
  readonly publicUrl?: string | undefined;
  /** Certificate and key as PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly context: OperationContext;
  readonly credentials: CredentialStores;
  /** Of the deployment, 32 bytes: cursors are sealed with it, and a process that has it can sign in. */
  readonly secret: Uint8Array;
  /** Milliseconds for which a person stays signed in. */
  readonly sessionMs: number;
  /** Where people sign in. Default: with links alone. */
  readonly oidc?: OidcSettings | undefined;
  /** Their grants. Default: none. */
  grants?(): readonly NamedGrant[];
  /** Names of the teams of the config. */
  teams(): readonly string[];
  /** Of the program. */
  readonly version: string;
  /** The folder of the web UI's files. Default: there are no pages. */
  readonly webFolder?: string | undefined;
  /** Looks whether everything is there, for admins. */
  examine(): Promise<DoctorReport>;
  /** Returns the error that names the fault of a store, such as a database that is away; any other one unchanged. */
  nameFault(error: unknown): unknown;
  /** Resolves while the database answers. */
  ready(): Promise<void>;
  /** Hears of each request. */
  readonly onAnswered?: ApiParts["onAnswered"];
  /** Default: {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An API that listens. */
export interface ApiServer {
  /** The URL of it, for people. */
  readonly url: string;
  /** Returns a link that signs a person in. It is valid for 15 minutes, once. */
  signInLink(name: string): string;
  /** Method and path of each route. */
  readonly routes: readonly string[];
  /** Number of streams that clients hold open. */
  openStreams(): number;
  /** Ends streams, and answers what it was asked. */
  close(): Promise<void>;
}

const SERVER_OPTIONS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16_384,
  noDelay: true,
};

/**
 * Opens the API.
 * @throws MemodagError `config_invalid` for an address that it must not listen on, or cannot
 */
export async function openApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { tls, log, clock, context, credentials, secret, sessionMs, version } = options;
  refuseOpenAddress(options);
  const publicUrl = options.publicUrl === undefined ? undefined : new URL(options.publicUrl);
  const isHttps = tls !== undefined || publicUrl?.protocol === "https:";
  const codes = new SignInCodes(secret, clock);
  const long = new LongOperations(log);
  const limits = new RequestLimits({ ...DEFAULT_LIMITS, ...options.limits }, clock);
  const closing = new AbortController();
  let url = publicUrl?.href.replace(/\/$/, "") ?? "";
  const app = makeApp(
    {
      context,
      sessions: credentials.sessions,
      authenticator: new Authenticator({
        ...credentials,
        host: hostname(),
        grants: () => options.grants?.() ?? [],
        isHttps,
        limits,
        clock,
        log,
      }),
      oidc: options.oidc && new OidcSignIn(options.oidc, clock),
      ownUrl: () => url,
      codes,
      cursors: new SealedCursors(secret),
      long,
      limits,
      wholeValues: new WholeValues(),
      watcher: new RunWatcher(context, clock, log),
      reads: new SharedReads(),
      sessionMs,
      teams: () => options.teams(),
      isHttps,
      version,
      document: openApiDocument(version),
      webFolder: options.webFolder,
      examine: () => options.examine(),
      nameFault: (error) => options.nameFault(error),
      ready: () => options.ready(),
      ...(options.onAnswered && { onAnswered: options.onAnswered }),
      clock,
      log,
      closing: closing.signal,
    },
    publicUrl?.host,
  );
  const { fetch } = app;
  const server = createAdaptorServer(
    tls
      ? { fetch, createServer: createHttps, serverOptions: { ...SERVER_OPTIONS, ...tls } }
      : { fetch, createServer: createHttp, serverOptions: SERVER_OPTIONS },
  ) as Server;
  const own = await listen(server, options);
  if (!publicUrl) url = own;
  log.info("the API listens; `memodag ui` prints a link that signs you in", { url });
  return {
    url,
    signInLink: (person) => `${url}/#in=${codes.make(person)}`,
    routes: app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`),
    openStreams: () => limits.openStreams,
    async close() {
      closing.abort();
      await closeServer(server, clock);
      await long.close();
    },
  };
}

/** Beyond this machine, tokens and values would be readable on the way. */
function refuseOpenAddress({ host, tls, publicUrl }: ApiServerOptions): void {
  if (isLoopback(host) || tls || publicUrl?.startsWith("https:")) return;
  throw new MemodagError(
    "config_invalid",
    `[api] host = "${host}" is reachable from other machines, and without TLS tokens and values can be read on the way: ` +
      "set tls_cert_file and tls_key_file, or public_url to the https URL of a proxy in front",
    { fields: { host } },
  );
}

/** Ports that are tried after one that is taken. */
const MOST_NEXT_PORTS = 50;

async function listen(
  server: Server,
  { host, port, nextPort = false, publicUrl, tls, log }: ApiServerOptions,
): Promise<string> {
  const last = nextPort && publicUrl === undefined ? port + MOST_NEXT_PORTS : port;
  const what = { name: "API", setting: "[api] port", isHttps: tls !== undefined };
  for (let tried = port; ; tried += 1) {
    try {
      const url = await listenOn(server, { host, port: tried }, what);
      if (tried !== port) log.info("the port of the API is taken, the next free one is used", { port, url });
      return url;
    } catch (error) {
      if (tried >= last || !isTaken(error)) throw error;
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof MemodagError && (error.cause as NodeJS.ErrnoException).code === "EADDRINUSE";
}
