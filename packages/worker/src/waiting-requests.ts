// Requests that wait for an answer. A connection that no bytes pass does not end by itself, and an answer may take
// minutes: a beat that is not answered in time tells that the connection is dead.

import type { ClientRequest } from "node:http";

/** The requests of a client, by the process that they were sent to. */
export class WaitingRequests {
  readonly #waiting = new Map<ClientRequest, string>();

  /** Has a request end with a beat that is sent after it, or be that beat. Those that cannot be sent again stay. */
  watch(
    sent: ClientRequest,
    base: string,
    {
      isProbe,
      isRepeatable,
    }: { readonly isProbe?: boolean | undefined; readonly isRepeatable?: boolean | undefined },
  ): void {
    if (isProbe) {
      const before = this.#trafficOf(base);
      sent.on("timeout", () => this.#dropSilent(before));
    }
    if (isRepeatable !== false) this.#waiting.set(sent, base);
    sent.on("response", () => this.#waiting.delete(sent));
    sent.on("close", () => this.#waiting.delete(sent));
  }

  #trafficOf(base: string): Map<ClientRequest, number> {
    const waiting = [...this.#waiting].filter(([, of]) => of === base);
    return new Map(waiting.map(([sent]) => [sent, trafficOf(sent)]));
  }

  #dropSilent(before: ReadonlyMap<ClientRequest, number>): void {
    for (const [sent, traffic] of before)
      if (this.#waiting.has(sent) && trafficOf(sent) === traffic)
        sent.destroy(new Error("the worker API has not answered a beat"));
  }
}

/** Bytes that have passed on the connection of a request. */
function trafficOf({ socket }: ClientRequest): number {
  return socket ? socket.bytesRead + socket.bytesWritten : 0;
}
