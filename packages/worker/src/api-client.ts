// Requests to the worker API: one after another of its addresses, each with limits on how long nothing may come.

import {
  Agent as HttpAgent,
  request as requestHttp,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { MemodagError, messageOf, type Digest, type Live } from "@memodag/core";
import { MAX_FRAME_BYTES } from "@memodag/executor/frames";
import {
  pathOf,
  PROTOCOL_HEADER,
  ROUTES,
  toHeader,
  WORKER_HEADER,
  type Problem,
  type RouteName,
} from "@memodag/worker-api/protocol";
import { WaitingRequests } from "./waiting-requests.ts";

/** A request. */
export interface ApiRequest {
  readonly route: RouteName;
  /** The id in its path. */
  readonly id?: string;
  readonly digest?: Digest;
  readonly query?: string;
  /** Parts that are sent one after another. */
  readonly body?: readonly Uint8Array[] | undefined;
  readonly contentType?: string;
  /** Milliseconds for which nothing may come. Default: 30,000. */
  readonly timeoutMs?: number;
  /** False: it is not sent again when it is unknown whether it was received. Default: true. */
  readonly isRepeatable?: boolean;
  /**
   * True: if nothing comes in time, the same is assumed of what else waits for an answer of that process, unless
   * something has passed meanwhile: it fails, to be sent again. Default: false.
   */
  readonly isProbe?: boolean;
}

/** Where the API is, and who asks it. */
export interface ApiClientOptions {
  /** The URLs of the API's processes, which are equal. */
  readonly urls: readonly string[];
  readonly token: Live<string>;
  /** Certificates of authorities, as PEM, in place of the system's. */
  readonly ca?: string | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;

const LARGE_BODY_BYTES = 1_048_576;

/** Shorter than the server keeps a connection. */
const IDLE_CONNECTION_MS = 30_000;

/** An answer of the API that says no: asking again gives the same. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor({ status, code, detail }: Pick<Problem, "status" | "code" | "detail">) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** No process of the API has answered, or none could. */
export class ApiAway extends MemodagError {
  constructor(message: string, cause?: unknown) {
    super("worker_api_failed", message, { cause });
  }
}

/** A value could not be read from its store. The API may read it. */
export class StoreAway extends ApiAway {
  constructor(cause: unknown) {
    super(`A value could not be read from its store (${messageOf(cause)})`, cause);
  }
}

interface SentRequest {
  readonly method: string;
  readonly agent: HttpAgent;
  readonly headers?: OutgoingHttpHeaders;
  readonly timeoutMs: number;
  readonly body?: readonly Uint8Array[] | undefined;
  readonly onSent?: (sent: ClientRequest) => void;
}

/** Errors of connections that were never made. */
const NOT_SENT: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** Sends requests. */
export class ApiClient {
  readonly #options: ApiClientOptions;
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent; readonly stores: HttpsAgent };
  /** The process that answered last. */
  #current = 0;
  readonly #waiting = new WaitingRequests();
  /** As which worker it asks; set when it has registered. */
  workerId: string | undefined;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    const settings = { keepAlive: true, timeout: IDLE_CONNECTION_MS, noDelay: true };
    const { ca } = options;
    this.#agents = {
      http: new HttpAgent(settings),
      https: new HttpsAgent({ ...settings, ...(ca !== undefined && { ca }) }),
      // The authorities of the API are not those of stores.
      stores: new HttpsAgent(settings),
    };
  }

  /** Returns the body of the answer, wherever it is. @throws ApiRefusal, ApiAway, StoreAway */
  async send(request: ApiRequest): Promise<Buffer> {
    const response = await this.open(request);
    if (response.statusCode === 307) return await this.#follow(response, request);
    try {
      return await bytesOf(response);
    } catch (error) {
      throw new ApiAway(`The worker API's answer ended early (${messageOf(error)})`, error);
    }
  }

  /** Reads from a store that the API has sent this host to. What lets it in is the address: the token stays here. */
  async #follow(redirect: IncomingMessage, { timeoutMs = DEFAULT_TIMEOUT_MS }: ApiRequest): Promise<Buffer> {
    redirect.resume();
    try {
      const url = new URL(redirect.headers.location ?? "");
      const agent = this.#agents[url.protocol === "https:" ? "stores" : "http"];
      const response = await this.#request(url, { method: "GET", agent, timeoutMs });
      if (response.statusCode === 200) return await bytesOf(response);
      response.resume();
      throw new Error(`HTTP ${response.statusCode}`);
    } catch (error) {
      throw new StoreAway(error);
    }
  }

  /** Returns an answer whose body is read by the caller, and which fails when nothing comes for too long. */
  async open(request: ApiRequest): Promise<IncomingMessage> {
    const { urls } = this.#options;
    const faults: string[] = [];
    for (let tried = 0; tried < urls.length; tried += 1) {
      const index = (this.#current + tried) % urls.length;
      const url = urls[index] ?? "";
      try {
        const response = await this.#ask(url, request);
        const status = response.statusCode ?? 0;
        if (status < 400) {
          this.#current = index;
          return response;
        }
        const problem = readProblem(status, await bytesOf(response));
        if (status < 500 && status !== 429) throw new ApiRefusal(problem);
        faults.push(`${url}: ${problem.detail}`);
        // It was received, and may have had an effect.
        if (request.isRepeatable === false) break;
      } catch (error) {
        if (error instanceof ApiRefusal) throw error;
        faults.push(`${url}: ${messageOf(error)}`);
        if (request.isRepeatable === false && !wasNotSent(error)) break;
      }
    }
    throw new ApiAway(`The worker API does not answer (${faults.join("; ")})`);
  }

  /** Closes connections that are not used. */
  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
    this.#agents.stores.destroy();
  }

  #ask(base: string, request: ApiRequest): Promise<IncomingMessage> {
    const { route, id, digest, query = "", body, contentType, timeoutMs = DEFAULT_TIMEOUT_MS } = request;
    const url = new URL(`${base.replace(/\/+$/, "")}${pathOf(route, id, digest)}${query}`);
    const length = body?.reduce((sum, part) => sum + part.length, 0);
    const headers = {
      authorization: `Bearer ${this.#options.token()}`,
      [PROTOCOL_HEADER]: toHeader(),
      ...(this.workerId !== undefined && { [WORKER_HEADER]: this.workerId }),
      ...(body && { "content-length": length, "content-type": contentType ?? "application/json" }),
    };
    const agent = this.#agents[url.protocol === "https:" ? "https" : "http"];
    const { method } = ROUTES[route];
    const onSent = (sent: ClientRequest): void => this.#waiting.watch(sent, base, request);
    return this.#request(url, { method, agent, headers, timeoutMs, body, onSent });
  }

  #request(url: URL, { body = [], timeoutMs, onSent, ...options }: SentRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = url.protocol === "https:" ? requestHttps : requestHttp;
      const sent = request(url, { ...options, timeout: timeoutMs }, resolve);
      onSent?.(sent);
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      sent.on("error", reject);
      for (const part of body) sent.write(part);
      sent.end();
    });
  }
}

/** The JSON value of a body. */
export function parseBody<T>(body: Buffer): T {
  return JSON.parse(body.toString()) as T;
}

/** A large body whose length is known is in memory once. */
async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const length = Number(response.headers["content-length"] ?? Number.NaN);
  if (length > LARGE_BODY_BYTES && length <= MAX_FRAME_BYTES) return await readInto(response, length);
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function readInto(response: IncomingMessage, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) at += chunk.copy(bytes, at);
  if (at < length) throw new Error(`it has ${at} bytes instead of ${length}`);
  return bytes;
}

/** An answer that is not from the API may be from a proxy in front of it. */
function readProblem(status: number, body: Buffer): Pick<Problem, "status" | "code" | "detail"> {
  try {
    const { code, detail } = parseBody<Problem>(body);
    if (typeof code === "string" && typeof detail === "string") return { status, code, detail };
  } catch {
    // Not a problem of ours.
  }
  return { status, code: "worker_api_failed", detail: `HTTP ${status}` };
}

function wasNotSent(error: unknown): boolean {
  return error instanceof Error && "code" in error && NOT_SENT.has(error.code);
}
