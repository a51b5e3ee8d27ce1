import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { cliReference } from "../src/generate/generated-files.ts";

it("docs/reference/cli.md is what the program says (npm run generate)", () => {
  const { path, text } = cliReference();
  expect(readFileSync(path, "utf8")).toBe(text);
});
