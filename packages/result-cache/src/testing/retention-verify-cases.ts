// Tests of what verifying a backend finds, and what it repairs.

import { deepEqual, equal } from "node:assert/strict";
import type { Digest } from "@memodag/core";
import { sealRecord } from "../record-seal.ts";
import { Verifier, type Verification } from "../retention/verifier.ts";
import { keyOf, listKeys, TEAM } from "./sample-record.ts";
import {
  bytesOf,
  digestOf,
  entry,
  holds,
  recordOf,
  retentionOf,
  storeAll,
  type Entry,
  type OpenRetentionStores,
} from "./retention-stores.ts";
import type { RegisterCase } from "./store-harness.ts";

const HOUR = 3_600_000;

export function describeVerifying(check: RegisterCase<OpenRetentionStores>): void {
  check("what is sound is told as sound", async (stores) => {
    await storeAll(stores, [entry("one"), entry("two", { team: "ops" })]);
    await stores.passTime(2 * HOUR);
    const found = await verify(stores, false);
    deepEqual(told(found), { bad: {}, damaged: [], orphans: [] });
    equal(found.isSound, true);
    equal(found.checked.records, 2);
    equal(found.checked.results, 2);
  });

  check(
    "bytes that are missing or changed, and bytes of no record, are found and removed",
    async (stores) => {
      const { records, results, passTime } = stores;
      const names = ["good", "missing", "flipped", "cut"];
      await storeAll(
        stores,
        names.map((name) => entry(name)),
      );
      // A store may keep bytes that a record names: the record is put when they are gone.
      await records.purge({ team: TEAM, key: keyOf("missing") });
      await results.delete(TEAM, [digestOf("missing")]);
      await records.put(recordOf(entry("missing")), "keep-live");
      await results.write(TEAM, [
        { digest: digestOf("flipped"), bytes: bytesOf("Value of flipped").bytes },
        { digest: digestOf("cut"), bytes: bytesOf("value of c").bytes },
        bytesOf("value of unnamed"),
      ]);
      await passTime(2 * HOUR);
      const wrong = {
        bad: {
          [keyOf("missing")]: "result_missing",
          [keyOf("flipped")]: "integrity_failed",
          [keyOf("cut")]: "integrity_failed",
        },
        damaged: [digestOf("flipped"), digestOf("cut")].sort(),
        orphans: [digestOf("unnamed")],
      };
      const looked = await verify(stores, false);
      deepEqual(told(looked), wrong);
      equal(looked.isSound, false);
      equal(await records.count({}), 4);
      const repaired = await verify(stores, true);
      deepEqual(told(repaired), wrong);
      equal(repaired.isSound, true);
      deepEqual(await listKeys(records, {}), [keyOf("good")]);
      await holds(stores, TEAM, { good: true, flipped: false, cut: false, unnamed: false });
      deepEqual(told(await verify(stores, false)), { bad: {}, damaged: [], orphans: [] });
    },
  );

  check("a record whose result is not that which it was sealed with is found and removed", async (stores) => {
    const [here, elsewhere] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const sealed = (name: string, as: Entry, sealKey: Uint8Array) =>
      entry(name, { seal: sealRecord({ ...recordOf(as), isFailure: false }, sealKey) });
    await storeAll(stores, [
      sealed("right", entry("right"), here),
      sealed("of another result", entry("of another result", {}, "value of right"), here),
      sealed("of another key", entry("right", {}, "value of of another key"), here),
      sealed("of another team", entry("of another team", { team: "ops" }), here),
      sealed("replaced", entry("of another result"), here),
      sealed("elsewhere", entry("right"), elsewhere),
      entry("garbled", { seal: "12345678.90" }),
      entry("unsealed"),
    ]);
    // A seal goes with the result that it was put with.
    await stores.records.put(recordOf(sealed("replaced", entry("replaced"), here)), "replace");
    const wrong = Object.fromEntries(
      ["of another result", "of another key", "of another team", "garbled"].map((name) => [
        keyOf(name),
        "seal_wrong",
      ]),
    );
    const looked = await verify(stores, false, here);
    deepEqual(told(looked).bad, wrong);
    deepEqual(looked.seals, { right: 2, wrong: 4, none: 1, foreign: 1 });
    equal(looked.isSound, false);
    equal((await verify(stores, true, here)).isSound, true);
    deepEqual(
      (await listKeys(stores.records, {})).sort(),
      ["right", "replaced", "elsewhere", "unsealed"].map(keyOf).sort(),
    );
    deepEqual((await verify(stores, false)).seals, { right: 0, wrong: 0, none: 1, foreign: 3 });
  });

  check("another team's bytes do not make a record sound", async (stores) => {
    await storeAll(stores, [entry("one", { team: "ops" })]);
    await stores.records.put(recordOf(entry("one")), "keep-live");
    deepEqual(told(await verify(stores, true)).bad, { [keyOf("one")]: "result_missing" });
    equal(await stores.records.count({ team: "ops" }), 1);
    equal(await stores.records.count({ team: TEAM }), 0);
  });
}

async function verify(
  stores: OpenRetentionStores,
  repair: boolean,
  sealKey?: Uint8Array,
): Promise<Verification> {
  const { records, results } = await retentionOf(stores);
  const verifier = new Verifier({
    records: { store: stores.records, retention: records },
    results: { store: stores.results, retention: results },
    ...(sealKey && { sealKey }),
  });
  return await verifier.verify(repair);
}

function told({ badRecords, damaged, orphans }: Verification): {
  bad: Record<string, string>;
  damaged: Digest[];
  orphans: Digest[];
} {
  return {
    bad: Object.fromEntries(badRecords.map(({ key, problem }) => [key, problem])),
    damaged: damaged.map(({ digest }) => digest).sort(),
    orphans: orphans.map(({ digest }) => digest).sort(),
  };
}
