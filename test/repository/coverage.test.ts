// What CONTRIBUTING.md says of the coverage is what `npm run coverage` requires.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("CONTRIBUTING.md says what coverage is required", () => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const required = (name: string): string =>
    new RegExp(`thresholds: \\{[^}]*\\b${name}: (\\d+)`).exec(read("vitest.config.ts"))?.[1] ?? "none";
  expect(read("CONTRIBUTING.md").replaceAll("\n", " ")).toContain(
    `${required("lines")} % of the lines, ${required("branches")} % of the branches`,
  );
});
