import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { materializeArtifact } from "../src/materialize-artifact.ts";

let state: string;

beforeEach(async () => {
  state = join(await mkdtemp(join(tmpdir(), "memodag-artifact-")), "state");
});

afterEach(() => rm(join(state, ".."), { recursive: true, force: true }));

const code = Buffer.from("export const a = 1;\n".repeat(50_000));
const artifact = { digest: sha256(code), code };

describe("materializeArtifact", () => {
  it("writes the code under its digest, once", async () => {
    const path = await materializeArtifact(state, artifact);
    expect(path).toBe(join(state, `${artifact.digest}.mjs`));
    expect(sha256(await readFile(path))).toBe(artifact.digest);
    const before = await stat(path);
    await materializeArtifact(state, artifact);
    expect((await stat(path)).ino).toBe(before.ino);
  });

  it("leaves one whole file when many do it at once", async () => {
    const paths = await Promise.all(Array.from({ length: 8 }, () => materializeArtifact(state, artifact)));
    expect(new Set(paths).size).toBe(1);
    expect(await readdir(state)).toEqual([`${artifact.digest}.mjs`]);
    expect(sha256(await readFile(paths[0]!))).toBe(artifact.digest);
  });

  it("replaces a file that was damaged", async () => {
    const path = await materializeArtifact(state, artifact);
    await writeFile(path, code.subarray(0, 10));
    await materializeArtifact(state, artifact);
    expect(sha256(await readFile(path))).toBe(artifact.digest);
  });

  it("refuses code that does not have the digest", async () => {
    const wrong = { digest: sha256("other"), code };
    await expect(materializeArtifact(state, wrong)).rejects.toMatchObject({ code: "artifact_damaged" });
    await expect(stat(state)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
