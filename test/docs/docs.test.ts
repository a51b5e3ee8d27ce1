import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { createProgram } from "@memodag/cli";
import { loadConfig } from "@memodag/config";
import { expect, test } from "vitest";
import { compileBlocks } from "./compile-blocks.ts";
import { markdownFiles, readMarkdown, repository, type MarkdownFile } from "./markdown.ts";
import { commandLines, findCommandFault, isKnownOption } from "./shell-commands.ts";

const files = markdownFiles();
const program = createProgram();

/** Options of other programs that are written of. */
const FOREIGN_OPTIONS = new Set([
  "--conditions",
  "--deny-warnings",
  "--ignore-scripts",
  "--import",
  "--max-old-space-size",
  "--noEmit",
  "--require",
]);

test("every memodag command and option exists", () => {
  const lines = files.flatMap(commandLines);
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.flatMap((line) => withPlace(line.place, findCommandFault(program, line.text)))).toEqual([]);
  const options = files.flatMap(({ spans }) => spans.filter(({ text }) => /^--[a-z]/.test(text)));
  const unknown = options.filter(({ text }) => {
    const [flag = ""] = text.split(/[ =]/);
    return !isKnownOption(program, flag) && !FOREIGN_OPTIONS.has(flag);
  });
  expect(unknown).toEqual([]);
});

test("every command that a message or a comment of the program names exists", () => {
  const sources = globSync("packages/*/src/**/*.ts", { cwd: repository });
  const named = sources.flatMap((path) => {
    const text = readFileSync(join(repository, path), "utf8");
    return [...text.matchAll(/`memodag ([a-z][^`|]*?)\\?`/g)].map((match) => ({
      place: `${path}:${text.slice(0, match.index).split("\n").length}`,
      text: (match[1] ?? "").replaceAll(/\$\{[^}]*\}/g, "VALUE"),
    }));
  });
  expect(named.length).toBeGreaterThan(20);
  expect(named.flatMap((line) => withPlace(line.place, findCommandFault(program, line.text)))).toEqual([]);
});

test("every script that is to be run with npm exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const pieces = files.flatMap(({ blocks, spans }) => [...blocks, ...spans]);
  const named = pieces.flatMap(({ place, text }) =>
    [...text.matchAll(/npm run (?:-s |--silent )?([\w:]+)/g)].map((match) => ({
      place,
      script: match[1] ?? "",
    })),
  );
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter(({ script }) => !Object.hasOwn(scripts, script))).toEqual([]);
});

const schema = JSON.parse(readFileSync(join(repository, "config/memodag.schema.json"), "utf8")) as {
  readonly properties: Readonly<Record<string, SectionSchema>>;
};
interface SectionSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly items?: { readonly properties: Readonly<Record<string, unknown>> };
}

/** Sections and keys as they are written in prose: `[core] parallelism`, `core.parallelism`, and in variables. */
function configKeysOf({ spans }: MarkdownFile) {
  return spans.flatMap(({ place, text }) => {
    const [, section, key] =
      /^\[{1,2}(\w+)\]{1,2} (\w+)$/.exec(text) ??
      /^(core|database|task_cache|scheduler|dag_processor)\.([a-z_]+)$/.exec(text) ??
      /^MEMODAG__([A-Z_]+?)__(?:\d+__)?([A-Z_]+)(?:=.*)?$/.exec(text) ??
      [];
    if (section === undefined || key === undefined || key === "KEY") return [];
    return [{ place, section: section.toLowerCase(), key: key.toLowerCase() }];
  });
}

function isConfigKey({ section, key }: { section: string; key: string }): boolean {
  const known = schema.properties[section];
  return Object.hasOwn(known?.properties ?? known?.items?.properties ?? {}, key);
}

test("every config key exists, and every config is one that loads", () => {
  const keys = files.flatMap(configKeysOf);
  expect(keys.length).toBeGreaterThan(5);
  expect(keys.filter((key) => !isConfigKey(key))).toEqual([]);
  const folder = mkdtempSync(join(tmpdir(), "memodag-docs-"));
  try {
    const file = join(folder, "memodag.toml");
    const configs = files.flatMap(({ blocks }) => blocks.filter(({ language }) => language === "toml"));
    expect(configs.length).toBeGreaterThan(0);
    const faults = configs.flatMap(({ place, text }) => {
      writeFileSync(file, text);
      return withPlace(
        place,
        faultOf(() => loadConfig({ file, env: {}, cwd: folder })),
      );
    });
    expect(faults).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("every Dag compiles", async () => {
  const blocks = files.flatMap((file) => file.blocks.filter(({ language }) => language === "ts"));
  expect(blocks.length).toBeGreaterThan(1);
  expect(await compileBlocks(blocks)).toEqual([]);
});

test("every link leads somewhere", () => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const broken = files.flatMap(({ path, links }) =>
    links.filter(({ text }) => {
      if (/^[a-z]+:/.test(text)) return false;
      const [target = "", anchor] = text.split("#");
      const full = target === "" ? path : relative(repository, join(repository, dirname(path), target));
      if (!existsSync(join(repository, full))) return true;
      if (anchor === undefined || statSync(join(repository, full)).isDirectory()) return false;
      return byPath.get(full)?.anchors.has(anchor) === false;
    }),
  );
  expect(broken).toEqual([]);
});

test("the checks find what is wrong", async () => {
  const file = readMarkdown(
    "a.md",
    "# Un `mot`, deux\n[a](b.md#c)\n\n```sh\nnpx memodag dags run x --conf '{}' | head\nmemodag dag list\n" +
      "memodag cache purge --older-then 7d # why\n```\n\n1. Then\n\n   ```sh\n   memodag run\n   ```\n\n`memodag dags fly`, `[core] paralelism`\n\n" +
      "<!-- prelude\ndeclare const before: number;\n-->\n\n```ts\nconst after: string = before;\n```\n",
  );
  expect(file.links).toEqual([{ place: "a.md:2", text: "b.md#c" }]);
  expect([...file.anchors]).toEqual(["un-mot-deux"]);
  const faults = commandLines(file).map(({ text }) => findCommandFault(program, text));
  expect(faults).toEqual([
    undefined,
    'memodag has no command "dag"',
    "purge has no option --older-then",
    'memodag has no command "run"',
    'dags has no command "fly"',
  ]);
  expect(configKeysOf(file).filter((key) => !isConfigKey(key))).toHaveLength(1);
  const blocks = file.blocks.filter(({ language }) => language === "ts");
  expect(await compileBlocks(blocks)).toEqual([expect.stringMatching(/^a\.md:\d+\(.*error TS2322/)]);
});

function withPlace(place: string, fault: string | undefined): string[] {
  return fault === undefined ? [] : [`${place}: ${fault}`];
}

function faultOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
