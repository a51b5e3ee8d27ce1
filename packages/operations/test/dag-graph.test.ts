import type { SerializedDag, SerializedTask } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { dotText } from "../src/dags/graph/dot-text.ts";
import { drawnGraph, type DrawnGraph } from "../src/dags/graph/drawn-graph.ts";
import { inLayers } from "../src/dags/graph/layers.ts";
import { mermaidText } from "../src/dags/graph/mermaid-text.ts";
import { svgText } from "../src/dags/graph/svg-text.ts";
import { taskOf } from "../src/testing/index.ts";

/** Names that mean something to one of the formats. */
const NAMES = [
  "end",
  "graph",
  "subgraph",
  "class",
  "node",
  "digraph",
  "-->",
  'say "hi"',
  "a[0]",
  "{b}",
  "(c)",
  "d|e",
  "<script>alert(1)</script>",
  "&amp;",
  "#35;",
  "back\\slash",
  "\\N",
  "`code`",
  "1. one",
  "- two",
  "żółw 🐢 東京",
  "line\nbreak",
  "semi;colon",
  "%% comment",
  "o--o",
  "\u0000\u001b",
  "\ud800",
];

const chain: DrawnGraph = {
  title: 'a "title" & <more>',
  nodes: NAMES.map((name) => ({ id: name, label: name, isCached: name.length % 2 === 0 })),
  edges: NAMES.slice(1).map((name, index) => ({ from: NAMES[index] ?? "", to: name, label: name })),
};

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
      expect(NAMES.map((name) => name.toWellFormed().replaceAll("\n", " "))).toContain(shown);
    }
  });

  it("has lines of the known forms alone", () => {
    const form = /^ {2}(n\d+\["[^"]*"\]|n\d+ -->\|"[^"]*"\| n\d+|classDef cached .*|class n[\d,n]+ cached)$/;
    expect(lines[0]).toBe("flowchart LR");
    for (const line of lines.slice(1)) expect(line).toMatch(form);
  });
});

describe("dot", () => {
  it("is strings and known words alone, and the strings are the names", () => {
    const text = dotText(chain);
    const string = /"((?:[^"\\\n]|\\["\\n])*)"/g;
    const rest = text.replaceAll(string, "S");
    expect(rest.split("\n").toSorted()).toEqual(
      [
        "digraph S {",
        "  rankdir=LR;",
        "  node [shape=box, style=rounded, fontname=S];",
        ...chain.nodes.map(({ isCached }) => `  S [label=S${isCached ? ", penwidth=2" : ""}];`),
        ...chain.edges.map(() => "  S -> S [label=S];"),
        "}",
        "",
      ].toSorted(),
    );
    const strings = [...text.matchAll(string)].map(([, inner = ""]) =>
      inner.replaceAll(/\\(.)/g, (_, after: string) => (after === "n" ? "\n" : after)),
    );
    for (const name of NAMES) expect(strings).toContain(name.toWellFormed().replaceAll("\0", "\ufffd"));
  });
});

describe("svg", () => {
  const text = svgText(chain);

  it("is well-formed: every tag is closed, and text has no markup", () => {
    const open: string[] = [];
    const tag = /<(\/?)([a-z]+)((?: [\w:-]+="[^"<&]*")*)(\/?)>/gi;
    for (const [, closing, name = "", , empty] of text.matchAll(tag)) {
      if (!closing && !empty) open.push(name);
      // What is closed is what was opened last; anything else stays, and is found below.
      if (closing && open.at(-1) === name) open.pop();
      else if (closing) open.push(`/${name}`);
    }
    expect(open).toEqual([]);
    const between = text.replaceAll(tag, "");
    expect(between).not.toMatch(/[<>]|&(?!(amp|lt|gt|quot|apos);)/);
    // oxlint-disable-next-line no-control-regex -- XML has no such characters
    expect(between).not.toMatch(/[\u0000\u001b\ud800]/u);
    expect(text).not.toContain("<script");
    expect(text).toContain(">żółw 🐢 東京</text>");
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
    ...taskOf(taskId),
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
