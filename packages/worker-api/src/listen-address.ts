// The address that a worker API listens on, and which addresses it refuses.

import { isLoopback, MemodagError } from "@memodag/core";

const ADDRESS = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[^\s:/[\]]+)):(?<port>\d{1,5})$/i;

/** The settings that decide which addresses are refused. */
export interface ListenChoice {
  readonly listen: string;
  readonly tls?: object | undefined;
  readonly isInsecure?: boolean;
}

/** Returns host and port. @throws MemodagError `config_invalid` */
export function readListenAddress({ listen, tls, isInsecure = false }: ListenChoice): {
  host: string;
  port: number;
} {
  const { v6, name, port } = ADDRESS.exec(listen)?.groups ?? {};
  const host = v6 ?? name;
  if (host === undefined || Number(port) > 65_535) {
    throw invalid(
      `[worker_api] listen must be an address and a port, such as "127.0.0.1:7433", got "${listen}"`,
      listen,
    );
  }
  if (!tls && !isInsecure && !isLoopback(host)) {
    throw invalid(
      `[worker_api] listen = "${listen}" is reachable from other machines, and without TLS tokens and values can be read ` +
        "on the way: set tls_cert_file and tls_key_file, or insecure = true if a proxy in front has TLS",
      listen,
    );
  }
  return { host, port: Number(port) };
}

function invalid(message: string, listen: string): MemodagError {
  return new MemodagError("config_invalid", message, { fields: { listen } });
}
