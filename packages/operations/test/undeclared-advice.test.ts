// What an explanation says to do about inputs that a task did not declare: nothing that would change nothing.

import { expect, it } from "vitest";
import { adviceFor } from "../src/explain/undeclared-advice.ts";

const reads = (what: string): string => `To cache it, declare what it reads: cache: { ${what} }.`;

it.each([
  ["jobCache(grid)", reads('reads: ["grid"]')],
  ["models(tiles/*)", reads('reads: { models: ["tiles/*"] }')],
  ["xcom(a.b)", reads('includeInputs: ["xcom(a.b)"]')],
  [
    "value(rates.EUR)",
    'If a key of the value cache rates always has the same value, say so: getValueCache("rates", { pure: true }).',
  ],
  [
    "ifAbsent(jobCache(lock))",
    "What ifAbsent does depends on which task is first: save without it, or in a task that is not cached.",
  ],
  ["process.binding", null],
])("%s", (name, advice) => {
  const asked = { cacheReasonCode: "undeclared_input" as const, cacheReasonDetail: { names: [name] } };
  expect(adviceFor(asked)).toBe(advice);
});
