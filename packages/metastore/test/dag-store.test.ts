import { digestOf, sha256, type ProcessedDagFile } from "@memodag/core";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { artifact, dagFile, newRun, saveDag, serializedDag } from "./dags-and-runs.ts";

describe.each(TEST_DIALECTS)("the Dag store on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const read = (
    file: ReturnType<typeof dagFile>,
    ...dags: ReturnType<typeof serializedDag>[]
  ): ProcessedDagFile => ({ kind: "read", file, artifact, dags, sources: [] });
  const idsOf = async (team: string) => (await metastore.dags.listDags(team)).map((dag) => dag.dagId);

  test("keeps all of a file, its Dags and its artifact", async () => {
    const file = dagFile("etl/keeps.ts", "keeps", "keeps");
    const dag = serializedDag("keeps", {
      schedule: "@daily",
      tags: ["ml", "ü"],
      params: { __proto__: null, n: 1 },
    });
    await metastore.dags.saveDagFile(read(file, dag));
    const place = { bundle: "keeps", path: "etl/keeps.ts" };
    expect(await metastore.dags.listDagFiles("keeps")).toEqual([
      { ...file, error: null, processedAt: expect.any(Number) },
    ]);
    const [version] = await metastore.dags.findDagVersions("keeps");
    expect(version).toEqual({
      id: expect.any(Number),
      team: "keeps",
      dagId: "keeps",
      digest: digestOf(dag),
      dag: { ...dag, params: { n: 1 } },
      file: place,
    });
    expect(await metastore.dags.getDagVersion(version!.id)).toEqual(version);
    expect(await metastore.dags.listDags("keeps")).toEqual([
      {
        team: "keeps",
        dagId: "keeps",
        file: place,
        versionId: version!.id,
        isPaused: false,
        plan: { versionId: null, nextDate: null, lastDate: null },
        schedule: "@daily",
        tags: ["ml", "ü"],
        taskCount: 0,
      },
    ]);
    const stored = await metastore.dags.getArtifact(artifact.digest);
    expect([stored.digest, Buffer.from(stored.code).toString()]).toEqual([artifact.digest, "code"]);
  });

  test("keeps the code of tasks once, which several tasks of a file may reach", async () => {
    const sourceHash = sha256("code of two tasks");
    const source = { sourceHash, mode: "slice", components: [] } as const;
    const file = dagFile("twice.ts", "twice", "twice");
    await metastore.dags.saveDagFile({
      ...read(file, serializedDag("twice")),
      sources: [source, source],
    } as ProcessedDagFile);
    expect([...(await metastore.dags.findTaskSources("twice", [sourceHash]))]).toHaveLength(1);
  });

  test("takes files that reach the same code, which several processes save at once", async () => {
    const another = await metastore.openAgain();
    for (let round = 0; round < 4; round += 1) {
      const sources = Array.from({ length: 900 }, (_, index) => ({
        sourceHash: sha256(`shared code ${index} of ${round}`),
        mode: "slice" as const,
        components: [],
      }));
      const save = async ({ dags }: Pick<TestMetastore, "dags">, name: string, reached: typeof sources) => {
        const own = { digest: sha256(name), code: new TextEncoder().encode(name) };
        const file = dagFile(`${name}.ts`, "together", "together");
        const dag = serializedDag(name, { artifactDigest: own.digest });
        await dags.saveDagFile({ kind: "read", file, artifact: own, dags: [dag], sources: reached });
      };
      await Promise.all([
        save(metastore, `forwards${round}`, sources),
        save(another, `backwards${round}`, sources.toReversed()),
      ]);
    }
    expect(await idsOf("together")).toHaveLength(8);
  });

  test("does not read a Dag in the format of a later version, which other Dags do not notice", async () => {
    const { dags } = metastore;
    const id = await saveDag(metastore, "later");
    await saveDag(metastore, "of-now");
    await metastore.execute(
      `update dag_version set dag = replace(dag, '"format":1', '"format":2') where id = ${id}`,
    );
    const refusal = {
      code: "database_newer",
      fault: "infrastructure",
      message: expect.stringContaining(
        `Version ${id} of Dag "later" has format 2, and this memodag reads format 1`,
      ),
    };
    await expect(dags.getDagVersion(id)).rejects.toMatchObject(refusal);
    await expect(dags.findDagVersions("later")).rejects.toMatchObject(refusal);
    expect(await dags.findDagVersions("of-now")).toHaveLength(1);
    expect((await dags.listDags()).map(({ dagId }) => dagId)).toEqual(
      expect.arrayContaining(["later", "of-now"]),
    );
  });

  test("names what is not there", async () => {
    await expect(metastore.dags.getDagVersion(-1)).rejects.toMatchObject({ code: "dag_not_found" });
    await expect(metastore.dags.getArtifact("none")).rejects.toMatchObject({ code: "artifact_not_found" });
    expect(await metastore.dags.findDagVersions("none")).toEqual([]);
    expect(await metastore.dags.setPaused("red", "none", true)).toBe(false);
  });

  test("makes a version for each content, and goes back to an earlier one", async () => {
    const file = dagFile("versions.ts", "versions", "versions");
    const [first, second] = [serializedDag("versions"), serializedDag("versions", { catchup: true })];
    const ids: number[] = [];
    for (const dag of [first, second, first]) {
      await metastore.dags.saveDagFile(read(file, dag));
      ids.push((await metastore.dags.findDagVersions("versions"))[0]!.id);
    }
    expect(ids[1]).not.toBe(ids[0]);
    expect(ids[2]).toBe(ids[0]);
  });

  test("keeps the last good version of a file that broke", async () => {
    const file = dagFile("breaks.ts", "breaks", "breaks");
    await metastore.dags.saveDagFile(read(file, serializedDag("breaks")));
    const error = { message: "boom", file: "breaks.ts", line: 3, column: null };
    const broken = { ...file, fingerprint: "f2" };
    await metastore.dags.saveDagFile({ kind: "broken", file: broken, error });
    expect(await idsOf("breaks")).toEqual(["breaks"]);
    expect(await metastore.dags.listDagFiles("breaks")).toMatchObject([{ fingerprint: "f2", error }]);
    await metastore.dags.saveDagFile(read(file, serializedDag("breaks")));
    expect(await metastore.dags.listDagFiles("breaks")).toMatchObject([{ error: null }]);
  });

  test("forgets Dags and files that are gone, and keeps their runs and pauses", async () => {
    const [one, two] = [dagFile("one.ts", "gone", "gone"), dagFile("two.ts", "gone", "gone")];
    await metastore.dags.saveDagFile(read(one, serializedDag("a"), serializedDag("b")));
    await metastore.dags.saveDagFile(read(two, serializedDag("c")));
    const [version] = await metastore.dags.findDagVersions("b", "gone");
    await metastore.runs.createRun(newRun("b", version!.id, { team: "gone" }));
    expect(await metastore.dags.setPaused("gone", "b", true)).toBe(true);

    await metastore.dags.saveDagFile(read(one, serializedDag("a")));
    expect(await idsOf("gone")).toEqual(["a", "c"]);
    expect(await metastore.dags.findDagVersions("b", "gone")).toEqual([]);
    expect(await metastore.dags.getDagVersion(version!.id)).toEqual(version);
    expect(await metastore.runs.findRun("gone", "b", "r1")).toBeDefined();

    await metastore.dags.removeDagFilesExcept("gone", ["one.ts"]);
    expect(await idsOf("gone")).toEqual(["a"]);
    expect((await metastore.dags.listDagFiles("gone")).map((file) => file.path)).toEqual(["one.ts"]);

    await metastore.dags.saveDagFile(read(two, serializedDag("b")));
    expect(await metastore.dags.listDags("gone")).toMatchObject([
      { dagId: "a" },
      { dagId: "b", isPaused: true, file: { path: "two.ts" } },
    ]);
  });

  test("keeps teams apart that have a Dag of one name", async () => {
    const dag = serializedDag("twins");
    await metastore.dags.saveDagFile(read(dagFile("twins.ts", "east", "east"), dag));
    await metastore.dags.saveDagFile(read(dagFile("twins.ts", "west", "west"), dag));
    const teams = async (team?: string) =>
      (await metastore.dags.findDagVersions("twins", team)).map((version) => version.team);
    expect(await teams()).toEqual(["east", "west"]);
    expect(await teams("west")).toEqual(["west"]);
    await metastore.dags.setPaused("west", "twins", true);
    expect(await metastore.dags.listDags("east")).toMatchObject([{ isPaused: false }]);

    // The admin gives the bundle to another team: nothing of it stays with the old one.
    await metastore.dags.saveDagFile(read(dagFile("twins.ts", "north", "west"), dag));
    expect(await teams()).toEqual(["east", "north"]);
  });

  test("refuses a Dag that another file of the team defines, and saves nothing of the file", async () => {
    await metastore.dags.saveDagFile(read(dagFile("first.ts", "dup", "dup"), serializedDag("same")));
    const second = read(dagFile("second.ts", "dup", "dup"), serializedDag("fine"), serializedDag("same"));
    await expect(metastore.dags.saveDagFile(second)).rejects.toMatchObject({
      code: "dag_file_invalid",
      message: expect.stringContaining("first.ts"),
    });
    expect(await idsOf("dup")).toEqual(["same"]);
    expect((await metastore.dags.listDagFiles("dup")).map((file) => file.path)).toEqual(["first.ts"]);
  });
});
