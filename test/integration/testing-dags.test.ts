import { Dag, FailTask, getClient, getContext, SkipTask } from "memodag";
import { testDag } from "memodag/testing";
import { describe, expect, expectTypeOf, test } from "vitest";

interface Row {
  readonly species: string;
  readonly mass: number;
}

const neverCalled = (): never => {
  throw new Error("not in a test");
};

/** A Dag as an author would export it. */
function penguins() {
  const dag = new Dag("penguins", { params: { species: "Adelie" } });
  const load = dag.task("load", neverCalled as () => Row[], { cache: true });
  const train = dag.task(
    "train",
    ({ rows, depth }: { rows: Row[]; depth: number }) => ({ depth, score: rows.length / depth }),
    { cache: { includeInputs: ["params.species"] } },
  );
  const best = dag.task("best", ({ models }: { models: { depth: number; score: number }[] }) =>
    models.reduce((a, b) => (a.score >= b.score ? a : b)),
  );
  best({ models: train.partial({ rows: load() }).expand({ depth: [1, 2] }) });
  return dag;
}

const ROWS: Row[] = [
  { species: "Adelie", mass: 3_700 },
  { species: "Gentoo", mass: 5_000 },
];

describe("testDag", () => {
  test("runs a Dag with mocks, and what ran once is a hit, in one pass, the next time", async () => {
    const penguin = testDag(penguins(), { mocks: { load: ROWS.map((row) => ({ ...row })) } });
    const first = await penguin.run();
    expect(first.states).toEqual({
      load: "success",
      "train[0]": "success",
      "train[1]": "success",
      best: "success",
    });
    expect(first.cacheStatuses).toEqual({
      load: "populated",
      "train[0]": "populated",
      "train[1]": "populated",
      best: "disabled",
    });
    expect(first.task("best").returned).toEqual({ depth: 1, score: 2 });
    expect(first.task("train", 1)).toMatchObject({
      returned: { depth: 2, score: 1 },
      tryNumber: 1,
      error: null,
    });

    const second = await penguin.run();
    expect(second.cacheStatuses).toMatchObject({ load: "hit", "train[0]": "hit", "train[1]": "hit" });
    expect(second.task("train", 1)).toMatchObject({
      returned: { depth: 2, score: 1 },
      tryNumber: 0,
      cacheKey: first.task("train", 1).cacheKey,
    });
    expect(second.runId).not.toBe(first.runId);
  });

  test("misses by what is in the key, and by nothing else", async () => {
    const penguin = testDag(penguins(), { mocks: { load: ROWS.map((row) => ({ ...row })) } });
    await penguin.run();
    const other = await penguin.run({
      params: { species: "Gentoo" },
      conf: { any: 1 },
      logicalDate: "2030-01-01",
    });
    expect(other.cacheStatuses).toMatchObject({ load: "hit", "train[0]": "populated" });
    // Other code that returns the same rows: what is below need not run.
    const cut = await penguin.run({ code: { load: "2" } });
    expect(cut.cacheStatuses).toMatchObject({ load: "populated", "train[0]": "hit", "train[1]": "hit" });
    const fewer = await penguin.run({ mocks: { load: [] } });
    expect(fewer.cacheStatuses).toMatchObject({ load: "populated", "train[0]": "populated" });
    expect((await penguin.run({ cache: "off" })).cacheStatuses.load).toBe("disabled");
    expect((await penguin.run({ cache: "refresh" })).cacheStatuses.load).toBe("skipped");
  });

  test("never takes one mock's result for another's, nor a mock's for the task's own", async () => {
    const dag = new Dag("answers");
    dag.task("answer", () => "its own", { cache: true })();
    const answers = testDag(dag);
    const returned = async (options = {}): Promise<unknown> =>
      (await answers.run(options)).task("answer").returned;
    const times = (n: number) => () => n;
    expect(await returned()).toBe("its own");
    // The same text, another function.
    expect(await returned({ mocks: { answer: times(1) } })).toBe(1);
    expect(await returned({ mocks: { answer: times(2) } })).toBe(2);
    expect(await returned({ mocks: { answer: null } })).toBe(null);
    expect(await returned()).toBe("its own");
    expect((await answers.run()).cacheStatuses.answer).toBe("hit");
  });

  test("lets time pass at once where tasks only wait, and stand still otherwise", async () => {
    const dag = new Dag("patient");
    const tries: string[] = [];
    const flaky = dag.task(
      "flaky",
      () => {
        tries.push(slow.now.toISOString());
        if (tries.length < 3) throw new Error(`no ${tries.length}`);
        return tries.length;
      },
      { retries: 2, retryDelay: "1h", cache: { ttl: "7d" } },
    );
    let asked = 0;
    const sensor = dag.sensor("there", () => (asked += 1) > 3, { pokeInterval: "10m", timeout: "1h" });
    flaky().after(sensor());
    const slow = testDag(dag, { now: "2026-03-01T00:00Z" });
    const first = await slow.run();
    expect(first.states).toEqual({ there: "success", flaky: "success" });
    expect(tries).toEqual([
      "2026-03-01T00:30:00.000Z",
      "2026-03-01T01:30:00.000Z",
      "2026-03-01T02:30:00.000Z",
    ]);
    expect(first.task("flaky")).toMatchObject({ tryNumber: 3, returned: 3, cacheStatus: "populated" });
    slow.advance("6d");
    expect((await slow.run()).cacheStatuses.flaky).toBe("hit");
    slow.advance("2d");
    expect((await slow.run()).cacheStatuses.flaky).toBe("populated");
    expect(slow.now.toISOString()).toBe("2026-03-09T02:30:00.000Z");
  });

  test("a sensor that waits for another process gives up in time", async () => {
    const dag = new Dag("waiting");
    const options = { mode: "reschedule", pokeInterval: "1m", timeout: "1h" } as const;
    dag.sensor("never", () => false, options)();
    const waiting = testDag(dag);
    const run = await waiting.run();
    expect(run.state).toBe("failed");
    expect(run.task("never").error?.code).toBe("sensor_timeout");
    expect(waiting.now.toISOString()).toBe("2026-01-01T01:00:00.000Z");
  });

  test("tells how tasks failed, were skipped, and what they threw", async () => {
    class Refused extends FailTask {}
    const dag = new Dag("failing");
    const fails = dag.task(
      "fails",
      () => {
        throw new Refused("not today");
      },
      { retries: 5 },
    );
    const skips = dag.task("skips", () => {
      throw new SkipTask("nothing to do");
    });
    const below = dag.task("below", ({ n }: { n: unknown }) => n as null);
    below({ n: fails() });
    skips();
    const run = await testDag(dag).run();
    expect(run.state).toBe("failed");
    expect(run.states).toEqual({ fails: "failed", below: "upstream_failed", skips: "skipped" });
    const task = run.task("fails");
    expect(task.thrown).toBeInstanceOf(Refused);
    expect(task).toMatchObject({
      tryNumber: 1,
      error: { code: "task_failed", message: "not today" },
      returned: undefined,
    });
    expect(() => run.task("fails", 3)).toThrow("The run has no task fails[3]: it has fails, skips, below");
  });

  test("calls callbacks, for hits too, and tells of one that throws", async () => {
    const told: string[] = [];
    const dag = new Dag("callbacks");
    const works = dag.task("works", () => 1, {
      cache: true,
      onSuccess: ({ taskInstance }) => void told.push(`${taskInstance.state} ${taskInstance.cacheStatus}`),
    });
    const fails = dag.task("fails", neverCalled, {
      retries: 1,
      onRetry: ({ error }) => void told.push(`again: ${error?.message}`),
      onFailure: () => {
        throw new Error("nobody there");
      },
    });
    works();
    fails();
    const calls = testDag(dag);
    const { callbacks } = await calls.run();
    const failure = expect.objectContaining({ message: "nobody there" });
    expect(callbacks).toHaveLength(3);
    expect(callbacks).toEqual(
      expect.arrayContaining([
        { taskId: "works", mapIndex: -1, event: "success", thrown: undefined },
        { taskId: "fails", mapIndex: -1, event: "retry", thrown: undefined },
        { taskId: "fails", mapIndex: -1, event: "failure", thrown: failure },
      ]),
    );
    expect(told.toSorted()).toEqual([
      "again: not in a test",
      expect.stringMatching(/^success (miss|populated)/),
    ]);
    told.length = 0;
    await calls.run({ mocks: { fails: 1 } });
    expect(told).toEqual(["success hit"]);
  });

  test("gives handlers their context, and says what keeps a result from being cached", async () => {
    const dag = new Dag("context", { params: { region: "eu" } });
    const reads = dag.task("reads", () => getContext().dagRun.conf["day"] ?? null, { cache: true });
    const pushes = dag.task("pushes", async () => {
      const { xcom, params, logicalDate } = getContext();
      xcom.push("rows", { count: 3 });
      const secret = await getClient().getVariable("secret");
      return `${params["region"]} ${logicalDate?.slice(0, 10)} ${secret}`;
    });
    reads();
    pushes();
    const run = await testDag(dag, { conf: { day: "monday" }, variables: { secret: "s" } }).run({
      logicalDate: new Date("2026-02-03"),
    });
    expect(run.task("reads")).toMatchObject({
      returned: "monday",
      cacheStatus: "uncacheable",
      cacheReason: "undeclared_input(dagRun.conf.day)",
    });
    expect(run.task("pushes")).toMatchObject({
      returned: "eu 2026-02-03 s",
      xcoms: { rows: { count: 3 }, return_value: "eu 2026-02-03 s" },
    });
  });

  test("needs a mock for what runs elsewhere, and takes one for anything", async () => {
    const dag = new Dag("elsewhere");
    const fit = dag.command<{ score: number }>("fit", {
      command: ["no-such-program"],
      sources: [],
      cache: true,
    });
    const show = dag.task("show", ({ score }: { score: number }) => `score ${score}`);
    const shown = show({ score: fit({ depth: 2 }).field("score") });
    shown.before(dag.triggerDagRun("next", { dagId: "other" }));
    const elsewhere = testDag(dag);
    await expect(elsewhere.run()).rejects.toMatchObject({
      code: "usage",
      message:
        '"fit", "next" of Dag "elsewhere" run outside of a test\'s process, a program or a run of another Dag: ' +
        "mock it, such as mocks: { fit: null }",
    });
    const given: unknown[] = [];
    const fake = (args: { depth: number }) => {
      given.push(args);
      return { score: 1 / args.depth };
    };
    const run = await elsewhere.run({ mocks: { fit: fake, next: "run-1" } });
    expect(run.task("show").returned).toBe("score 0.5");
    expect(given).toEqual([{ depth: 2 }]);
    expect(run.task("next").returned).toBe("run-1");
  });

  test("takes a branch as the task that decides is mocked", async () => {
    const dag = new Dag("branch");
    const isFull = dag.task("isFull", neverCalled as () => boolean);
    const all = dag.task("all", () => 1);
    const some = dag.task("some", () => 2);
    dag.if(isFull()).then(all()).else(some());
    const branch = testDag(dag);
    expect((await branch.run({ mocks: { isFull: true } })).states).toMatchObject({
      all: "success",
      some: "skipped",
    });
    expect((await branch.run({ mocks: { isFull: false } })).states).toMatchObject({
      all: "skipped",
      some: "success",
    });
  });

  test("lets runs of one test take turns", async () => {
    const dag = new Dag("turns");
    let running = 0;
    dag.task("one", async () => {
      running += 1;
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return running;
    })();
    const turns = testDag(dag);
    const runs = await Promise.all([turns.run(), turns.run(), turns.run()]);
    expect(runs.map((run) => run.task("one").returned)).toEqual([0, 0, 0]);
  });

  test("says what is wrong with what it is given", async () => {
    const dag = penguins();
    const penguin = testDag(dag);
    const fault = async (options: object) =>
      await penguin.run(options).catch((error: Error) => error.message);
    expect(await fault({ mocks: { lod: 1 } })).toBe(
      'Dag "penguins" has no task "lod" to mock: its tasks are load, train, best',
    );
    expect(await fault({ mocks: { load: [new Date(0)] } })).toMatch(/^Date at \$\[0\]/);
    expect(await fault({ params: { specis: 1 } })).toMatch(/no param "specis"/);
    expect(await fault({ logicalDate: "soon" })).toMatch(/^logicalDate is "soon", which is not a time/);
    expect(() => testDag({} as Dag)).toThrow("testDag() was called without a Dag");
    expect(() => testDag(dag, { now: "later" })).toThrow(/^now is "later"/);
    // Nothing of it is in the way of the next run.
    expect((await penguin.run({ mocks: { load: [] } })).state).toBe("success");
  });

  test("has types that let mocks be values, or functions of what the task is given", async () => {
    const penguin = testDag(penguins());
    await penguin.run({
      mocks: { load: [], train: ({ depth }: { rows: Row[]; depth: number }) => ({ depth, score: 0 }) },
    });
    // @ts-expect-error -- no JSON
    void (() => penguin.run({ mocks: { load: new Map() } }));
    // @ts-expect-error -- no such mode
    void (() => penguin.run({ cache: "sometimes" }));
    expectTypeOf(penguin.run).returns.resolves.toHaveProperty("state").toEqualTypeOf<"success" | "failed">();
  });
});
