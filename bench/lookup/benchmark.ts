// Whether very many remembered instances are as many hits, under the deadline that lookups have unless it is
// configured; and whether a small run after a large one is.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { Client } from "pg";
import { onEachDatabase, type BenchDatabase } from "../harness/databases.ts";
import { absolute, compared, type Report } from "../harness/measurement.ts";
import { openPostgresFloor } from "../scheduler/floor-postgres.ts";
import { openSqliteFloor } from "../scheduler/floor-sqlite.ts";
import type { MappedRun } from "./mapped-run.ts";
import { RECORD_HITS } from "./pretended-cache.ts";

const LARGE = 150_000;
const MIDDLE = 40_000;
const SMALL = 100;
const MEBIBYTE = 2 ** 20;

/** `npm run bench -- lookup` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async (database) => {
    const { dialect, location } = database;
    await fill(database, "large", LARGE, 80);
    const large = await runMapped(database, "large", LARGE);
    reportHits(dialect, large, LARGE, `${LARGE} instances`, report);
    const floor =
      dialect === "sqlite" ? openSqliteFloor(location, "large") : await openPostgresFloor(location, "large");
    const floorMs = await floor.run();
    await floor.close();
    report(
      compared(
        `${dialect}: ${LARGE} remembered instances, a run`,
        "ms",
        { value: large.ms, floor: floorMs },
        { text: "at most 3 times the floor", isMet: (ratio) => ratio <= 3 },
      ),
    );
    report(absolute(`${dialect}: ${LARGE} instances, calls to the cache`, "calls", large.lookups, null));
    report(absolute(`${dialect}: ${LARGE} instances, memory`, "MiB", large.maxRss / MEBIBYTE, null));
    await fill(database, "shrinking", MIDDLE, 80);
    await runMapped(database, "shrinking", MIDDLE);
    const small = await runMapped(database, "shrinking", SMALL);
    reportHits(dialect, small, SMALL, `${SMALL} instances after ${MIDDLE}`, report);
    await fill(database, "heavy", 500, MEBIBYTE);
    const heavy = await runMapped(database, "heavy", 500);
    reportHits(dialect, heavy, 500, "500 results of 1 MiB", report);
    report(absolute(`${dialect}: 500 results of 1 MiB, memory`, "MiB", heavy.maxRss / MEBIBYTE, null));
  });
}

function reportHits(dialect: string, { hits }: MappedRun, count: number, what: string, report: Report): void {
  const goal = { text: "all of them", isMet: (value: number) => value === count };
  report(absolute(`${dialect}: hits of ${what}`, "hits", hits, goal));
}

async function fill(database: BenchDatabase, dagId: string, count: number, sizeBytes: number): Promise<void> {
  await runMapped(database, dagId, count, ["pretend", String(sizeBytes)]);
  if (database.dialect === "sqlite") {
    const db = new Database(database.location);
    db.exec(RECORD_HITS);
    db.close();
    return;
  }
  const client = new Client({ connectionString: database.location });
  await client.connect();
  await client.query(RECORD_HITS);
  await client.query("vacuum analyze cache_record, result");
  await client.end();
}

async function runMapped(
  { url }: BenchDatabase,
  dagId: string,
  count: number,
  pretend: readonly string[] = [],
): Promise<MappedRun> {
  const script = new URL("mapped-run.ts", import.meta.url).pathname;
  const args = [...process.execArgv, script, url, dagId, String(count), ...pretend];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as MappedRun;
}
