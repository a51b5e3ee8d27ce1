// Finds the scripts that a command runs and the modules that they import, in addition to its sources.

import { open } from "node:fs/promises";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import type { SerializedCommand } from "@memodag/core";
import type { FileDigests } from "../../file-digests.ts";
import { Followed, namedScripts, namesScript } from "./followed.ts";
import { followNode } from "./follow-node.ts";
import { followPython, type PythonStart } from "./follow-python.ts";
import { shellUses, type ShellUse } from "./follow-shell.ts";
import { startedPrograms } from "./started-programs.ts";

/** The location of a command. */
export interface ScriptPlace {
  /** Absolute path of the bundle's folder. */
  readonly root: string;
  /** Absolute path of the Dag file's folder. */
  readonly folder: string;
  readonly digests: FileDigests;
}

/** The files found. Paths are relative to the Dag file's folder, except those in `absent`. */
export interface FollowedScripts {
  readonly paths: readonly string[];
  /** Absolute paths of missing files that would count. */
  readonly absent: readonly string[];
  /** Code that cannot be followed, with its location. */
  readonly unfollowed: readonly string[];
}

type Where = Pick<ShellUse, "cwds" | "pythonPath"> & { readonly line: number; readonly file: string | null };

/** Number of folders above a script in which its project is searched. */
const MOST_ANCESTORS = 8;

const SHELLS = /^#!.*\b(?:ba|da|z|k)?sh\b/;

/** Follows what a command runs. `sources` are the files that its globs match. */
export async function followScripts(
  command: Pick<SerializedCommand, "argv" | "cwd" | "env">,
  sources: readonly string[],
  place: ScriptPlace,
): Promise<FollowedScripts> {
  const followed = new Followed(place.digests, place.folder, sources);
  const run = new ScriptRun(place, followed);
  const pythonPath = new Map(command.env).get("PYTHONPATH")?.split(":") ?? [];
  const where = { cwds: [resolve(place.folder, command.cwd)], pythonPath, line: 1, file: null };
  const words = command.argv.map((text) => ({ text, isComputed: false }));
  for (const started of startedPrograms(words)) await run.start(started, where);
  // Sources that nothing leads to may belong to other programs, so code in them that cannot be followed
  // is ignored.
  followed.isQuiet = followed.files.size > 0;
  for (const source of sources.filter(namesScript)) await run.followFile(join(place.folder, source), where);
  return {
    paths: Array.from(followed.files, (path) =>
      relative(place.folder, path).split(sep).join(posix.sep),
    ).sort(),
    absent: [...followed.absent].sort(),
    unfollowed: [...followed.unfollowed].sort(),
  };
}

class ScriptRun {
  readonly #place: ScriptPlace;
  readonly #followed: Followed;

  constructor(place: ScriptPlace, followed: Followed) {
    this.#place = place;
    this.#followed = followed;
  }

  async start(started: ShellUse["started"], where: Where): Promise<void> {
    switch (started.kind) {
      case "computed":
        return this.#followed.addUnfollowed(where.file, where.line, started.what, started.tail);
      case "python_module":
        return await this.#python({ kind: "module", name: started.name }, where);
      case "python_text":
        return await this.#python({ kind: "text", text: started.text }, where);
      case "shell_text":
        return await this.#shell(started.text, null, where);
      case "script":
      case "python_script":
      case "shell_script":
        for (const cwd of where.cwds) {
          const path = resolve(cwd, started.path);
          await this.followFile(path, where, started.kind);
          if (started.kind === "python_script") await this.followFile(join(path, "__main__.py"), where);
        }
    }
  }

  /**
   * Follows a file in its language if it belongs to this project. The program may also be an installed
   * one.
   */
  async followFile(path: string, where: Where, kind: string = "script"): Promise<void> {
    // A path of the system is a program, which is covered by the runtime component of the key.
    if (!isNear(path, this.#place.root) && !/\.\w+$/.test(path)) return;
    if (!(await this.#followed.add(path))) return;
    const language = kind === "script" ? await languageOf(path) : kind;
    if (language === "python_script") await this.#python({ kind: "file", path }, where);
    else if (language === "node") await this.#node(path, where);
    else if (language === "shell_script") {
      const text = await this.#followed.textOf(path, `shell ${where.cwds.join(":")}`);
      if (text !== null) await this.#shell(text, path, where);
    } else if (language === "other") await this.#other(path, where);
    const target = await this.#followed.targetOf(path);
    if (target !== null) await this.followFile(target, where, language);
  }

  async #python(start: PythonStart, where: Where): Promise<void> {
    const searchPath = where.pythonPath
      .filter((folder) => folder !== "")
      .flatMap((folder) => where.cwds.map((cwd) => resolve(cwd, folder)));
    const beside = start.kind === "file" ? [dirname(start.path)] : [];
    for (const folder of [...where.cwds, ...beside])
      for (const added of await this.#projectFolders(folder)) searchPath.push(added);
    const programs = new Set<string>();
    await followPython(start, { cwds: where.cwds, searchPath }, this.#followed, (path) => programs.add(path));
    for (const path of programs) await this.followFile(path, where);
  }

  /** Folders with the modules of a Python project in editable mode (`uv sync`, `pip install -e`). */
  async #projectFolders(folder: string): Promise<string[]> {
    for (
      let at = folder, depth = 0;
      depth < MOST_ANCESTORS && at !== dirname(at);
      at = dirname(at), depth += 1
    ) {
      for (const name of ["pyproject.toml", "setup.py", "setup.cfg"]) {
        if ((await this.#place.digests.of(join(at, name))) !== null) return [at, join(at, "src")];
      }
    }
    return [];
  }

  async #node(path: string, where: Where): Promise<void> {
    const programs = new Set<string>();
    if ((await this.#followed.textOf(path, `script ${where.cwds.join(":")}`)) === null) return;
    const { root, digests } = this.#place;
    await followNode(path, { root, digests, cwds: where.cwds }, this.#followed, (found) =>
      programs.add(found),
    );
    for (const found of programs) await this.followFile(found, where);
  }

  /** In other languages, only scripts that strings name are found, and files that R sources. */
  async #other(path: string, where: Where): Promise<void> {
    const text = await this.#followed.textOf(path, `other ${where.cwds.join(":")}`);
    if (text === null || !/\.(?:R|r|pl|pm|rb|jl|php|lua)$|^[^.]+$/.test(posix.basename(path))) return;
    for (const found of namedScripts(text, [...where.cwds, dirname(path)]))
      await this.followFile(found, where);
    if (!/\.r$/i.test(path)) return;
    for (const [index, line] of text.split("\n").entries()) {
      const [computed] = /^[^#"']*\b(?:sys\.)?source\((?!\s*["'][^"']*["']\s*[,)])/.exec(line) ?? [];
      if (computed !== undefined) this.#followed.addUnfollowed(path, index + 1, "source(…)");
    }
  }

  async #shell(text: string, file: string | null, where: Where): Promise<void> {
    for (const { started, ...at } of shellUses(text, file, where)) {
      await this.start(started, { ...at, file: file ?? where.file });
    }
  }
}

/** True for a path in the bundle's folder, or in its parent folder. */
function isNear(path: string, root: string): boolean {
  return path.startsWith(`${dirname(root)}/`);
}

/** Determined by the file extension, or else by the first line. */
async function languageOf(path: string): Promise<"python_script" | "shell_script" | "node" | "other"> {
  if (/\.pyw?$/.test(path)) return "python_script";
  if (/\.(?:ba|z|k)?sh$/.test(path)) return "shell_script";
  if (/\.[cm]?[jt]s$/.test(path)) return "node";
  const line = await firstLineOf(path);
  if (/^#!.*\bpython/.test(line)) return "python_script";
  if (SHELLS.test(line)) return "shell_script";
  return /^#!.*\b(?:node|tsx|bun|deno)\b/.test(line) ? "node" : "other";
}

async function firstLineOf(path: string): Promise<string> {
  const file = await open(path).catch(() => null);
  if (file === null) return "";
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.toString("latin1", 0, bytesRead).split("\n", 1)[0] ?? "";
  } finally {
    await file.close();
  }
}
