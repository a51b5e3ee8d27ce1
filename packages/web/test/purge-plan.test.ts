import { describe, expect, test } from "vitest";
import { isEverything, optionsOf, readEntriesSearch, selectionOf } from "../src/cache/entry-filters.ts";
import { toPurge, workOf } from "../src/cache/purge-plan.ts";

const plan = { deleted: 0, sizeBytes: 9, tasks: [], missed: [] } as const;
const entry = (durationMs: number) => ({ durationMs }) as Parameters<typeof workOf>[0]["entries"][number];

describe("a purge", () => {
  test("says what making the entries again took, and that it is more where not all are listed", () => {
    expect(workOf({ ...plan, wouldDelete: 2, entries: [entry(2), entry(3)] })).toEqual({
      ms: 5,
      isAtLeast: false,
    });
    expect(workOf({ ...plan, wouldDelete: 9, entries: [entry(2)] })).toEqual({ ms: 2, isAtLeast: true });
  });

  test("takes nothing that was made after its plan", () => {
    expect(toPurge({ dagId: "shop" }, false, 1500.2)).toEqual({ dagId: "shop", olderThanMs: 1501 });
    expect(toPurge({ dagId: "shop", olderThanMs: 9000 }, false, 1500)).toMatchObject({ olderThanMs: 9000 });
    expect(toPurge({ team: "ml" }, true, 5)).toEqual({ team: "ml", olderThanMs: 5, all: true });
  });
});

describe("filters of entries", () => {
  test("are those of the address that have the right type", () => {
    expect(
      readEntriesSearch({ dag: "shop", task: "", key: 123, older: 7, expired: true, sort: "size", junk: 1 }),
    ).toEqual({
      dag: "shop",
      key: "123",
      older: 7,
      expired: true,
      sort: "size",
    });
    expect(readEntriesSearch({ older: "x", expired: "yes", sort: "colour", ascending: 1 })).toEqual({});
  });

  test("select entries, and are options of the command line with names that a shell takes as they are", () => {
    const selection = selectionOf({ team: "ml", dag: "it's", key: "41D0 zz", older: 1.5, expired: true });
    expect(selection).toMatchObject({ dagId: "it's", key: "41d0", olderThanMs: 129_600_000 });
    expect(optionsOf(selection)).toBe(
      String.raw`--team ml --dag 'it'\''s' --key 41d0 --older-than 1.5d --expired`,
    );
    expect(isEverything(selection)).toBe(false);
    expect(isEverything(selectionOf({ team: "ml", sort: "size" }))).toBe(true);
    expect(optionsOf(selectionOf({}))).toBe("");
  });
});
