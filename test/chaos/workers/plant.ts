// Preloaded into schedulers by a test: breaks one of the comparisons that keep attempts from being doubled, late or lost,
// in the statement that is sent to PostgreSQL. $CHAOS_PLANT says which one.

import { createRequire } from "node:module";

type Query = (this: unknown, statement: string | { text: string } | undefined, ...rest: unknown[]) => unknown;

/** Makes a comparison with a parameter hold always. */
const loosen = (text: string, column: string): string =>
  text.replace(new RegExp(`(where|and) "${column}" = (\\$\\d+)`), "$1 $2::text is not null");

/** By the name of the plant: what a statement becomes. */
const PLANTS: Readonly<Record<string, (text: string) => string>> = {
  /** An attempt starts for each host that asks for it. */
  "unconditional start": (text) => (text.includes('"started_at" =') ? loosen(text, "state") : text),
  /**
   * An end is recorded from each host that brings one, over another one; attempts stay until all have come, and beats do
   * not tell of those that are lost.
   */
  "unconditional end": (text) => {
    if (text.startsWith("delete")) return text.replace(" where ", " where 1 = 0 and ");
    if (text.startsWith("select"))
      return text.replace(
        / and \("state" = (\$\d+) or "ended_by" = (\$\d+)\)/,
        " and $1::text is not null and $2::text is not null",
      );
    return text.includes('"ended_by"') ? loosen(loosen(text, "worker_id"), "state") : text;
  },
  /** No attempt is lost with its host. */
  "unnoticed loss": (text) =>
    text.includes('"ended_by"') ? text.replace("not exists (", "1 = 0 and not exists (") : text,
};

const plant = PLANTS[process.env["CHAOS_PLANT"] ?? ""];
if (!plant)
  throw new Error(
    `CHAOS_PLANT is ${process.env["CHAOS_PLANT"]}: use one of ${Object.keys(PLANTS).join(", ")}`,
  );

// The module that the program loads: it is the same one for whoever asks from there.
const memodag = createRequire(new URL("../../../packages/memodag/package.json", import.meta.url));
const { prototype } = (memodag("pg") as { readonly Client: { readonly prototype: { query: Query } } }).Client;
const { query } = prototype;
prototype.query = function (statement, ...rest) {
  const change = (text: string): string => (text.includes('"remote_attempt"') ? plant(text) : text);
  const changed =
    typeof statement === "string"
      ? change(statement)
      : statement?.text === undefined
        ? statement
        : Object.assign(statement, { text: change(statement.text) });
  return query.call(this, changed, ...rest);
};
