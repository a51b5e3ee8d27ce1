// The files that a public host reads: its workflow, and the forms of its issues.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installSchemaChecker } from "@memodag/test-servers";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WORKFLOW = join(ROOT, ".github/workflows/ci.yml");
const forms = ["bug", "feature", "wrong-hit"].map((name) => join(ROOT, `.github/ISSUE_TEMPLATE/${name}.yml`));

let check: Awaited<ReturnType<typeof installSchemaChecker>>;
beforeAll(async () => {
  check = await installSchemaChecker();
}, 300_000);

describe("the files of the public host", () => {
  it.each([
    ["workflows", "vendor.github-workflows", [WORKFLOW]],
    ["timeouts of jobs", "custom.github-workflows-require-timeout", [WORKFLOW]],
    ["forms of issues", "vendor.github-issue-forms", forms],
    ["choice of forms", "vendor.github-issue-config", [join(ROOT, ".github/ISSUE_TEMPLATE/config.yml")]],
  ])("match its schema: %s", async (_, schema, paths) => {
    await expect(check(schema, paths)).resolves.toBeUndefined();
  });

  it("would not match with a key that does not exist, or without one that is required", async () => {
    const folder = mkdtempSync(join(tmpdir(), "memodag-host-"));
    try {
      const change = async (path: string, from: string, to: string, schema: string): Promise<void> => {
        const changed = readFileSync(path, "utf8").replace(from, to);
        expect(changed).toContain(to);
        const copy = join(folder, "changed.yml");
        writeFileSync(copy, changed);
        await check(schema, [copy]);
      };
      const workflows = "vendor.github-workflows";
      await expect(change(WORKFLOW, "runs-on:", "run-on:", workflows)).rejects.toThrow(/run-on/);
      const form = "vendor.github-issue-forms";
      await expect(change(forms[0] ?? "", "description:", "descriptio:", form)).rejects.toThrow(/descriptio/);
      await expect(change(forms[0] ?? "", "type: input", "type: inputs", form)).rejects.toThrow(/inputs/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("run scripts that exist, also on the oldest Node that memodag runs on", () => {
    const text = readFileSync(WORKFLOW, "utf8");
    const { scripts, engines } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
      engines: { node: string };
    };
    const named = Array.from(text.matchAll(/npm (?:run )?(test\S*|verify)/g), ([, name]) => name ?? "");
    expect(new Set(named)).toEqual(new Set(["verify", "test", "test:full"]));
    for (const name of named) expect(scripts).toHaveProperty([name]);
    const [, floor] = /node-version: (\d+\.\d+)\.0/.exec(text) ?? [];
    expect(engines.node.startsWith(`^${floor} `)).toBe(true);
    expect(readFileSync(join(ROOT, ".nvmrc"), "utf8")).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
