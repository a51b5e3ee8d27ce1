import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { API_REPORT, makeApiReport } from "../api-report.ts";

// docs/versions.md says what may change in which version.
it("exports what packages/memodag/api.md lists: after a change, run `npm run api` and commit the difference", () => {
  expect(makeApiReport()).toBe(readFileSync(API_REPORT, "utf8"));
});
