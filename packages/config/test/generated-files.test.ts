import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadConfig } from "@memodag/config";
import { generatedFiles } from "../src/generate/generated-files.ts";

describe("the generated files", () => {
  it.each(generatedFiles())("$path is what the schema says (npm run generate)", (file) => {
    expect(readFileSync(file.path, "utf8")).toBe(file.text);
  });

  it("hold the defaults and the examples", () => {
    const cwd = fileURLToPath(new URL("../../..", import.meta.url));
    const written = loadConfig({ cwd, env: {} });
    const defaults = loadConfig({ cwd, env: {}, file: "/dev/null" });
    const { bundles, ...rest } = written.config;
    expect(bundles.map(({ name }) => name)).toEqual(["examples"]);
    expect(rest.taskCache).toEqual(defaults.config.taskCache);
    expect(rest.scheduler).toEqual(defaults.config.scheduler);
    expect(rest.core).toEqual({ ...defaults.config.core, stateDir: rest.core.stateDir });
  });
});
