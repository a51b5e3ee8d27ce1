import { Graphviz } from "@hpcc-js/wasm-graphviz";
import type { SerializedDag, SerializedTask } from "@memodag/core";
import { serializedTask } from "@memodag/core/testing";
import { SaxesParser } from "saxes";
import { describe, expect, it } from "vitest";
import { dotText } from "../src/dags/graph/dot-text.ts";
import { drawnGraph } from "../src/dags/graph/drawn-graph.ts";
import { inLayers } from "../src/dags/graph/layers.ts";
import { mermaidText } from "../src/dags/graph/mermaid-text.ts";
import { plainLabel } from "../src/dags/graph/plain-label.ts";
import { svgText } from "../src/dags/graph/svg-text.ts";
import { chain, NAMES } from "../src/testing/index.ts";

/** The texts of an SVG document. @throws Error where it is not well-formed */
function textsIn(svg: string): string[] {
  const parser = new SaxesParser();
  const texts: string[] = [];
  parser.on("opentag", ({ name }) => void (name === "text" && texts.push("")));
  parser.on("text", (part) => void (texts.length > 0 && texts.push(`${texts.pop()}${part}`)));
  parser.on("closetag", ({ name }) => void (name !== "text" && texts.push("")));
  parser.write(svg).close();
  return texts.map((line) => line.trim().replaceAll("\n", " "));
}

describe("mermaid", () => {
  const lines = mermaidText(chain).trimEnd().split("\n");

  it("has nothing in a label that Mermaid, Markdown or HTML gives a meaning", () => {
    const labels = lines.flatMap((line) => [...line.matchAll(/"([^"]*)"/g)].map(([, label = ""]) => label));
    expect(labels).toHaveLength(2 * NAMES.length - 1);
    for (const label of labels) {
      const plain = label.replaceAll(/#\d+;/g, "");
      expect(plain).not.toMatch(/["#;<>&`[\](){}|\\%]|^- |\d\. /);
      // Mermaid shows the character of a code: nothing is lost but what is no character, and line breaks.
      const shown = label.replaceAll(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
      expect(NAMES.map((name) => plainLabel(name).replaceAll("\n", " "))).toContain(shown);
    }
  });

  it("has lines of the known forms alone", () => {
    const form = /^ {2}(n\d+\["[^"]*"\]|n\d+ -->\|"[^"]*"\| n\d+|classDef cached .*|class n[\d,n]+ cached)$/;
    expect(lines[0]).toBe("flowchart LR");
    for (const line of lines.slice(1)) expect(line).toMatch(form);
  });
});

describe("dot", () => {
  it("is drawn by Graphviz with every name as it is", async () => {
    const graphviz = await Graphviz.load();
    const drawn = graphviz.layout(dotText(chain), "svg", "dot");
    const lines = textsIn(drawn);
    // Graphviz shows a line break as two lines.
    const expected = chain.nodes.flatMap(({ label }) => plainLabel(label).split("\n"));
    for (const line of expected) expect(lines).toContain(line);
    expect(drawn.match(/class="node"/g)).toHaveLength(NAMES.length);
    expect(drawn.match(/class="edge"/g)).toHaveLength(NAMES.length - 1);
    const none = dotText({ title: "none", nodes: [], edges: [] });
    expect(graphviz.layout(none, "dot", "dot")).toContain("digraph none");
  });
});

describe("svg", () => {
  const text = svgText(chain);

  it("is well-formed, and has every name as text", () => {
    const lines = textsIn(text);
    for (const { label } of chain.nodes) expect(lines).toContain(plainLabel(label).replaceAll("\n", " "));
    expect(text).not.toContain("<script");
  });

  it("is there for a Dag without tasks, and has no figure that is not one", () => {
    expect(svgText({ title: "none", nodes: [], edges: [] })).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe("layers", () => {
  it("puts each node below all that it waits for, and cuts long edges", () => {
    const { layers, paths } = inLayers(4, [
      [0, 1],
      [1, 2],
      [0, 2],
      [3, 2],
    ]);
    expect(layers[0]?.toSorted()).toEqual([0, 3]);
    expect(layers.flat().toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(paths[2]).toEqual([0, 4, 2]);
    expect(paths[3]).toEqual([3, 5, 2]);
  });

  it("leaves no crossing where there need be none", () => {
    const { layers } = inLayers(6, [
      [0, 5],
      [1, 4],
      [2, 3],
    ]);
    const place = (node: number) => layers.findLast((layer) => layer.includes(node))?.indexOf(node) ?? -1;
    expect([place(0) - place(1), place(1) - place(2)].map(Math.sign)).toEqual(
      [place(5) - place(4), place(4) - place(3)].map(Math.sign),
    );
  });

  it("takes a thousand tasks in a row, and a thousand side by side", () => {
    const row = Array.from({ length: 999 }, (_, index) => [index, index + 1] as const);
    expect(inLayers(1_000, row).layers).toHaveLength(1_000);
    const fan = Array.from({ length: 999 }, (_, index) => [0, index + 1] as const);
    expect(inLayers(1_000, fan).layers.map(({ length }) => length)).toEqual([1, 999]);
  });
});

it("a Dag's graph has its tasks, and says what a branch chooses", () => {
  const task = (taskId: string, more: Partial<SerializedTask> = {}): SerializedTask => ({
    ...serializedTask(taskId),
    ...more,
  });
  const choose: SerializedTask["branch"] = {
    by: "value",
    path: [],
    cases: [{ json: '"a\\"b"', taskIds: ["yes"] }],
    otherwise: ["no"],
  };
  const tasks = [
    task("pick", { branch: choose, cache: { ttlMs: "default" } as SerializedTask["cache"] }),
    task("yes", { upstream: ["pick"], expand: [["n", [1, 2]]] as unknown as SerializedTask["expand"] }),
    task("no", { upstream: ["pick"] }),
  ];
  expect(drawnGraph({ dagId: "d", cache: true, tasks } as unknown as SerializedDag)).toEqual({
    title: "d",
    nodes: [
      { id: "pick", label: "pick", isCached: true },
      { id: "yes", label: "yes[]", isCached: false },
      { id: "no", label: "no", isCached: false },
    ],
    edges: [
      { from: "pick", to: "yes", label: '"a\\"b"' },
      { from: "pick", to: "no", label: "else" },
    ],
  });
});
