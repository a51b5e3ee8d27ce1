// Follows the modules that a Python process imports.

import { dirname, join, resolve } from "node:path";
import { namesScript, type Followed } from "./followed.ts";
import { pythonUses, type PythonImport } from "./python-uses.ts";

/** A Python process. Paths are absolute. */
export interface PythonProcess {
  /** Its possible working directories: several if a shell changed directories. */
  readonly cwds: readonly string[];
  /** Folders in which it searches for modules, in addition to those of installed packages. */
  readonly searchPath: readonly string[];
}

/** The entry point of a process. */
export type PythonStart =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "module"; readonly name: string }
  | { readonly kind: "text"; readonly text: string };

/** A program that another one starts, given by absolute path. */
export type StartProgram = (path: string) => void;

/** Follows the entry point of a process and everything imported from there. */
export async function followPython(
  start: PythonStart,
  process: PythonProcess,
  followed: Followed,
  startProgram: StartProgram,
): Promise<void> {
  const run = new PythonRun(process, followed, startProgram);
  await run.follow(start);
}

class PythonRun {
  readonly #cwds: readonly string[];
  readonly #followed: Followed;
  readonly #startProgram: StartProgram;
  /** The search path. Its order does not matter, because a file counts wherever it is found. */
  readonly #searchPath: Set<string>;
  readonly #imports = new Map<string, { readonly from: string; readonly use: PythonImport }>();
  readonly #queue: string[] = [];
  readonly #seen = new Set<string>();

  constructor({ cwds, searchPath }: PythonProcess, followed: Followed, startProgram: StartProgram) {
    this.#cwds = cwds;
    this.#followed = followed;
    this.#startProgram = startProgram;
    this.#searchPath = new Set(searchPath);
  }

  async follow(start: PythonStart): Promise<void> {
    for (const folder of this.#searchPath) await this.#addModule(folder, "sitecustomize");
    if (start.kind === "file") {
      this.#searchPath.add(dirname(start.path));
      const target = await this.#followed.targetOf(start.path);
      if (target !== null) this.#searchPath.add(dirname(target));
      await this.#addFile(start.path);
    } else {
      for (const cwd of this.#cwds) this.#searchPath.add(cwd);
      if (start.kind === "module") await this.#addStartModule(start.name);
      else await this.#addText(start.text, join(this.#cwds[0] ?? "/", "<command>"), null);
    }
    for (let path = this.#queue.shift(); path !== undefined; path = this.#queue.shift()) {
      const text = await this.#followed.textOf(
        path,
        `python ${[...this.#cwds, ...this.#searchPath].join(":")}`,
      );
      if (text !== null) await this.#addText(text, path, path);
    }
  }

  async #addStartModule(name: string): Promise<void> {
    for (const folder of this.#searchPath) {
      await this.#addModule(folder, name);
      await this.#addModule(folder, `${name}.__main__`);
    }
  }

  async #addText(text: string, file: string, shown: string | null): Promise<void> {
    const uses = pythonUses(text, file);
    for (const { line, what } of uses.computed) this.#followed.addUnfollowed(shown, line, what);
    const before = this.#searchPath.size;
    for (const path of uses.searchPath) {
      for (const cwd of this.#cwds) this.#searchPath.add(resolve(cwd, path));
    }
    for (const use of uses.imports) {
      const isNew = !this.#imports.has(JSON.stringify([dirname(file), use]));
      this.#imports.set(JSON.stringify([dirname(file), use]), { from: dirname(file), use });
      if (isNew) await this.#addImport(dirname(file), use);
    }
    // Earlier searches may succeed in a folder that was added only now.
    if (this.#searchPath.size > before) {
      for (const { from, use } of this.#imports.values()) await this.#addImport(from, use);
    }
    for (const name of uses.modules) await this.#addStartModule(name);
    for (const path of uses.run) {
      for (const cwd of this.#cwds) await this.#addRun(resolve(cwd, path));
    }
    for (const named of uses.texts.filter(namesScript)) {
      for (const folder of new Set([...this.#cwds, dirname(file)])) {
        const path = resolve(folder, named);
        if (path.endsWith(".py")) await this.#addRun(path);
        else if (await this.#followed.add(path)) this.#startProgram(path);
      }
    }
  }

  /** A file that is run in this process, or by another Python process that it starts. */
  async #addRun(path: string): Promise<void> {
    if (!(await this.#addFile(path))) await this.#addFile(join(path, "__main__.py"));
    else this.#searchPath.add(dirname(path));
  }

  async #addImport(from: string, { level, name, names }: PythonImport): Promise<void> {
    const up = Array.from({ length: Math.max(0, level - 1) }, () => "..");
    const folders = level > 0 ? [join(from, ...up)] : [...this.#searchPath];
    for (const folder of folders) {
      if (name === "") await this.#addFile(join(folder, "__init__.py"));
      else await this.#addModule(folder, name);
      const place = join(folder, ...name.split("."));
      for (const taken of names) {
        if (taken === "*") await this.#addAll(place);
        else await this.#addModule(place, taken);
      }
    }
  }

  /** `from package import *` imports the modules that the package lists. */
  async #addAll(place: string): Promise<void> {
    const path = join(place, "__init__.py");
    const text = await this.#followed.textOf(path, `all of ${place}`);
    if (text === null) return;
    for (const name of pythonUses(text, path).texts) {
      if (/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) await this.#addModule(place, name);
    }
  }

  /** A module and the packages that contain it, below a folder. */
  async #addModule(folder: string, name: string): Promise<void> {
    let place = folder;
    for (const part of name.split(".")) {
      await this.#addFile(join(place, `${part}.py`));
      await this.#followed.addCompiled(place, part);
      place = join(place, part);
      await this.#addFile(join(place, "__init__.py"));
    }
  }

  async #addFile(path: string): Promise<boolean> {
    if (!(await this.#followed.add(path))) return false;
    const visit = `${path}\0${this.#searchPath.size}`;
    if (this.#seen.has(visit)) return true;
    this.#seen.add(visit);
    this.#queue.push(path);
    const target = await this.#followed.targetOf(path);
    if (target !== null) await this.#addFile(target);
    return true;
  }
}
