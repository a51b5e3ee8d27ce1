// A group of more entries than any page has: saved, listed, read by a key's declaration, and restored by a hit.

import { expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const COUNT = 10_001;

const dagText = `import { Dag, getContext } from "memodag";

export const dag = new Dag("tiles");

const save = dag.task("save", async () => {
  const tiles = getContext().jobCache.group("tiles");
  for (let from = 0; from < ${COUNT}; from += 100) {
    const some = Array.from({ length: Math.min(100, ${COUNT} - from) }, (_, index) => from + index);
    await Promise.all(some.map((index) => tiles.save(\`t\${String(index).padStart(5, "0")}\`, \`tile \${index % 7}\`)));
  }
  return ${COUNT};
}, { cache: true });
const list = dag.task("list", async ({ saved }: { saved: number }) => {
  const keys: string[] = [];
  for await (const key of getContext().jobCache.group("tiles").keys()) keys.push(key);
  return { saved, count: keys.length, isSorted: keys.every((key, index) => index === 0 || keys[index - 1]! < key), last: keys.at(-1) };
}, { cache: { reads: ["tiles/*"] } });
list({ saved: save() });
`;

it(`${COUNT} entries of a group are all listed, all in the key, and all restored`, async () => {
  const workspace = new Workspace({ dags: { "tiles.ts": dagText }, commandTimeoutMs: 300_000 });
  try {
    const run = () => workspace.json<RunReport & { bytesMoved: number }>("dags", "run", "tiles");
    expect(await run()).toMatchObject({ state: "success", cache: { populated: 2 } });
    const second = await run();
    expect(second).toMatchObject({
      state: "success",
      processesSpawned: 0,
      bytesMoved: 0,
      cache: { hit: 2 },
    });
    const listed = await workspace.json("tasks", "xcom", "tiles", second.runId, "list");
    expect(JSON.stringify(listed)).toContain(`"count":${COUNT}`);
    expect(JSON.stringify(listed)).toContain('"isSorted":true');
    expect(JSON.stringify(listed)).toContain('"last":"t10000"');
    const entries = await workspace.json<{ key: string }[]>("entries", "ls", "tiles", second.runId);
    expect(new Set(entries.map(({ key }) => key)).size).toBe(COUNT);
  } finally {
    await workspace.remove();
  }
});
