// A proxy between a real client and a real server that makes the network and the service fail.

import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The way in which a request fails. */
export type ProxyFault =
  | { readonly kind: "status"; readonly status: number; readonly code?: string }
  /** The connection is closed without an answer. */
  | { readonly kind: "reset" }
  /** No answer comes; the request ends only when the client gives up. */
  | { readonly kind: "hang" }
  /** The body of the request is not read, and no answer comes. */
  | { readonly kind: "stall" }
  /** The request is carried out, and its answer does not come. */
  | { readonly kind: "mute" }
  /** The answer ends after so many bytes of its body. */
  | { readonly kind: "truncate"; readonly bytes: number };

/** Which requests a fault meets; every field narrows. */
export interface FaultRule {
  readonly fault: ProxyFault;
  readonly method?: string;
  readonly path?: RegExp;
  /** So many requests; default: all. */
  readonly times?: number;
}

/** Forwards requests as they are, `host` included, so that their signatures stay right. */
export class FaultyProxy {
  readonly endpoint: string;
  readonly #server: Server;
  readonly #target: URL;
  #rules: { readonly rule: FaultRule; left: number }[] = [];
  #requests: string[] = [];

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.#target = target;
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (from: IncomingMessage, to: ServerResponse) => this.#handle(from, to));
  }

  /** @param endpoint of the server behind it */
  static async start(endpoint: string): Promise<FaultyProxy> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FaultyProxy(server, new URL(endpoint));
  }

  /** Methods and paths of the requests, and those that were carried out without an answer, since the last call of {@link fail} or {@link heal}. */
  get requests(): readonly string[] {
    return this.#requests;
  }

  fail(...rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }));
    this.#requests = [];
  }

  heal(): void {
    this.fail();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), "close");
  }

  #handle(from: IncomingMessage, to: ServerResponse): void {
    const { method = "", url = "" } = from;
    this.#requests.push(`${method} ${url}`);
    const met = this.#rules.find(
      ({ rule, left }) =>
        left > 0 && (rule.method ?? method) === method && (rule.path === undefined || rule.path.test(url)),
    );
    if (met) met.left -= 1;
    const fault = met?.rule.fault;
    switch (fault?.kind) {
      case "reset":
        from.socket.destroy();
        return;
      case "hang":
        from.resume();
        return;
      case "stall":
        return;
      case "status":
        from.resume();
        from.once("end", () => respond(to, fault.status, fault.code ?? "InternalError"));
        return;
      case "mute":
        this.#forward(from, to, { isMute: true });
        return;
      case "truncate":
      case undefined:
        this.#forward(from, to, { mostBytes: fault?.bytes });
    }
  }

  #forward(
    from: IncomingMessage,
    to: ServerResponse,
    { mostBytes, isMute = false }: { readonly mostBytes?: number | undefined; readonly isMute?: boolean },
  ): void {
    const { hostname, port } = this.#target;
    const onward = request({ hostname, port, method: from.method, path: from.url, headers: from.headers });
    onward.on("error", () => from.socket.destroy());
    from.on("error", () => onward.destroy());
    to.on("close", () => onward.destroy());
    from.pipe(onward);
    onward.on("response", (answer) => {
      if (isMute) {
        this.#requests.push(`carried out ${from.method ?? ""} ${from.url ?? ""}`);
        answer.resume();
        return;
      }
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      if (mostBytes === undefined) {
        answer.pipe(to);
        return;
      }
      answer.once("data", (chunk: Buffer) => {
        to.write(chunk.subarray(0, mostBytes), () => from.socket.destroy());
      });
    });
  }
}

function respond(to: ServerResponse, status: number, code: string): void {
  to.writeHead(status, { "content-type": "application/xml" });
  to.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>by the proxy</Message></Error>`);
}
