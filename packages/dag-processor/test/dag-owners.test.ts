import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findRefusals, nameOf } from "../src/dag-owners.ts";

const file = fc.record({ bundle: fc.constantFrom("a", "b"), path: fc.constantFrom("1.ts", "2.ts", "3.ts") });
const dagId: fc.Arbitrary<string> = fc.constantFrom("x", "y", "z");

const owned = fc.uniqueArray(fc.record({ dagId, file }), { selector: (one) => one.dagId });
const read = fc.uniqueArray(fc.record({ file, dagIds: fc.uniqueArray(dagId) }), {
  selector: (one) => nameOf(one.file),
});

describe("findRefusals", () => {
  it("gives each Dag to one file, and refuses nobody what only they have", () => {
    fc.assert(
      fc.property(owned, read, (before, now) => {
        const refusals = findRefusals(before, now);
        const refused = new Set(refusals.map((one) => nameOf(one.file)));
        const accepted = now.filter((one) => !refused.has(nameOf(one.file)));
        const ids = accepted.flatMap(({ dagIds }) => dagIds);
        expect(new Set(ids).size).toBe(ids.length);
        for (const { file: loser, dagId: wanted, owner } of refusals) {
          expect(nameOf(owner)).not.toBe(nameOf(loser));
          const claims = [
            ...before.filter((one) => one.dagId === wanted).map((one) => one.file),
            ...now.filter(({ dagIds }) => dagIds.includes(wanted)).map((one) => one.file),
          ];
          expect(claims.map(nameOf)).toContain(nameOf(owner));
        }
      }),
    );
  });

  it("does not depend on the order in which files were read", () => {
    fc.assert(
      fc.property(owned, read, (before, now) => {
        expect(findRefusals(before, now.toReversed())).toEqual(findRefusals(before, now));
      }),
    );
  });

  it("never takes a Dag from who has it and still defines it", () => {
    fc.assert(
      fc.property(owned, read, (before, now) => {
        const refusals = findRefusals(before, now);
        for (const { dagId: wanted, file: owner } of before) {
          const ownersRead = now.find((one) => nameOf(one.file) === nameOf(owner));
          if (ownersRead && !ownersRead.dagIds.includes(wanted)) continue;
          for (const one of now) {
            if (nameOf(one.file) === nameOf(owner) || !one.dagIds.includes(wanted)) continue;
            expect(refusals.map((refusal) => nameOf(refusal.file))).toContain(nameOf(one.file));
          }
        }
      }),
    );
  });
});
