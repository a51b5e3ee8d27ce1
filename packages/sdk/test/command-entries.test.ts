// Commands that get and leave entries as files: how they are declared, and what is refused.

import type { EntryRef, JsonValue, SerializedTask } from "@memodag/core";
import { Dag, type CommandOptions, type TaskRef } from "@memodag/sdk";
import { listTaskIds, serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, expectTypeOf, it } from "vitest";
import { faultOf } from "./fault-of.ts";
import { z } from "zod";

function taskOf(dag: Dag, taskId: string): SerializedTask | undefined {
  const sourceHashes = new Map(listTaskIds(dag).map((each) => [each, ""]));
  return serializeDag(dag, { artifactDigest: "", sourceHashes }).tasks.find((task) => task.taskId === taskId);
}

const FIT = { command: ["fit"], sources: [] };

describe("entries of a command", () => {
  it("of its run are in its key beside entries of a named cache under the same key", () => {
    const dag = new Dag("d");
    const reads = { models: ["grid.npy"], jobCache: ["zones"] };
    dag.command("fit", {
      command: ["fit"],
      sources: [],
      entries: { in: { g: "grid.npy" } },
      cache: { reads },
    })();
    expect(taskOf(dag, "fit")?.cache?.reads).toEqual([
      { cache: "", pattern: "grid.npy" },
      { cache: "", pattern: "zones" },
      { cache: "models", pattern: "grid.npy" },
    ]);
  });

  it("are declared by path, in any order, and what it reads by name is in its key", () => {
    const dag = new Dag("d");
    dag.command("fit", {
      ...FIT,
      entries: {
        in: { tiles: "tiles/**", "scene.tif": { argument: "scene" }, "a/grid.npy": "grid" },
        out: { plots: "plots", "model.bin": "models/one", logs: "logs/" },
      },
      cache: { reads: ["tiles/**", "zones"] },
    })({ scene: 1 });
    expect(taskOf(dag, "fit")).toMatchObject({
      cache: {
        reads: [
          { cache: "", pattern: "grid" },
          { cache: "", pattern: "tiles/**" },
          { cache: "", pattern: "zones" },
        ],
      },
      command: {
        entries: {
          in: [
            ["a/grid.npy", { kind: "entries", pattern: "grid" }],
            ["scene.tif", { kind: "argument", name: "scene" }],
            ["tiles", { kind: "entries", pattern: "tiles/**" }],
          ],
          out: [
            ["logs", "logs/"],
            ["model.bin", "models/one"],
            ["plots", "plots"],
          ],
        },
      },
    });
  });

  it("may be all files that it leaves", () => {
    const dag = new Dag("d");
    dag.command("tile", { ...FIT, entries: { out: "tiles/" } })();
    expect(taskOf(dag, "tile")?.command?.entries).toEqual({ in: [], out: [[".", "tiles/"]] });
  });

  it("are not in a command without any", () => {
    const dag = new Dag("d");
    dag.command("fit", { ...FIT, entries: { in: {} }, cache: true })();
    expect(taskOf(dag, "fit")?.command).not.toHaveProperty("entries");
    expect(taskOf(dag, "fit")?.cache).not.toHaveProperty("reads");
  });

  it("are in the type of the result, by path", () => {
    const dag = new Dag("d");
    const saved = dag.command<{ slope: number }>("a", { ...FIT, entries: { out: { m: "m" } } })();
    expectTypeOf(saved.field("entries").field("m")).toEqualTypeOf<TaskRef<EntryRef>>();
    expectTypeOf(saved.field("result").field("slope")).toEqualTypeOf<TaskRef<number>>();
    const any = dag.command("b", { ...FIT, entries: { out: "g/" } })();
    expectTypeOf(any.field("result")).toEqualTypeOf<TaskRef<JsonValue>>();
    const result = z.object({ slope: z.number() });
    const checked = dag.command("c", { ...FIT, result, entries: { out: { m: "m" } } })();
    expectTypeOf(checked.field("result").field("slope")).toEqualTypeOf<TaskRef<number>>();
    const read = dag.command<number>("d", { ...FIT, entries: { in: { g: "g" } } })();
    expectTypeOf(read).toEqualTypeOf<TaskRef<number>>();
    // @ts-expect-error a command that saves nothing has no references in its result
    expect(() => read.field("entries")).not.toThrow();
  });

  it.each<[unknown, string]>([
    [3, "entries must be an object, got 3"],
    [{ into: {} }, "unknown option entries.into: remove it; known options are in, out"],
    [{ in: ["grid"] }, 'entries.in is a list: use an object of files, such as { "grid.npy": "grid" }'],
    [
      { in: { "../x": "grid" } },
      'entries.in has the path "../x" (The path "../x" of an entry has a part "." or ".."',
    ],
    [
      { in: { "/etc/x": "grid" } },
      'entries.in has the path "/etc/x" (The path "/etc/x" of an entry starts with a slash',
    ],
    [{ in: { "": "grid" } }, 'entries.in has the path ""'],
    [{ in: { x: 3 } }, 'entries.in["x"] is 3: use a key or group of the job cache'],
    [{ in: { x: "a//b" } }, 'entries.in["x"] names "a//b" (The key "a//b" of an entry has an empty part'],
    [{ in: { x: { argument: "" } } }, 'entries.in["x"] is an object: use a key or group'],
    [{ in: { x: { argument: "a", key: "b" } } }, 'entries.in["x"] is an object: use a key or group'],
    [{ in: { a: "x", "a/b": "y" } }, 'entries.in has the path "a" and, inside of it, "a/b"'],
    [
      { in: { x: { argument: "account" } } },
      'entries.in reads the argument "account", which cache.excludeInputs',
    ],
    [
      { out: "model" },
      'entries.out is "model", which does not end with a slash: use a group such as "tiles/"',
    ],
    [{ out: "/" }, 'entries.out saves to "/" (The key "" of an entry is empty'],
    [{ out: ["a"] }, "entries.out is a list"],
    [{ out: { x: "" } }, 'entries.out saves to "" (The key "" of an entry is empty'],
    [{ out: { x: "../y" } }, 'entries.out saves to "../y"'],
    [{ out: { x: 1 } }, 'entries.out is 1: use a key such as "model", or a group'],
    [{ out: { ".": "x" } }, 'entries.out has the path "."'],
    [{ out: { x: "k", y: "k" } }, 'entries.out saves "k" twice'],
    [{ out: { x: "k", "x/y": "l" } }, 'entries.out has the path "x" and, inside of it, "x/y"'],
  ])("refuses %j", (entries, message) => {
    const options = { ...FIT, entries, cache: { excludeInputs: ["account"] } } as CommandOptions;
    expect(faultOf(() => new Dag("d").command("t", options))).toContain(`Dag "d", task "t": ${message}`);
  });

  it("refuses an argument that the call does not have", () => {
    const fit = new Dag("d").command("t", { ...FIT, entries: { in: { x: { argument: "scene" } } } });
    expect(faultOf(() => fit({ scenes: 1 }))).toContain(
      'entries.in reads "scene", which is not an argument of the call: use one of scenes',
    );
  });
});
