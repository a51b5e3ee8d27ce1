import { once, EventEmitter } from "node:events";
import { utimes, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { watchBundles, type BundleSummary, type BundleWatch } from "../src/index.ts";
import { dagSource, Project } from "./project.ts";

let project: Project;
let watch: BundleWatch | undefined;
let passes: EventEmitter<{ pass: [BundleSummary] }>;

beforeEach(async () => {
  project = await Project.create();
  passes = new EventEmitter();
});

afterEach(async () => {
  await watch?.stop();
  watch = undefined;
  await project.remove();
});

async function start(): Promise<void> {
  watch = await watchBundles(project.processor(), [project.bundle], {
    onProcessed: (summary) => void passes.emit("pass", summary),
  });
}

/** A look that no change has asked for comes later than this. */
const PATIENCE_MS = 15_000;

/** The next pass in which something was read or found broken, in short. */
async function nextNews(): Promise<string[]> {
  for (;;) {
    const [summary] = await once(passes, "pass", { signal: AbortSignal.timeout(PATIENCE_MS) });
    const { files } = summary as BundleSummary;
    const news = files.filter(({ kind }) => kind !== "unchanged");
    if (news.length > 0) return news.map(({ kind, path }) => `${kind} ${path}`);
  }
}

describe("watchBundles", () => {
  it("makes a change live at once", async () => {
    await project.write("dags/one.ts", dagSource("one"));
    await start();
    const before = project.dag("one").artifactDigest;
    const news = nextNews();
    await project.write("dags/one.ts", dagSource("one", "2"));
    expect(await news).toEqual(["read one.ts"]);
    expect(project.dag("one").artifactDigest).not.toBe(before);
  });

  it("keeps the last good version over a broken save, and notices the fix", async () => {
    await project.write("dags/one.ts", dagSource("one"));
    await start();
    const good = project.dag("one");
    let news = nextNews();
    await project.write("dags/one.ts", "import { Dag } from 'memodag'; export const dag = new Dag(");
    expect(await news).toEqual(["broken one.ts"]);
    expect(project.dag("one")).toEqual(good);
    news = nextNews();
    await project.write("dags/one.ts", dagSource("one", "3"));
    expect(await news).toEqual(["read one.ts"]);
  });

  it("hears of new files, new folders, and files that go", async () => {
    await project.write("dags/one.ts", dagSource("one"));
    await start();
    const news = nextNews();
    await project.write("dags/new/folder/two.ts", dagSource("two"));
    expect(await news).toEqual(["read new/folder/two.ts"]);
    const gone = once(passes, "pass", { signal: AbortSignal.timeout(PATIENCE_MS) });
    await rm(join(project.root, "dags/one.ts"));
    expect(await gone).toMatchObject([{ files: [{ path: "new/folder/two.ts" }] }]);
    expect([...project.store.dags.keys()]).toEqual(["default:two"]);
  });

  it("hears of a file outside the bundle that a Dag file imports", async () => {
    await project.write("lib/limit.ts", "export const limit = 1;");
    await project.write("dags/one.ts", dagSource("one", "limit", `import { limit } from "../lib/limit.ts";`));
    await start();
    const news = nextNews();
    await project.write("lib/limit.ts", "export const limit = 2;");
    expect(await news).toEqual(["read one.ts"]);
  });

  it("does nothing for a touched file", async () => {
    await project.write("dags/one.ts", dagSource("one"));
    await start();
    const pass = once(passes, "pass", { signal: AbortSignal.timeout(PATIENCE_MS) });
    await utimes(join(project.root, "dags/one.ts"), new Date(), new Date(0));
    expect(await pass).toMatchObject([{ files: [{ kind: "unchanged" }] }]);
    expect(project.store.saves).toHaveLength(1);
  });

  it("tells of a pass that fails, and goes on", async () => {
    await project.write("dags/one.ts", dagSource("one"));
    await start();
    await watch?.stop();
    const failures: Error[] = [];
    project.store.removeDagFilesExcept = () => Promise.reject(new Error("the database is away"));
    watch = await watchBundles(project.processor(), [project.bundle], {
      onError: (_bundle, error) => void failures.push(error),
      onProcessed: (summary) => void passes.emit("pass", summary),
    });
    expect(failures.map(({ message }) => message)).toEqual(["the database is away"]);
    Reflect.deleteProperty(project.store, "removeDagFilesExcept");
    const news = nextNews();
    await project.write("dags/one.ts", dagSource("one", "2"));
    expect(await news).toEqual(["read one.ts"]);
  });
});
