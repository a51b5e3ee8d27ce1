import { API_PREFIX } from "@memodag/api-contract";
import { runSchemathesis } from "@memodag/test-servers";
import type { RunReport } from "@memodag/operations/runs";
import type { MadeApiToken } from "@memodag/operations/tokens";
import { expect, it } from "vitest";
import { withApi } from "./project-api.ts";
import { Project } from "./project.ts";

it("the API answers whatever it is asked as its document says, and never with a bug", async () => {
  const project = new Project();
  await project.json<RunReport>("dags", "run", "shapes");
  const { token } = await project.json<MadeApiToken>("tokens", "make", "--name", "all", "--role", "admin");
  const { code, report } = await withApi(
    project,
    async ({ url }) =>
      await runSchemathesis({
        document: `${url}${API_PREFIX}/openapi.json`,
        url: `${url}${API_PREFIX}`,
        headers: { authorization: `Bearer ${token}` },
        mostExamples: 8,
        // The first two do not end. The third would end what all others are asked with. The last one answers a tuple,
        // whose schema this version of schemathesis rewrites to one that it refuses.
        except: "/stream$|/events$|^/tokens/|/dags/\\{dagId\\}$",
      }),
  );
  project.remove();
  expect({ code, report: code === 0 ? "" : report }).toEqual({ code: 0, report: "" });
  expect(report).toMatch(/Tested: +(?:[89]\d|\d{3})/);
}, 600_000);
