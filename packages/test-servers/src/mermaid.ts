// The parser of Mermaid, which with its dependencies takes 200 MB: too much for everyone who installs the repository.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { installOnce } from "./install-once.ts";

const run = promisify(execFile);

const VERSION = "12.3.0";

/** A flowchart as Mermaid understands it. */
export interface Flowchart {
  /** The nodes by id, with their texts and classes. */
  readonly nodes: ReadonlyMap<string, { readonly text: string; readonly classes: readonly string[] }>;
  readonly edges: readonly { readonly start: string; readonly end: string; readonly text: string }[];
}

interface Diagram {
  readonly type: string;
  readonly db: { getVertices(): Flowchart["nodes"]; getEdges(): Flowchart["edges"] };
}

/** Returns Mermaid's own parser of flowcharts, which throws the fault of what it cannot read. */
export async function installMermaidParser(): Promise<(text: string) => Promise<Flowchart>> {
  const folder = await installOnce(`mermaid-${VERSION}`, "npm and its registry", async (made) => {
    const options = ["--prefix", made, "--ignore-scripts", "--no-audit", "--no-fund"];
    await run("npm", ["install", ...options, `mermaid@${VERSION}`]);
  });
  const load = async (path: string): Promise<{ default: unknown }> =>
    (await import(pathToFileURL(join(folder, "node_modules", path)).href)) as { default: unknown };
  // It cleans the HTML of labels, for which it needs a browser. There is none in them.
  Object.assign((await load("dompurify/dist/purify.es.mjs")).default as object, {
    addHook: () => undefined,
    sanitize: (html: string) => html,
  });
  const mermaid = (await load("mermaid/dist/mermaid.core.mjs")).default as {
    parse(text: string): Promise<unknown>;
    mermaidAPI: { getDiagramFromText(text: string): Promise<Diagram> };
  };
  return async (text) => {
    // This one knows the kinds of diagrams.
    await mermaid.parse(text);
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    return {
      nodes: new Map(
        Array.from(db.getVertices(), ([id, { text: label, classes }]) => [
          id,
          { text: shown(label), classes },
        ]),
      ),
      edges: db.getEdges().map(({ start, end, text: label }) => ({ start, end, text: shown(label) })),
    };
  };
}

/** Mermaid keeps codes such as `#35;` in another form until it draws them. */
function shown(label: string): string {
  return label.replaceAll(/ﬂ°°(\d+)¶ß/gu, (_, code: string) => String.fromCodePoint(Number(code)));
}
