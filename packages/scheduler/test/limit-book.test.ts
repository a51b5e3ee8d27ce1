import { expect, test, vi } from "vitest";
import { LimitBook, type LimitClaim } from "../src/attempts/limit-book.ts";

const claim = (pool: string, slots = 1, dag = "d"): LimitClaim => ({ pool, slots, dag, maxActiveTasks: 3 });

function newBook() {
  const onRoom = vi.fn<() => void>();
  const onRefused = vi.fn<() => void>();
  return { book: new LimitBook(new Map([["gpu", 2]]), onRoom, onRefused), onRoom, onRefused };
}

test("takes as long as there is room in the pool and in the Dag, and says which is full", () => {
  const { book } = newBook();
  expect(book.tryTake(claim("gpu", 2))).toBe("taken");
  expect(book.tryTake(claim("gpu"))).toBe("pool_full");
  expect(book.tryTake(claim("endless", 9))).toBe("taken");
  expect(book.tryTake(claim("endless"))).toBe("taken");
  expect(book.tryTake(claim("endless"))).toBe("dag_full");
  expect(book.tryTake(claim("endless", 1, "another"))).toBe("taken");
});

test("tells of room when somebody went without, and not otherwise", () => {
  const { book, onRoom } = newBook();
  book.take(claim("gpu", 2));
  book.give([claim("gpu")]);
  expect(onRoom).not.toHaveBeenCalled();
  expect(book.tryTake(claim("gpu", 2))).toBe("pool_full");
  book.give([]);
  expect(onRoom).not.toHaveBeenCalled();
  book.give([claim("gpu")]);
  expect(onRoom).toHaveBeenCalledTimes(1);
  expect(book.tryTake(claim("gpu", 2))).toBe("taken");
});

test("believes what the database said of others, until it is told to forget it", () => {
  const { book, onRefused } = newBook();
  const asked = claim("gpu", 2);
  expect(book.tryTake(asked)).toBe("taken");
  book.learn([asked], { maxActiveTasks: 2, poolSlots: new Map([["gpu", 1]]) });
  book.give([asked]);
  expect(onRefused).toHaveBeenCalledTimes(1);
  expect(book.tryTake(asked)).toBe("pool_full");
  expect(book.tryTake(claim("gpu"))).toBe("taken");
  expect(book.tryTake(claim("endless"))).toBe("taken");
  expect(book.tryTake(claim("endless"))).toBe("dag_full");
  book.give([claim("gpu"), claim("endless")]);
  book.forgetOthers();
  expect(book.tryTake(asked)).toBe("taken");
});
