import { createConfig, lintFromString } from "@redocly/openapi-core";
import { openApiDocument } from "@memodag/api-contract/openapi";
import { expect, it } from "vitest";

it("the document is one of OpenAPI 3.1, in which a linter finds nothing", async () => {
  const config = await createConfig({
    extends: ["recommended"],
    rules: {
      // Answers to all routes are of one list: those of a route that succeeds are declared with it.
      "operation-4xx-response": "error",
    },
  });
  const problems = await lintFromString({ source: JSON.stringify(openApiDocument("0.1.0")), config });
  // Answers of the two routes that a sign-in passes are redirections alone.
  const found = problems.filter(
    ({ ruleId, location }) =>
      ruleId !== "operation-2xx-response" || !location[0]?.pointer?.startsWith("#/paths/~1session~1oidc"),
  );
  expect(
    found.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer} ${message}`),
  ).toEqual([]);
});
