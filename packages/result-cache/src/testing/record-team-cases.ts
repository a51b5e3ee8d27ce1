// The contract of a record store: no method shows or changes another team's records.

import { deepEqual, equal } from "node:assert/strict";
import { findOne, keyOf, listKeys, putAll, returnValue, sampleRecord } from "./sample-record.ts";
import type { OpenRecordStore, RegisterCase } from "./store-harness.ts";

/** Teams that a careless store could take for one another, or for a path. */
const TEAMS = [
  "ml",
  "ML",
  "m_",
  "m%",
  "mlx",
  "ml ",
  "../ml",
  "../../ml",
  "/ml",
  "",
  ".",
  "..",
  "é".repeat(300),
];

const KEY = keyOf("shared");

/** Each team's record under one key, with a result of its own. */
const RECORDS = TEAMS.map((team) =>
  sampleRecord("shared", { team, xcoms: [returnValue(`of ${team}`)], ttlMs: 60_000 }),
);

export function describeRecordTeams(check: RegisterCase<OpenRecordStore>): void {
  check("each team finds its own record under a shared key", async ({ store }) => {
    for (const outcome of await putAll(store, RECORDS)) equal(outcome.kind, "stored");
    for (const { team, xcoms } of RECORDS) {
      const found = await findOne(store, KEY, team);
      equal(found.team, team);
      deepEqual(found.xcoms, xcoms);
    }
    equal((await store.find("no-team", [KEY])).size, 0);
  });

  check("list, count and stats of a team show its own alone", async ({ store }) => {
    await putAll(store, RECORDS);
    for (const team of TEAMS) {
      const listed = await store.list({ team }, { limit: 100, offset: 0 });
      deepEqual(
        listed.map((record) => record.team),
        [team],
      );
      equal(await store.count({ team, key: KEY }), 1);
      deepEqual(
        (await store.stats({ team })).map((task) => [task.team, task.entries]),
        [[team, 1]],
      );
    }
    deepEqual(await listKeys(store, { team: "no-team" }), []);
    deepEqual(await store.stats({ team: "no-team" }), []);
  });

  check("without a team, every team's records are meant", async ({ store }) => {
    await putAll(store, RECORDS);
    const teams = (await store.list({}, { limit: 100, offset: 0 })).map((record) => record.team);
    deepEqual(teams.sort(), TEAMS.toSorted());
    equal((await store.stats({})).length, TEAMS.length);
    equal(await store.purge({ key: KEY }), TEAMS.length);
  });

  check("a put that keeps, and one that replaces, leave other teams alone", async ({ store, passTime }) => {
    await putAll(store, RECORDS);
    const renewed = sampleRecord("shared", { xcoms: [returnValue("renewed")] });
    deepEqual(await store.put(renewed, "keep-live"), {
      kind: "kept",
      resultDigest: returnValue("of ml").digest,
    });
    await store.put(renewed, "replace");
    await passTime(120_000);
    await store.put({ ...renewed, team: "mlx" }, "keep-live");
    for (const { team, xcoms } of RECORDS) {
      const isRenewed = team === "ml" || team === "mlx";
      deepEqual((await findOne(store, KEY, team)).xcoms, isRenewed ? renewed.xcoms : xcoms);
    }
    equal(await store.count({}), TEAMS.length);
  });

  check("hits count for their team alone", async ({ store }) => {
    await putAll(store, RECORDS);
    await store.touch("m_", [{ key: KEY, count: 4 }]);
    await store.touch("no-team", [{ key: KEY, count: 4 }]);
    for (const team of TEAMS) equal((await findOne(store, KEY, team)).hitCount, team === "m_" ? 4 : 0);
  });

  check("a purge of a team leaves the others", async ({ store }) => {
    await putAll(store, RECORDS);
    equal(await store.purge({ team: "no-team" }), 0);
    equal(await store.purge({ team: "m_", key: KEY }), 1);
    equal(await store.purge({ team: "m%" }), 1);
    equal(await store.purge({ team: "" }), 1);
    const left = (await store.list({}, { limit: 100, offset: 0 })).map((record) => record.team);
    deepEqual(left.sort(), TEAMS.filter((team) => !["m_", "m%", ""].includes(team)).sort());
  });
}
