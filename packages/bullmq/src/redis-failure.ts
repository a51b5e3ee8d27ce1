// Converts failures of Redis to errors that name the server and how to fix them.

import { MemodagError, messageOf } from "@memodag/core";

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/NOAUTH|WRONGPASS|invalid password/, "check the user and the password in [executor] url"],
  [
    /NOPERM/,
    "allow the user all commands on the keys below [executor] prefix, as the README of @memodag/bullmq says",
  ],
  [/OOM/, "raise `maxmemory` of the server; its `maxmemory-policy` must be noeviction"],
  [/MISCONF/, "the server cannot save to its disk: look at its log"],
  [/READONLY/, "this is a replica: name the primary in [executor] url"],
  [/MOVED|CROSSSLOT/, "this is a node of a cluster: name a server that has all keys"],
  [/LOADING/, "the server is starting: try again"],
];

/** The error for a failure of `use`. */
export function queueFailure(error: unknown, place: string, use: string): MemodagError {
  const what = messageOf(error);
  const advice =
    ADVICE.find(([pattern]) => pattern.test(what))?.[1] ??
    "check [executor] url, and that this machine can connect to it";
  return new MemodagError("engine_failed", `Redis at ${place} failed to ${use} (${what}): ${advice}`, {
    fields: { place },
  });
}
