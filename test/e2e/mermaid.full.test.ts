// The flowcharts of Dags, read by Mermaid itself.

import { chain, mermaidText, plainLabel } from "@memodag/operations/testing";
import { installMermaidParser } from "@memodag/test-servers";
import { beforeAll, expect, it } from "vitest";

let parse: Awaited<ReturnType<typeof installMermaidParser>>;
beforeAll(async () => {
  parse = await installMermaidParser();
}, 300_000);

it("reads every name as it is, and every edge", async () => {
  const { nodes, edges } = await parse(mermaidText(chain));
  const shown = (name: string): string => plainLabel(name).replaceAll("\n", " ");
  expect([...nodes.values()]).toEqual(
    chain.nodes.map(({ label, isCached }) => ({ text: shown(label), classes: isCached ? ["cached"] : [] })),
  );
  const ids = new Map(chain.nodes.map(({ id }, index) => [id, `n${index}`]));
  expect(edges).toEqual(
    chain.edges.map(({ from, to, label }) => ({
      start: ids.get(from),
      end: ids.get(to),
      text: shown(label ?? ""),
    })),
  );
});

it("reads a Dag without tasks", async () => {
  const { nodes } = await parse(mermaidText({ title: "none", nodes: [], edges: [] }));
  expect(nodes.size).toBe(0);
});

it("would be told of a fault", async () => {
  await expect(parse('flowchart LR\n  n0["a"\n')).rejects.toThrow("Parse error");
});
