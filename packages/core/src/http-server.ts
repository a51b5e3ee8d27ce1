// HTTP servers: where they listen, and how they end.

import { once } from "node:events";
import type { Server } from "node:http";
import { isIPv4, type AddressInfo } from "node:net";
import type { Clock } from "./clock.ts";
import { MemodagError, messageOf } from "./errors.ts";

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** True for an address that other machines do not reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/**
 * Has a server listen, and resolves to its URL.
 * @param what the server and its setting, for the error: `The API cannot listen …: change [api] port, …`
 * @throws MemodagError `config_invalid`
 */
export async function listenOn(
  server: Server,
  { host, port }: ListenAddress,
  what: { readonly name: string; readonly setting: string; readonly isHttps: boolean },
): Promise<string> {
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new MemodagError(
      "config_invalid",
      `The ${what.name} cannot listen on ${host}:${port} (${messageOf(error)}): change ${what.setting}, or end what uses it`,
      { cause: error, fields: { host, port } },
    );
  }
  const name = host.includes(":") ? `[${host}]` : host;
  return `${what.isHttps ? "https" : "http"}://${name}:${(server.address() as AddressInfo).port}`;
}

/** Milliseconds for which requests may be answered when a server closes. */
const CLOSE_WITHIN_MS = 5_000;

/** Answers the requests that a server has received, and closes it. */
export async function closeServer(server: Server, clock: Pick<Clock, "after">): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const cancel = clock.after(CLOSE_WITHIN_MS, () => server.closeAllConnections());
  await closed;
  cancel();
}
