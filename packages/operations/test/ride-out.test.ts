import { systemClock } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { rideOut } from "../src/ride-out.ts";

/** What Node throws when a server refuses. */
const refused = () => Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
const lost = () => new Error("Connection terminated: no answer for 9 s on this connection");

/** Reads that fail for so long, by a clock that pauses alone move. */
function away(forMs: number, fault: () => Error) {
  let now = 0;
  const notes: string[] = [];
  return {
    notes,
    waited: () => now,
    read: async () => {
      if (now < forMs) throw fault();
      return "read";
    },
    options: {
      clock: { monotonic: () => now },
      pause: async (ms: number) => (now += ms),
      note: (line: string) => void notes.push(line),
    },
  };
}

describe("a command that waits", () => {
  it.each([refused, lost])(
    "goes on where the database is away for some seconds, and says so once",
    async (fault) => {
      const { notes, read, options, waited } = away(20_000, fault);
      expect(await rideOut(read, options)).toBe("read");
      expect(notes).toEqual([
        expect.stringMatching(/^The database failed .*waits for it for up to a minute/),
        "The database answers again.",
      ]);
      expect(waited()).toBeLessThan(25_000);
    },
  );

  it("gives up with what was wrong after a minute", async () => {
    const { read, options, waited } = away(Infinity, refused);
    await expect(rideOut(read, options)).rejects.toThrow("ECONNREFUSED");
    expect(waited()).toBeGreaterThan(59_000);
    expect(waited()).toBeLessThan(66_000);
  });

  it("waits for nothing that time does not cure", async () => {
    const { read, options, waited } = away(Infinity, () => new TypeError("a bug"));
    await expect(rideOut(read, options)).rejects.toThrow("a bug");
    expect(waited()).toBe(0);
  });
});

describe("a command that is interrupted while it waits", () => {
  it("ends at once, whether it rests or asks", async () => {
    for (const ask of [() => Promise.reject(refused()), hangingAfter(1)]) {
      const stop = new AbortController();
      const pause = (ms: number) => (ms > 100 ? new Promise<void>(() => stop.abort()) : Promise.resolve());
      setTimeout(() => stop.abort(), 50);
      await expect(
        rideOut(ask, { clock: systemClock, pause, note: () => undefined, signal: stop.signal }),
      ).rejects.toMatchObject({ code: "run_interrupted" });
    }
  });

  it("does what it was asked for first, where the database is there", async () => {
    expect(
      await rideOut(async () => "read", {
        clock: systemClock,
        note: () => undefined,
        signal: AbortSignal.abort(),
      }),
    ).toBe("read");
  });
});

/** Asks that are refused so often, and then not answered. */
function hangingAfter(refusals: number): () => Promise<never> {
  let asked = 0;
  return () => ((asked += 1) > refusals ? new Promise(() => undefined) : Promise.reject(refused()));
}
