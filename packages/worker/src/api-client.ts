// Requests to the worker API: one after another of its addresses, each with limits on how long nothing may come.

import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { MemodagError, messageOf, type Digest, type Live } from "@memodag/core";
import {
  pathOf,
  PROTOCOL_HEADER,
  ROUTES,
  toHeader,
  WORKER_HEADER,
  type Problem,
  type RouteName,
} from "@memodag/worker-api/protocol";

/** A request. */
export interface ApiRequest {
  readonly route: RouteName;
  /** The id in its path. */
  readonly id?: string;
  readonly digest?: Digest;
  readonly query?: string;
  readonly body?: Uint8Array | undefined;
  readonly contentType?: string;
  /** Milliseconds for which nothing may come. Default: 30,000. */
  readonly timeoutMs?: number;
  /** False: it is not sent again when it is unknown whether it was received. Default: true. */
  readonly isRepeatable?: boolean;
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
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  /** The process that answered last. */
  #current = 0;
  /** As which worker it asks; set when it has registered. */
  workerId: string | undefined;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    const settings = { keepAlive: true, timeout: IDLE_CONNECTION_MS, noDelay: true };
    const { ca } = options;
    this.#agents = {
      http: new HttpAgent(settings),
      https: new HttpsAgent({ ...settings, ...(ca !== undefined && { ca }) }),
    };
  }

  /** Returns the body of the answer. @throws ApiRefusal, ApiAway */
  async send(request: ApiRequest): Promise<Buffer> {
    const response = await this.open(request);
    try {
      return await bytesOf(response);
    } catch (error) {
      throw new ApiAway(`The worker API's answer ended early (${messageOf(error)})`, error);
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
  }

  #ask(base: string, request: ApiRequest): Promise<IncomingMessage> {
    const { route, id, digest, query = "", body, contentType, timeoutMs = DEFAULT_TIMEOUT_MS } = request;
    const url = new URL(`${base.replace(/\/+$/, "")}${pathOf(route, id, digest)}${query}`);
    const isTls = url.protocol === "https:";
    return new Promise((resolve, reject) => {
      const sent = (isTls ? requestHttps : requestHttp)(
        url,
        {
          method: ROUTES[route].method,
          agent: isTls ? this.#agents.https : this.#agents.http,
          timeout: timeoutMs,
          headers: {
            authorization: `Bearer ${this.#options.token()}`,
            [PROTOCOL_HEADER]: toHeader(),
            ...(this.workerId !== undefined && { [WORKER_HEADER]: this.workerId }),
            ...(body && { "content-length": body.length, "content-type": contentType ?? "application/json" }),
          },
        },
        resolve,
      );
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

/** The JSON value of a body. */
export function parseBody<T>(body: Buffer): T {
  return JSON.parse(body.toString()) as T;
}

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
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
