// The metadata database keeps the contract of log stores, and takes parts of hosts that repeat themselves.

import type { Attempt } from "@memodag/core";
import { describeLogStore } from "@memodag/executor/testing";
import { openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import { describe, expect, test } from "vitest";

for (const dialect of TEST_DIALECTS) {
  describeLogStore(
    `the metadata database on ${dialect}`,
    {
      async open() {
        const metastore = await openTestMetastore(dialect);
        return { store: metastore.attemptLogs, close: () => metastore.close() };
      },
    },
    { describe, test },
  );
}

describe.each(TEST_DIALECTS)("parts of a log on %s", (dialect) => {
  const attempt = { team: "ml", dagId: "d", runId: "r", taskId: "t", mapIndex: -1, tryNumber: 1 } as Attempt;

  test("are there once, in order, without gaps, however often they are sent", async () => {
    await using metastore = await openTestMetastore(dialect);
    const { attemptLogs } = metastore;
    const send = (from: number, text: string, id = "one") =>
      attemptLogs.appendPart(id, attempt, from, Buffer.from(text));
    expect(await send(0, "0123")).toBe(4);
    expect(await send(0, "0123")).toBe(4);
    expect(await send(2, "2345")).toBe(6);
    expect(await send(9, "9")).toBe(6);
    expect(await Promise.all([send(6, "678"), send(6, "678")])).toEqual([9, 9]);
    expect(await send(0, "callback", "two")).toBe(8);
    let text = "";
    for await (const piece of attemptLogs.tail(attempt)) text += piece;
    expect(text).toBe("012345678callback");
  });
});
