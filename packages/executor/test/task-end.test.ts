// Handlers that end their task otherwise than by returning or failing once.

import { expect, it } from "vitest";
import { ExecutorRoom, failed } from "./executor-room.ts";

it("a handler that throws FailTask is not tried again", async () => {
  await using room = new ExecutorRoom();
  const { attempt, finished } = room.submit(
    `dag.task("it", async () => { throw new FailTask("the account is closed"); })();`,
  );
  expect(await finished).toMatchObject({
    kind: "failed",
    retryable: false,
    error: { code: "task_failed", message: "the account is closed" },
  });
  expect(room.log(attempt)).toContain("FailTask: the account is closed");
  const any = await room.run(`dag.task("it", async () => { throw new Error("once more"); })();`);
  expect(any).toMatchObject({ kind: "failed", retryable: true });
});

it("a handler that throws a class of its author's made of FailTask is not tried again", async () => {
  await using room = new ExecutorRoom();
  const outcome = await room.run(`
    class Refused extends FailTask {}
    dag.task("it", async () => { throw new Refused("no"); })();`);
  expect(outcome).toMatchObject({ kind: "failed", retryable: false });
});

it("a handler that throws SkipTask skips its task, and says why in the log", async () => {
  await using room = new ExecutorRoom();
  const { attempt, finished } = room.submit(
    `dag.task("it", async () => { throw new SkipTask("no rows today"); })();`,
  );
  expect(await finished).toMatchObject({ kind: "skipped", reason: "no rows today" });
  expect(room.log(attempt)).toMatch(/INFO +skipped after \d+ms: no rows today/);
});

it.each([
  ["returned", `return "x".repeat(2_046)`, "The returned value"],
  ["pushed", `getContext().xcom.push("big", "x".repeat(2_046))`, 'XCom "big"'],
  ["far longer", `return "x".repeat(100_000)`, "The returned value"],
])("a value over the limit that is %s fails the task, with limit, size and fix", async (how, body, name) => {
  await using room = new ExecutorRoom({ maxXComBytes: 1_000 });
  const error = failed(await room.run(`dag.task("it", async () => { ${body} })();`));
  const size = how === "far longer" ? "over 3.9KiB" : "2KiB";
  expect(error).toEqual({
    code: "xcom_too_large",
    message:
      `${name} is ${size} of JSON, more than [core] max_xcom_size of 1000B: ` +
      "save it as an entry (jobCache.save(), or entries.out of a command) and return the reference, or raise the limit",
  });
});
