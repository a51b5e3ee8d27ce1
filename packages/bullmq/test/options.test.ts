// What a config may say of BullMQ, and that no message repeats a password.

import { describe, expect, test } from "vitest";
import { parseOptions } from "../src/options.ts";
import { engineOptions } from "./redis-queue.ts";

describe("the options of BullMQ", () => {
  test("are a URL and a prefix", () => {
    const url = "rediss://worker:secret@queue.example:6380/2";
    expect(parseOptions(engineOptions(url))).toMatchObject({ url, prefix: "memodag" });
  });

  test.each([
    [{ url: "" }, /\[executor\] url is not a URL of Redis/],
    [{ url: "http://worker:secret@queue.example" }, /\[executor\] url is not a URL of Redis/],
    [{ url: "redis//worker:secret@queue" }, /\[executor\] url is not a URL of Redis/],
    [{ prefix: "" }, /\[executor\] prefix/],
    [{ prefix: "a:b" }, /\[executor\] prefix/],
    [{ options: "namespace=memodag" }, /\[executor\] options/],
  ])("%o are refused by name", (fields, message) => {
    const parse = (): unknown => parseOptions({ ...engineOptions("redis://localhost"), ...fields });
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(/secret/);
  });
});
