import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { cliReference, openApiFile } from "../src/generate/generated-files.ts";

it.each([
  ["cli.md", cliReference],
  ["openapi.json", openApiFile],
])("docs/reference/%s is what the program says (npm run generate)", (_, generate) => {
  const { path, text } = generate();
  expect(readFileSync(path, "utf8")).toBe(text);
});
