// Checks whether the database is reachable, migrated and writable, and agrees with the host's clock.

import { formatDuration, type Clock } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { isSingleMachine } from "../stores/database.ts";
import type { Finding, FindingStatus } from "./finding.ts";

/** Checks an open database; `name` is its URL without a password. */
export async function lookAtDatabase(check: string, database: Metastore, name: string): Promise<Finding[]> {
  const { pending, unknown } = await database.migrationStatus();
  if (unknown.length > 0) {
    const message = `${name} was migrated by a newer memodag (${unknown.join(", ")}): update memodag`;
    return [{ check, status: "fail", message }];
  }
  if (pending.length > 0 && !isSingleMachine(database)) {
    const message = `${name} lacks ${pending.join(", ")}: run \`memodag db migrate\``;
    return [{ check, status: "fail", message }];
  }
  // As every command does with a database of this machine.
  await database.migrate();
  await database.requireWritable();
  return [{ check, status: "ok", message: `${name} is migrated and can be written to` }];
}

/** From this difference on, in milliseconds, database times look wrong next to those of this host. */
const ODD_SKEW_MS = 2_000;

/** From this difference on, schedules and ages of results cannot be trusted. */
const BAD_SKEW_MS = 60_000;

/** Compares the database's clock with this host's. */
export async function lookAtClocks(
  database: Pick<Metastore, "readClock">,
  clock: Pick<Clock, "now">,
): Promise<Finding[]> {
  const before = clock.now();
  const theirs = await database.readClock();
  const after = clock.now();
  // The answer dates from some moment between the two.
  const skewMs = theirs < before ? before - theirs : Math.max(0, theirs - after);
  const status: FindingStatus = skewMs >= BAD_SKEW_MS ? "fail" : skewMs >= ODD_SKEW_MS ? "warn" : "ok";
  const which = theirs < before ? "ahead of" : "behind";
  const message =
    status === "ok"
      ? "this host and the database agree on the time"
      : `this host is ${formatDuration(skewMs)} ${which} the database: have both follow one time server`;
  return [{ check: "clock", status, message }];
}
