import { expect, test, vi } from "vitest";
import { LimitLedger, type LimitClaim } from "../src/attempts/limit-ledger.ts";

const claim = (pool: string, slots = 1, dag = "d"): LimitClaim => ({ pool, slots, dag, maxActiveTasks: 3 });

function newBook() {
  const onRoom = vi.fn<() => void>();
  const onRefused = vi.fn<() => void>();
  return { ledger: new LimitLedger(new Map([["gpu", 2]]), onRoom, onRefused), onRoom, onRefused };
}

test("takes as long as there is room in the pool and in the Dag, and says which is full", () => {
  const { ledger } = newBook();
  expect(ledger.tryTake(claim("gpu", 2))).toBe("taken");
  expect(ledger.tryTake(claim("gpu"))).toBe("pool_full");
  expect(ledger.tryTake(claim("endless", 9))).toBe("taken");
  expect(ledger.tryTake(claim("endless"))).toBe("taken");
  expect(ledger.tryTake(claim("endless"))).toBe("dag_full");
  expect(ledger.tryTake(claim("endless", 1, "another"))).toBe("taken");
});

test("tells of room when somebody went without, and not otherwise", () => {
  const { ledger, onRoom } = newBook();
  ledger.take(claim("gpu", 2));
  ledger.release([claim("gpu")]);
  expect(onRoom).not.toHaveBeenCalled();
  expect(ledger.tryTake(claim("gpu", 2))).toBe("pool_full");
  ledger.release([]);
  expect(onRoom).not.toHaveBeenCalled();
  ledger.release([claim("gpu")]);
  expect(onRoom).toHaveBeenCalledTimes(1);
  expect(ledger.tryTake(claim("gpu", 2))).toBe("taken");
});

test("believes what the database said of others, until it is told to forget it", () => {
  const { ledger, onRefused } = newBook();
  const asked = claim("gpu", 2);
  expect(ledger.tryTake(asked)).toBe("taken");
  ledger.observe([asked], { maxActiveTasks: 2, poolSlots: new Map([["gpu", 1]]) });
  ledger.release([asked]);
  expect(onRefused).toHaveBeenCalledTimes(1);
  expect(ledger.tryTake(asked)).toBe("pool_full");
  expect(ledger.tryTake(claim("gpu"))).toBe("taken");
  expect(ledger.tryTake(claim("endless"))).toBe("taken");
  expect(ledger.tryTake(claim("endless"))).toBe("dag_full");
  ledger.release([claim("gpu"), claim("endless")]);
  ledger.forgetOthers();
  expect(ledger.tryTake(asked)).toBe("taken");
});
