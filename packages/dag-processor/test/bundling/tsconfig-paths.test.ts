import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPathsConfig } from "../../src/bundling/tsconfig-paths.ts";

describe("names that only a tsconfig.json knows", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "memodag-paths-"));
    mkdirSync(join(folder, "dags/nested"), { recursive: true });
    const paths = '{ // aliases\n "@lib/*": ["./lib/*"], "rows": ["./rows.ts"], "*/x": ["./x"] }';
    writeFileSync(join(folder, "tsconfig.json"), `{ "compilerOptions": { "paths": ${paths}, }, }`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(["@lib/one", "@lib/a/b", "rows", "any/x"])("%s is found, from folders below too", (name) => {
    expect(findPathsConfig(name, join(folder, "dags/nested"))).toBe(join(folder, "tsconfig.json"));
  });

  it.each(["@lib", "rows/more", "lodash", "@libs/one"])("%s is another", (name) => {
    expect(findPathsConfig(name, folder)).toBeUndefined();
  });
});
