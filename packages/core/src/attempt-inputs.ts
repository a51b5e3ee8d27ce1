// Reads the values that an attempt refers to, for the executor that runs it.

import type { Digest } from "./digest.ts";
import { MemodagError } from "./errors.ts";
import type { Attempt, AttemptInput, AttemptResult, InputRef, ValueReader } from "./ports/executor.ts";

/**
 * The bytes of an attempt's inputs, by the names that its arguments have for them.
 * @throws MemodagError `xcom_not_found` when a value is not there any more; what the reader rejects with
 */
export async function readAttemptInputs(
  { team, results }: Pick<Attempt, "team" | "results">,
  values: ValueReader,
): Promise<Map<string, AttemptResult>> {
  const refs = results.flatMap(([, input]) => refsOf(input));
  const found = refs.length === 0 ? new Map<Digest, Uint8Array>() : await values.read(team, refs);
  const bytesOf = ({ digest, store }: InputRef): Uint8Array => {
    const bytes = found.get(digest);
    if (bytes) return bytes;
    const place = store === null ? "the database" : `the store "${store}"`;
    throw new MemodagError(
      "xcom_not_found",
      `the value ${digest} of an upstream task is not in ${place} any more: clear the task that returned it`,
      { fields: { digest } },
    );
  };
  return new Map(
    results.map(([name, input]): [string, AttemptResult] => [
      name,
      input.kind === "single"
        ? { kind: "single", bytes: bytesOf(input.ref) }
        : { kind: "mapped", items: input.refs.map((ref) => ref && bytesOf(ref)) },
    ]),
  );
}

function refsOf(input: AttemptInput): InputRef[] {
  return input.kind === "single" ? [input.ref] : input.refs.filter((ref) => ref !== null);
}
