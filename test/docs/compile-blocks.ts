// Compiles the TypeScript of Markdown files as programs that import the real `memodag`.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { repository, type CodeBlock } from "./markdown.ts";

const run = promisify(execFile);

/** What the compiler has against the blocks, a line each, by place; nothing when they compile. */
export async function compileBlocks(blocks: readonly CodeBlock[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "memodag-docs-"));
  try {
    symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const settings = {
      extends: join(repository, "tsconfig.base.json"),
      compilerOptions: { noEmit: true, customConditions: ["source"], allowImportingTsExtensions: true },
      include: ["**/*.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
    const places = new Map(blocks.map((block, index) => [writeBlock(folder, block, index), block.place]));
    const output = await compile(folder);
    return output
      .split("\n")
      .filter((line) => line.includes("error TS"))
      .map((line) => line.replace(/^(block-\d+\/dag\.ts)/, (file) => places.get(file) ?? file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A folder each, so that no block sees another's names. */
function writeBlock(folder: string, { text, prelude }: CodeBlock, index: number): string {
  const file = `block-${index}/dag.ts`;
  mkdirSync(dirname(join(folder, file)));
  writeFileSync(join(folder, file), `${prelude}${text}\nexport {};\n`);
  return file;
}

async function compile(folder: string): Promise<string> {
  const compiler = join(repository, "node_modules/typescript/bin/tsc");
  try {
    return (await run(process.execPath, [compiler, "-p", folder, "--pretty", "false"], { cwd: folder }))
      .stdout;
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (!stdout) throw error;
    return stdout;
  }
}
