// The caches that cases of get-or-create use, which are closed after each, their creators, and stores that fail.

import type { ValueAdapter } from "../value-adapter.ts";
import { ValueCache } from "../value-cache.ts";
import type { ValueCacheOptions } from "../value-options.ts";
import { caseOf, type TestRunner, type ValueStoreHarness } from "./value-harness.ts";

/** How cases are registered, and how they open a cache on an adapter. */
export interface ValueCases {
  readonly check: ReturnType<typeof caseOf>;
  open(adapter: ValueAdapter, options?: Partial<ValueCacheOptions>): ValueCache;
}

/** Opens the caches of cases on the stores of a harness. */
export function valueCases(runner: TestRunner, harness: ValueStoreHarness): ValueCases {
  const opened: ValueCache[] = [];
  // Closed, so that no cache writes its counts while the next test counts.
  const close = () => Promise.all(opened.splice(0).map((cache) => cache.close()));
  const checkOpen = caseOf(runner, harness);
  return {
    check: (title, body) =>
      checkOpen(title, async (store) => {
        await body(store).finally(close);
      }),
    open: (adapter, options = {}) => {
      const cache = new ValueCache({ name: "rates", adapter, ...options });
      opened.push(cache);
      return cache;
    },
  };
}

/** A creator that must not be called. */
export function never(): never {
  throw new Error("the creator was called");
}

/** Lets callbacks that are due run. */
export async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** An adapter some of whose methods reject. */
export function faulty(adapter: ValueAdapter, ...steps: readonly (keyof ValueAdapter)[]): ValueAdapter {
  return new Proxy(adapter, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (steps.includes(name as keyof ValueAdapter))
        return async () => Promise.reject(new Error("no connection"));
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
