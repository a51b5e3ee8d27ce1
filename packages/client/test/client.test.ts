import { createClient, MemodagApiError } from "@memodag/client";
import { expect, expectTypeOf, it } from "vitest";

interface Sent {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A client whose requests are kept, and answered with a body. */
function clientOf(body: string, status = 200): { sent: Sent[]; client: ReturnType<typeof createClient> } {
  const sent: Sent[] = [];
  const client = createClient({
    baseUrl: "https://memodag.example/",
    token: "mdg_x",
    fetch: async (url, { method, headers, body: text } = {}) => {
      sent.push({
        url: String(url),
        method,
        headers: headers as Record<string, string>,
        body: typeof text === "string" ? JSON.parse(text) : undefined,
      });
      return new Response(body, { status });
    },
  });
  return { sent, client };
}

it("asks as the contract says", async () => {
  const { sent, client } = clientOf('{"items":[],"next":null}');
  await client.runs.list({ team: "ml", limit: 3 });
  await client.runs.list();
  await client.dags.trigger({ team: "ml", dagId: "a/b", params: { n: 1 } }, { idempotencyKey: "once" });
  await client.cache.explainRun({ team: "ml", dagId: "d", runId: "r" });
  expect(sent).toMatchObject([
    { url: "https://memodag.example/api/v1/teams/ml/runs?limit=3", method: "GET", body: undefined },
    { url: "https://memodag.example/api/v1/runs", headers: { authorization: "Bearer mdg_x" } },
    {
      url: "https://memodag.example/api/v1/teams/ml/dags/a%2Fb/runs",
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "once" },
      body: { params: { n: 1 } },
    },
    { url: "https://memodag.example/api/v1/teams/ml/dags/d/runs/r/explanation" },
  ]);
});

it("has the types of the command line's JSON", () => {
  const { client } = clientOf("{}");
  expectTypeOf(client.runs.show).parameter(0).toHaveProperty("runId");
  expectTypeOf(client.runs.show).returns.resolves.toHaveProperty("tasks");
  expectTypeOf(client.cache.gc).returns.resolves.toEqualTypeOf<{
    readonly id: number;
    readonly location: string;
  }>();
});

it.each([
  [
    '{"status":404,"code":"dag_not_found","detail":"There is no Dag","instance":"urn:uuid:1"}',
    { code: "dag_not_found", message: "There is no Dag", requestId: "1" },
  ],
  ["<html>Bad gateway</html>", { code: "unknown", message: expect.stringContaining("no answer of memodag") }],
])("rejects with what an error answers: %s", async (body, expected) => {
  const { client } = clientOf(body, 404);
  const error: unknown = await client.dags.list().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MemodagApiError);
  expect(error).toMatchObject({ status: 404, ...expected });
});
