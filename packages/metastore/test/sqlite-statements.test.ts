import { expect, test } from "vitest";
import { openSqliteConnection } from "../src/sqlite/connection.ts";

test("prepared statements are kept up to a bound, those used last", async () => {
  const connection = openSqliteConnection(":memory:", {});
  const often = connection.statement("select 'often'");
  for (let number = 0; number < 5_000; number += 1) {
    expect(connection.statement(`select ${number}`).pluck().get()).toBe(number);
    expect(connection.statement("select 'often'")).toBe(often);
  }
  expect(connection.keptStatements).toBeLessThanOrEqual(256);
  const first = connection.statement("select 0");
  expect(first.pluck().get()).toBe(0);
  expect(connection.statement("select 0")).toBe(first);
  await connection.close();
});
