// When a queue that gives nothing is opened again, and when a host gives up.

import { describe, expect, test } from "vitest";
import {
  judgeFeed,
  NOTHING_SEEN,
  type FeedMemory,
  type FeedSight,
  type FeedVerdict,
} from "../src/deafness.ts";

const DEAF: FeedSight = { waitMs: 12_000, freePlaces: 2, running: 0, given: 7, place: "here" };

/** The verdicts on these sights, one at each beat. */
function judgeAll(sights: readonly FeedSight[], beatMs = 5_000): FeedVerdict[] {
  let memory: FeedMemory = { ...NOTHING_SEEN, given: 7 };
  return sights.map((sight, index) => {
    const judged = judgeFeed(sight, memory, index * beatMs);
    ({ memory } = judged);
    return judged.verdict;
  });
}

const times = (count: number, changes: Partial<FeedSight> = {}): FeedSight[] =>
  Array.from({ length: count }, () => ({ ...DEAF, ...changes }));

describe("a queue that gives nothing although attempts wait in it", () => {
  test("is opened again at the second beat, and given up at the fourth", () => {
    expect(judgeAll(times(4))).toEqual(["hears", "open_again", "hears", "give_up"]);
  });

  test("is not judged sooner where beats come sooner", () => {
    const verdicts = judgeAll(times(20), 1_000);
    expect([verdicts.indexOf("open_again"), verdicts.indexOf("give_up")]).toEqual([5, 15]);
  });

  test.each([{ running: 1 }, { place: "unknown" }] as const)(
    "is opened again and again with %o",
    (changes) => {
      const verdicts = judgeAll(times(9, changes));
      expect(verdicts).not.toContain("give_up");
      expect(verdicts.filter((verdict) => verdict === "open_again")).toHaveLength(3);
    },
  );

  test.each([
    ["nothing waits that this host may take", { waitMs: null }],
    ["what waits is young", { waitMs: 10_000 }],
    ["no place is free", { freePlaces: 0 }],
    ["the queue is away", { place: "away" }],
    ["a scheduler is to publish it again", { place: "absent" }],
    ["another worker has it", { place: "held", waitMs: 90_000 }],
  ] as const)("hears while %s", (_what, changes) => {
    expect(new Set(judgeAll(times(20, changes)))).toEqual(new Set(["hears"]));
  });

  test("begins anew when it has given something, or was away", () => {
    const gave = times(3, { given: 8 });
    expect(judgeAll([...times(3), ...gave])).toEqual([
      "hears",
      "open_again",
      "hears",
      "hears",
      "hears",
      "open_again",
    ]);
    expect(judgeAll([...times(3), ...times(1, { place: "away" }), ...times(2)]).at(-1)).toBe("open_again");
  });

  test("is called absent when a scheduler would have published again what it lost", () => {
    expect(judgeAll(times(1, { place: "absent", waitMs: 40_001 }))).toEqual(["absent"]);
  });

  test("is never given up by a host that runs something, or before it was opened again", () => {
    const changes: Partial<FeedSight>[] = [{}, { running: 1 }, { place: "held" }, { given: 8 }];
    const length = 7;
    for (let code = 0; code < changes.length ** length; code += 1) {
      const sights = Array.from({ length }, (_, beat) => ({
        ...DEAF,
        ...changes[Math.floor(code / changes.length ** beat) % changes.length],
      }));
      const verdicts = judgeAll(sights);
      const end = verdicts.indexOf("give_up");
      if (end === -1) continue;
      const isDeaf = sights.map(
        ({ place, given }, beat) => place === "here" && given === (sights[beat - 1] ?? DEAF).given,
      );
      const since = isDeaf.lastIndexOf(false, end) + 1;
      expect([sights[end]?.running, end - since >= 3]).toEqual([0, true]);
      expect(verdicts.slice(since, end)).toContain("open_again");
    }
  });
});
