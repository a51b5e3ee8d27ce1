// Operations that take longer than a request should: they go on, and their entry in the audit trail says how they ended.

import { messageOf, type AuditLog, type Logger } from "@memodag/core";
import type { OperationContext } from "@memodag/operations";

/** The state of an operation when its request is answered. */
export type Begun =
  | { readonly kind: "begun"; readonly id: number }
  | { readonly kind: "ended"; readonly output: unknown };

/** Operations that are under way. */
export class LongOperations {
  readonly #log: Logger;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Starts work, and resolves when it has an audit entry, or has ended without one; rejects if it fails before.
   */
  async start(
    context: OperationContext,
    work: (context: OperationContext, signal: AbortSignal) => Promise<unknown>,
  ): Promise<Begun> {
    const { promise: begun, resolve } = Promise.withResolvers<Begun>();
    const audit = noting(context.stores.audit, (id) => resolve({ kind: "begun", id }));
    const result = work({ ...context, stores: { ...context.stores, audit } }, this.#stop.signal);
    const ended: Promise<void> = this.#watch(result).finally(() => this.#underWay.delete(ended));
    this.#underWay.add(ended);
    return await Promise.race([begun, result.then((output): Begun => ({ kind: "ended", output }))]);
  }

  async #watch(result: Promise<unknown>): Promise<void> {
    const [{ status, reason }] = (await Promise.allSettled([result])) as [
      { readonly status: string; readonly reason?: unknown },
    ];
    if (status === "rejected") this.#log.warn("an operation failed", { error: messageOf(reason) });
  }

  /** Tells operations to stop, and waits for them. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#underWay);
  }
}

/** An audit log that tells the number of the first act. */
function noting<L extends AuditLog>(audit: L, note: (id: number) => void): L {
  const begin: AuditLog["begin"] = async (act) => {
    const id = await audit.begin(act);
    note(id);
    return id;
  };
  return new Proxy(audit, {
    get: (target, key) => {
      if (key === "begin") return begin;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}
