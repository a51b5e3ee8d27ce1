// Artifacts' files that are removed or damaged under a running executor: they are made again, and cost no try.

import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ArtifactFiles } from "../src/artifact-files.ts";
import { ExecutorRoom, failed, returned } from "./executor-room.ts";

const BODY = `dag.task("it", async () => 1)();`;
const folderOf = (room: ExecutorRoom): string => join(room.root, "artifacts");

it.each<readonly [string, (folder: string, digest: string) => void]>([
  ["the folder is removed", (folder) => rmSync(folder, { recursive: true })],
  ["the folder is moved away", (folder) => renameSync(folder, `${folder}.old`)],
  ["the file is removed", (folder, digest) => rmSync(join(folder, `${digest}.mjs`))],
])("runs attempts when %s between them", async (_what, lose) => {
  await using room = new ExecutorRoom();
  expect(returned(await room.run(BODY))).toBe(1);
  lose(folderOf(room), room.attempt(BODY).artifactDigest);
  const outcomes = await Promise.all([room.run(BODY), room.run(BODY), room.run(BODY)]);
  expect(outcomes.map(returned)).toEqual([1, 1, 1]);
  expect(readdirSync(folderOf(room))).toHaveLength(1);
});

it("spends no try on a file that was damaged, and writes it anew", async () => {
  await using room = new ExecutorRoom();
  await room.run(BODY);
  const { artifactDigest } = room.attempt(BODY);
  writeFileSync(join(folderOf(room), `${artifactDigest}.mjs`), "damaged");
  expect(failed(await room.run(BODY)).code).toBe("attempt_lost");
  expect(returned(await room.run(BODY))).toBe(1);
});

it("gives up where worker after worker finds the file damaged", () => {
  const files = new ArtifactFiles("/nowhere", {
    getArtifact: () => Promise.reject(new Error("not asked")),
  });
  const lose = (): boolean => files.lost("0".repeat(64));
  expect([lose(), lose()]).toEqual([true, true]);
  files.held("0".repeat(64));
  expect([lose(), lose(), lose(), lose(), lose(), lose()]).toEqual([true, true, true, true, false, false]);
});
