// An API server of Kubernetes as far as Jobs and their pods go: its paths, codes, versions, pages and watches.

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { V1Job, V1Pod, V1PodStatus } from "@kubernetes/client-node";

const JOBS = "/apis/batch/v1/namespaces/memodag/jobs";
const PODS = "/api/v1/namespaces/memodag/pods";
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

interface Stored {
  metadata?: { labels?: Record<string, string>; resourceVersion?: string };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface PodEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: V1Pod;
  readonly version: number;
}

interface OpenWatch {
  readonly response: ServerResponse;
  readonly selector: string;
}

interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: string;
}

/** The token that its clients need. */
export const TOKEN = "the-token-of-the-service-account";

/** Jobs and pods of the namespace `memodag`. */
export class ApiServer {
  readonly url: string;
  readonly jobs = new Map<string, V1Job>();
  readonly pods = new Map<string, V1Pod>();
  /** Methods and paths of requests. */
  readonly requests: string[] = [];
  /** Answers in place of what would be done, where it returns something. */
  fault: ((method: string, path: string) => Answer | undefined) | undefined;
  /** Called after each change of pods. */
  onChange: () => void = () => undefined;
  /** Items of a page at most. */
  page = Number.POSITIVE_INFINITY;
  readonly #server: Server;
  readonly #events: PodEvent[] = [];
  readonly #watches = new Set<OpenWatch>();
  #version = 100;
  /** Versions before it are forgotten. */
  #oldest = 0;
  #uids = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void this.#handle(request, response);
    });
  }

  static async start(): Promise<ApiServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ApiServer(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), "close");
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** Loses all objects, without telling those that watch. */
  flush(): void {
    this.jobs.clear();
    this.pods.clear();
    this.forget();
  }

  /** Forgets old versions, as a server does after some minutes: who asks for one is answered 410. */
  forget(): void {
    this.#events.length = 0;
    this.#oldest = this.#next();
  }

  /** Ends all watches, as a server does now and then. */
  endWatches(): void {
    for (const { response } of this.#watches) response.end();
  }

  /** Tells those that watch that their version is too old. */
  expireWatches(): void {
    this.forget();
    const event = { type: "ERROR", object: statusObject(410, "Expired", "too old resource version") };
    for (const { response } of this.#watches) response.end(`${JSON.stringify(event)}\n`);
  }

  /** Changes what a pod is like, and its Job with it. */
  setPod(name: string, status: V1PodStatus): void {
    const pod = this.pods.get(name);
    if (!pod) return;
    this.#storePod({ ...pod, status }, "MODIFIED");
    const job = this.jobs.get(name.replace(/-pod$/, ""));
    if (job) this.#touch(Object.assign(job, { status: jobStatus(status) }));
    this.onChange();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    const { pathname, searchParams } = new URL(url, this.url);
    let text = "";
    for await (const chunk of request) text += String(chunk);
    this.requests.push(`${method} ${url}`);
    if (headers.authorization !== `Bearer ${TOKEN}`) {
      respond(response, failure(401, "Unauthorized", "Unauthorized"));
      return;
    }
    const fault = this.fault?.(method, pathname);
    if (fault) respond(response, fault);
    else if (pathname === PODS && searchParams.get("watch") === "true") this.#watch(searchParams, response);
    else respond(response, this.#answer(method, pathname, searchParams, text));
  }

  #answer(method: string, path: string, query: URLSearchParams, text: string): Answer {
    if (method === "GET" && path === PODS) return this.#list("PodList", this.pods, query);
    if (method === "GET" && path === JOBS) return this.#list("JobList", this.jobs, query);
    if (method === "POST" && path === JOBS) return this.#create(JSON.parse(text) as V1Job);
    if (!path.startsWith(`${JOBS}/`))
      return failure(404, "NotFound", "the server could not find the resource");
    const name = path.slice(JOBS.length + 1);
    const job = this.jobs.get(name);
    if (!job) return failure(404, "NotFound", `jobs.batch "${name}" not found`);
    if (method === "GET") return { status: 200, body: job };
    return this.#delete(job, JSON.parse(text) as DeleteOptions);
  }

  #create(job: V1Job): Answer {
    const name = job.metadata?.name ?? "";
    const fault = faultOf(job);
    if (fault !== undefined) return failure(422, "Invalid", `Job.batch "${name}" is invalid: ${fault}`);
    if (this.jobs.has(name)) return failure(409, "AlreadyExists", `jobs.batch "${name}" already exists`);
    this.#uids += 1;
    const stored = { ...job, metadata: { ...job.metadata, uid: `uid-${this.#uids}` }, status: { active: 1 } };
    this.#touch(stored);
    this.jobs.set(name, stored);
    const { metadata, spec } = job.spec?.template ?? {};
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: `${name}-pod` }, spec };
    this.#storePod({ ...pod, status: { phase: "Pending" } } as V1Pod, "ADDED");
    this.onChange();
    return { status: 201, body: stored };
  }

  #delete(job: V1Job, { preconditions = {}, propagationPolicy }: DeleteOptions): Answer {
    const { name = "", uid, resourceVersion } = job.metadata ?? {};
    const isOther =
      (preconditions.uid !== undefined && preconditions.uid !== uid) ||
      (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion);
    if (isOther) return failure(409, "Conflict", `Precondition failed: jobs.batch "${name}"`);
    this.jobs.delete(name);
    const pod = this.pods.get(`${name}-pod`);
    // Without a policy the API of Jobs leaves their pods.
    if (pod && propagationPolicy === "Background") {
      this.pods.delete(`${name}-pod`);
      this.#tell({ type: "DELETED", object: pod, version: this.#next() });
    }
    return { status: 200, body: statusObject(200, "", "") };
  }

  #list(kind: string, objects: ReadonlyMap<string, Stored>, query: URLSearchParams): Answer {
    const limit = Math.min(Number(query.get("limit") ?? Number.POSITIVE_INFINITY), this.page);
    const [version = String(this.#version), from = "0"] = (query.get("continue") ?? "")
      .split(":")
      .filter(Boolean);
    if (Number(version) < this.#oldest)
      return failure(410, "Expired", "The provided continue parameter is too old");
    const all = [...objects.values()].filter((object) => matches(object, query.get("labelSelector") ?? ""));
    const end = Number(from) + limit;
    const metadata = {
      resourceVersion: version,
      ...(end < all.length && { continue: `${version}:${end}`, remainingItemCount: all.length - end }),
    };
    return { status: 200, body: { kind, apiVersion: "v1", metadata, items: all.slice(Number(from), end) } };
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get("resourceVersion") ?? this.#version);
    if (from < this.#oldest) {
      respond(response, failure(410, "Expired", "too old resource version"));
      return;
    }
    const watch = { response, selector: query.get("labelSelector") ?? "" };
    this.#watches.add(watch);
    response.on("close", () => this.#watches.delete(watch));
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const event of this.#events) if (event.version > from) send(watch, event);
  }

  #storePod(pod: V1Pod, type: "ADDED" | "MODIFIED"): void {
    const version = this.#next();
    const object = { ...pod, metadata: { ...pod.metadata, resourceVersion: String(version) } };
    this.pods.set(pod.metadata?.name ?? "", object);
    this.#tell({ type, object, version });
  }

  #tell(event: PodEvent): void {
    this.#events.push(event);
    for (const watch of this.#watches) send(watch, event);
  }

  #touch({ metadata }: Stored): void {
    if (metadata) metadata.resourceVersion = String(this.#next());
  }

  #next(): number {
    this.#version += 1;
    return this.#version;
  }
}

/** What a real server refuses with 422. */
function faultOf({ metadata, spec }: V1Job): string | undefined {
  const pod = spec?.template;
  if (!NAME.test(metadata?.name ?? "")) return "metadata.name: a lowercase RFC 1123 label must consist of";
  const values = [...Object.values(metadata?.labels ?? {}), ...Object.values(pod?.metadata?.labels ?? {})];
  const wrong = values.find((value) => !LABEL_VALUE.test(value));
  if (wrong !== undefined) return `metadata.labels: Invalid value: "${wrong}"`;
  if (!pod?.spec?.containers?.length) return "spec.template.spec.containers: Required value";
  if (pod.spec.containers.some(({ image }) => !image))
    return "spec.template.spec.containers: image: Required value";
  return pod.spec.restartPolicy === "Never" ? undefined : "spec.template.spec.restartPolicy: Required value";
}

function jobStatus({ phase }: V1PodStatus): NonNullable<V1Job["status"]> {
  switch (phase) {
    case "Running":
      return { active: 1, ready: 1 };
    case "Succeeded":
      return { succeeded: 1, conditions: [{ type: "Complete", status: "True" }] };
    case "Failed":
      return { failed: 1, conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded" }] };
    default:
      return { active: 1, ready: 0 };
  }
}

function matches({ metadata }: Stored, selector: string): boolean {
  return selector
    .split(",")
    .filter(Boolean)
    .every((term) => {
      const [key = "", value] = term.split("=");
      return metadata?.labels?.[key] === value;
    });
}

function send({ response, selector }: OpenWatch, { type, object }: PodEvent): void {
  if (matches(object as Stored, selector)) response.write(`${JSON.stringify({ type, object })}\n`);
}

function statusObject(code: number, reason: string, message: string): object {
  const status = code < 400 ? "Success" : "Failure";
  return { kind: "Status", apiVersion: "v1", metadata: {}, status, message, reason, code };
}

/** An answer of failure, as a server makes it. */
export function failure(status: number, reason: string, message: string): Answer {
  return { status, body: statusObject(status, reason, message) };
}

function respond(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
