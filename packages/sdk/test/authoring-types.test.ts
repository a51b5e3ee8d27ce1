// What the compiler accepts and refuses in a Dag file. The assertions are checked by tsc; running this
// file shows that what is accepted can also be declared.

import type { JsonObject, JsonValue } from "@memodag/core";
import { Dag, getContext, param, type ParamsOf, type TaskGroup, type TaskRef } from "@memodag/sdk";
import { listHandlers } from "@memodag/sdk/runtime";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";

interface Row {
  readonly id: number;
  readonly name: string | null;
}

interface Tree {
  readonly value: number;
  readonly children: readonly Tree[];
}

type OwnJson = string | number | OwnJson[] | { [name: string]: OwnJson };

/** A handler of those arguments. */
function taking<Args extends object>(): (args: Args) => number {
  return () => 0;
}

const fit = ({ rows, depth }: { rows: Row[]; depth: number }): string => `${rows.length}${depth}`;

describe("the types of an authored Dag", () => {
  it("carry a handler's result to the tasks downstream", () => {
    const dag = new Dag("d");
    const load = dag.task("load", async ({ path }: { path: string }): Promise<Row[]> => [
      { id: 1, name: path },
    ]);
    const rows = load({ path: "a" });
    expectTypeOf(rows).toEqualTypeOf<TaskRef<Row[]>>();
    expectTypeOf(rows.field(0)).toEqualTypeOf<TaskRef<Row>>();
    expectTypeOf(rows.field(0).field("name")).toEqualTypeOf<TaskRef<string | null>>();

    const nothing = dag.task("nothing", async () => undefined);
    expectTypeOf(nothing()).toEqualTypeOf<TaskRef<null>>();
    const voids = dag.task(function voids(): void {});
    expectTypeOf(voids({})).toEqualTypeOf<TaskRef<null>>();
    const maybe = dag.task("maybe", (): number | undefined => 1);
    expectTypeOf(maybe()).toEqualTypeOf<TaskRef<number | null>>();
  });

  it("take values, refs and values with refs in them", () => {
    const dag = new Dag("d");
    const one = dag.task("one", () => 1)();
    const row = dag.task("row", (): Row => ({ id: 1, name: "a" }))();
    const rows = dag.task("rows", (): Row[] => [])();
    const tree = dag.task("tree", (): Tree => ({ value: 1, children: [] }))();
    dag.task(
      "a",
      taking<{ rows: readonly Row[]; n: number }>(),
    )({ rows: [row, { id: one, name: null }], n: 2 });
    dag.task("b", taking<{ rows: readonly Row[]; n?: number }>())({ rows });
    dag.task("c", taking<{ any: JsonValue }>())({ any: { deep: [row, rows.field(0)] } });
    dag.task("own", taking<{ any: OwnJson }>())({ any: { deep: [one, "a"] } });
    dag.task("d", taking<{ any: unknown }>())({ any: [row] });
    dag.task("e", taking<{ flag: boolean; either: "x" | "y" | null }>())({ flag: true, either: "x" });
    dag.task("f", taking<{ tree: Tree }>())({ tree });
    dag.task("g", taking<{ json: JsonValue }>())({ json: tree });

    const h = dag.task("h", taking<{ id: number }>());
    // @ts-expect-error a Row is not a number
    h({ id: row });
    const i = dag.task("i", taking<{ id: number }>());
    // @ts-expect-error an argument is missing
    i({});
    const j = dag.task("j", taking<{ id: number }>());
    // @ts-expect-error no such argument
    j({ id: 1, di: 2 });
    const k = dag.task("k", () => 0);
    // @ts-expect-error it takes none
    k({ id: 1 });
    expect([...listHandlers(dag).keys()]).toHaveLength(16);
  });

  it("map over lists and over refs to lists", () => {
    const dag = new Dag("d");
    const depths = dag.task("depths", (): number[] => [1])();
    const one = dag.task("one", () => 1)();
    const a = dag
      .task("a", fit)
      .partial({ rows: [] })
      .expand({ depth: [2, 3] });
    expectTypeOf(a).toEqualTypeOf<TaskRef<string[]>>();
    dag.task("b", fit).partial({ rows: [] }).expand({ depth: depths });
    dag
      .task("c", fit)
      .partial({ rows: [] })
      .expand({ depth: [one, 2] });
    dag.task("d", fit).expand({ rows: [[], []], depth: depths });
    dag.task("e", ({ texts }: { texts: string[] }) => texts.length)({ texts: a });

    const f = dag.task("f", fit).partial({ rows: [] });
    expectTypeOf(f.expand).parameter(0).toHaveProperty("depth");
    expectTypeOf(f.expand).parameter(0).not.toHaveProperty("rows");
    // @ts-expect-error an element is not a list
    expectTypeOf(f.expand).toBeCallableWith({ depth: 2 });
    // @ts-expect-error what is left has to be mapped over
    expectTypeOf(f.expand).toBeCallableWith({});
  });

  it("are the same in a group, which edges and branches take as they take a task", () => {
    const dag = new Dag("d");
    const group = dag.taskGroup("g").taskGroup("h");
    const rows = group.task("rows", async (): Promise<Row[]> => [])();
    expectTypeOf(rows).toEqualTypeOf<TaskRef<Row[]>>();
    const sizes = group.task("size", taking<{ row: Row }>()).expand({ row: rows });
    expectTypeOf(sizes).toEqualTypeOf<TaskRef<number[]>>();
    const first = dag.task("first", () => 1)();
    expectTypeOf(first.before(group, [rows, group])).toEqualTypeOf<TaskRef<number>>();
    expectTypeOf(group.after(first)).toEqualTypeOf<TaskGroup>();

    const ok = dag.task("ok", () => ({ is: true, level: 1 as 1 | 2 }))();
    const other = dag.taskGroup("other");
    expectTypeOf(dag.if(ok.field("is")).then(group).else(other)).toBeVoid();
    expectTypeOf(dag.switch).toBeCallableWith(ok.field("level"));
    const chosen = dag.task("chosen", async () => (rows.taskId === "" ? rows : other))();
    expectTypeOf(chosen).toEqualTypeOf<TaskRef<string>>();
    const invalid = (): void => {
      // @ts-expect-error a list is no condition
      dag.if(rows);
      // @ts-expect-error an id is no target
      dag.if(ok.field("is")).then("first");
      // @ts-expect-error the level is never 3
      dag.switch(ok.field("level")).case(3, first);
      // @ts-expect-error a task is returned by itself, not in an object
      dag.task("inside", () => ({ chosen: rows }));
    };
    expectTypeOf(invalid).toBeFunction();
  });

  it("refuse results that JSON cannot carry", () => {
    const dag = new Dag("d");
    // @ts-expect-error a Date is not JSON: return toISOString()
    dag.task("date", () => new Date());
    // @ts-expect-error a Map is not JSON
    dag.task("map", async () => ({ rows: [{ at: new Map<string, number>() }] }));
    // @ts-expect-error a bigint is not JSON
    dag.task("bigint", () => [1n]);
    // @ts-expect-error a function is not JSON
    dag.task("function", () => ({ run: () => 1 }));
    // @ts-expect-error bytes are not JSON
    dag.task(function bytes() {
      return new Uint8Array(1);
    });
    dag.task("any", () => JSON.parse("1"));
    dag.task("unknown", (): unknown => 1);
    dag.task("json", (): JsonValue => 1);
    dag.task("tree", (): Tree => ({ value: 1, children: [] }));
    dag.task("interface", async (): Promise<Row> => ({ id: 1, name: null }));
    // The compiler is told; a Dag file that nobody compiled is told when the task runs.
    expect([...listHandlers(dag).keys()]).toHaveLength(10);
  });

  it("are those of the declared params in the context", () => {
    const dag = new Dag("d", {
      params: {
        plain: 3,
        depth: param({ default: 3, schema: { type: "integer", minimum: 1 } }),
        region: param({ schema: { enum: ["north", "south"] } }),
        either: param({ schema: { anyOf: [{ type: "null" }, { const: "all" }] } }),
        rows: param({
          schema: {
            type: "array",
            items: {
              type: "object",
              properties: { id: { type: "integer" }, name: { type: ["string", "null"] } },
              required: ["id"],
            },
          },
        }),
        any: param({ default: 1 }),
        half: param({ schema: { properties: { a: { type: "string" } } } }),
        zod: z.object({ at: z.iso.date() }),
        preset: z.number().default(3),
      },
    });
    const handler = () => getContext<typeof dag>().params;
    type Params = ReturnType<typeof handler>;
    expectTypeOf<Params["plain"]>().toEqualTypeOf<JsonValue>();
    expectTypeOf<Params["depth"]>().toEqualTypeOf<number>();
    expectTypeOf<Params["region"]>().toEqualTypeOf<"north" | "south">();
    expectTypeOf<Params["either"]>().toEqualTypeOf<"all" | null>();
    expectTypeOf<Params["rows"][number]["id"]>().toEqualTypeOf<number>();
    expectTypeOf<Params["rows"][number]["name"]>().toEqualTypeOf<string | null | undefined>();
    expectTypeOf<Params["any"]>().toEqualTypeOf<JsonValue>();
    expectTypeOf<Params["half"]>().toEqualTypeOf<JsonValue>();
    expectTypeOf<Params["zod"]>().toEqualTypeOf<{ at: string }>();
    expectTypeOf<Params["preset"]>().toEqualTypeOf<number>();
    expectTypeOf<ParamsOf<typeof dag>>().toEqualTypeOf<Params>();
    // @ts-expect-error no such param
    expectTypeOf<Params["dept"]>().toBeNever();
    expectTypeOf<Dag>(dag);
    expectTypeOf<ReturnType<typeof getContext>["params"]>().toEqualTypeOf<JsonObject>();
    expectTypeOf<ParamsOf<Dag>>().toEqualTypeOf<JsonObject>();
    expect(handler).toThrow(/only while a task runs/);
  });

  it("are those of a validator's output for the result of a command", () => {
    const dag = new Dag("d");
    const command = ["true"];
    const result = z.object({ n: z.string().transform(Number) });
    expectTypeOf(dag.command("a", { command, result })({})).toEqualTypeOf<TaskRef<{ n: number }>>();
    expectTypeOf(dag.command<Row>("b", { command })({})).toEqualTypeOf<TaskRef<Row>>();
    // @ts-expect-error a Date is not JSON
    dag.command("c", { command, result: z.date() });
  });

  it("know the names of arguments in excludeInputs, and every option", () => {
    const dag = new Dag("d", { schedule: null, defaultArgs: { retries: 1 } });
    const handler = taking<{ rows: Row[]; account: string }>();
    dag.task("a", handler, { cache: { ttl: "7d", excludeInputs: ["account"] } });
    // @ts-expect-error no such argument
    dag.task("b", handler, { cache: { excludeInputs: ["acount"] } });
    dag.task("c", handler, { cache: true, triggerRule: "all_done" });
    const invalid = (): void => {
      // @ts-expect-error no such rule
      dag.task("e", handler, { triggerRule: "all_good" });
    };
    expectTypeOf(invalid).toBeFunction();
  });
});
