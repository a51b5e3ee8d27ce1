// Finds the other code that a Python file uses, as far as it can be determined statically.

import { PythonCode } from "./python-code.ts";
import { namedPaths } from "./python-paths.ts";
import { searchPathOf } from "./python-search-path.ts";
import { pythonTokens, type PythonToken } from "./python-tokens.ts";

/** `import name`, or `from name import names`. */
export interface PythonImport {
  /** Number of dots before the name, for relative imports; 0 uses the search path. */
  readonly level: number;
  /** Empty in `from . import x`. */
  readonly name: string;
  /** The imported names, which may be modules too; `*` stands for all. */
  readonly names: readonly string[];
}

/** Code that is selected by a computed value. */
export interface ComputedUse {
  readonly line: number;
  readonly what: string;
}

/** The uses found. Paths are absolute, or relative to the working directory. */
export interface PythonUses {
  readonly imports: readonly PythonImport[];
  /** Folders that it adds to the search path. */
  readonly searchPath: readonly string[];
  /** Files that it runs in its own process. */
  readonly run: readonly string[];
  /** Modules that it runs in another Python process. */
  readonly modules: readonly string[];
  /** All string literals: some may name scripts. */
  readonly texts: readonly string[];
  readonly computed: readonly ComputedUse[];
}

type Tokens = readonly PythonToken[];

/** Functions that take a module's name, or a file's path with the index of that argument. */
const IMPORTERS = new Set(["__import__", "import_module", "run_module"]);
const RUNNERS = new Map([
  ["run_path", 0],
  ["execfile", 0],
  ["spec_from_file_location", 1],
  ["SourceFileLoader", 1],
  ["load_source", 1],
]);
const LOADERS = new Set([...IMPORTERS, ...RUNNERS.keys()]);

/** Reads the code of the Python file at `file`, or of a program that is run in that file's folder. */
export function pythonUses(text: string, file: string): PythonUses {
  const tokens = pythonTokens(text);
  return new UseFinder(tokens, file).find();
}

class UseFinder {
  readonly #tokens: Tokens;
  readonly #code: PythonCode;
  readonly #file: string;
  readonly #imports: PythonImport[] = [];
  readonly #searchPath: string[] = [];
  readonly #run: string[] = [];
  readonly #modules: string[] = [];
  readonly #computed: ComputedUse[] = [];
  /** Aliases of functions that load code. */
  readonly #aliases = new Map<string, string>();

  constructor(tokens: Tokens, file: string) {
    this.#tokens = tokens;
    this.#code = new PythonCode(tokens, { file, names: namedPaths(tokens, file) });
    this.#file = file;
  }

  find(): PythonUses {
    const texts: string[] = [];
    let skipTo = 0;
    for (const [index, token] of this.#tokens.entries()) {
      if (token.kind === "string") {
        texts.push(token.text);
        const isHidden =
          token.isFormatted === true && /\b(?:import_module|__import__|run_path)\b/.test(token.text);
        if (LOADERS.has(token.text) || isHidden) this.#addComputed(index, token.text);
      }
      if (token.kind !== "name" || index < skipTo) continue;
      if (token.text === "import" && !this.#code.isAttribute(index)) this.#addImport(index);
      else if (token.text === "from" && !this.#code.isAttribute(index)) skipTo = this.#addFrom(index);
      else this.#addCall(index, this.#aliases.get(token.text) ?? token.text);
    }
    return {
      imports: this.#imports,
      searchPath: this.#searchPath,
      run: this.#run,
      modules: this.#modules,
      texts,
      computed: this.#computed,
    };
  }

  #addImport(index: number): void {
    let at = index + 1;
    for (;;) {
      const { name, end } = this.#code.dottedAt(at);
      if (name === "") return;
      this.#imports.push({ level: 0, name, names: [] });
      at = this.#code.textAt(end) === "as" ? end + 2 : end;
      if (this.#code.textAt(at) !== ",") return;
      at += 1;
    }
  }

  /** Returns where the statement continues; `from` may also follow `yield` and `raise`. */
  #addFrom(index: number): number {
    let at = index + 1;
    let level = 0;
    for (; this.#code.textAt(at) === "."; at += 1) level += 1;
    const { name, end } = this.#code.dottedAt(at);
    if (this.#code.textAt(end) !== "import") return index + 1;
    const names: string[] = [];
    for (at = end + 1; ; at += 1) {
      const token = this.#tokens[at];
      if (!token || token.kind === "end" || token.text === ")") break;
      if (token.text === "as") {
        const before = this.#code.textAt(at - 1);
        if (LOADERS.has(before)) this.#aliases.set(this.#code.textAt(at + 1), before);
        at += 1;
      } else if (token.kind === "name" || token.text === "*") names.push(token.text);
    }
    this.#imports.push({ level, name, names });
    if (level === 0 && name === "sys" && names.includes("path"))
      this.#addComputed(index, "from sys import path");
    return at;
  }

  #addCall(index: number, name: string): void {
    const isCall = this.#code.textAt(index + 1) === "(";
    if (this.#code.textAt(index - 1) === "def") return;
    if (IMPORTERS.has(name)) this.#addImporter(index, isCall);
    else if (RUNNERS.has(name)) this.#addRunner(index, isCall, RUNNERS.get(name) ?? 0);
    else if (name === "exec" && isCall && !this.#code.isAttribute(index)) this.#addExec(index);
    else if ((name === "addsitedir" && isCall) || (name === "path" && this.#code.isOf("sys", index))) {
      this.#addSearchPath(index);
    } else if ((name === "meta_path" || name === "path_hooks") && this.#code.isOf("sys", index)) {
      if (this.#code.textAt(index + 1) === ".") this.#addComputed(index, `sys.${name}`);
    } else if (name === "executable" && this.#code.isOf("sys", index)) this.#addInterpreter(index);
  }

  #addImporter(index: number, isCall: boolean): void {
    const name = this.#tokens[index + 2];
    if (
      !isCall ||
      name?.kind !== "string" ||
      name.isFormatted ||
      ![")", ","].includes(this.#code.textAt(index + 3))
    ) {
      this.#addComputed(index, this.#shown(index));
      return;
    }
    const [, dots = "", rest = ""] = /^(\.*)(.*)$/s.exec(name.text) ?? [];
    const anchor = this.#tokens.slice(index + 4, index + 7).find(({ kind }) => kind === "string");
    if (dots !== "" && anchor) {
      const parents = anchor.text.split(".").slice(0, dots.length > 1 ? 1 - dots.length : undefined);
      this.#imports.push({ level: 0, name: [...parents, rest].join("."), names: [] });
    } else this.#imports.push({ level: dots.length, name: rest, names: [] });
    // `__import__("a", …, ["b"])` imports a.b.
    if (this.#code.textAt(index) !== "__import__" || this.#code.textAt(index + 3) !== ",") return;
    const end = this.#code.endOfCall(index + 1);
    const names = this.#tokens
      .slice(index + 4, end)
      .flatMap(({ kind, text }) => (kind === "string" ? [text] : []));
    if (names.length > 0) this.#imports.push({ level: 0, name: name.text, names });
  }

  #addRunner(index: number, isCall: boolean, argument: number): void {
    let at = index + 2;
    if (isCall && argument === 1) {
      while (at < this.#tokens.length && ![",", ")"].includes(this.#code.textAt(at))) at += 1;
      at += 1;
    }
    if (this.#code.textAt(at + 1) === "=") at += 2;
    const path = isCall ? this.#code.pathAt(at, [")", ","]) : undefined;
    if (path === undefined) this.#addComputed(index, this.#shown(index));
    else this.#run.push(path);
  }

  #addExec(index: number): void {
    const end = this.#code.endOfCall(index + 1);
    if (this.#tokens[index + 2]?.kind === "string" && !this.#tokens[index + 2]?.isFormatted) {
      const inner = pythonUses(this.#tokens[index + 2]?.text ?? "", this.#file);
      for (const added of inner.imports) this.#imports.push(added);
      for (const added of inner.computed) this.#computed.push(added);
      return;
    }
    for (let at = index + 2; at < end; at += 1) {
      const isOpen = this.#code.textAt(at) === "open" && this.#code.textAt(at + 1) === "(";
      const path = isOpen ? this.#code.pathAt(at + 2, [")", ","]) : this.#code.pathAt(at, ["."]);
      if (path === undefined || (!isOpen && !this.#isReadAfter(at))) continue;
      this.#run.push(path);
      return;
    }
    this.#addComputed(index, this.#shown(index));
  }

  /** True if a method that reads the file at a path is called further on. */
  #isReadAfter(start: number): boolean {
    for (let at = start; at < this.#tokens.length; at += 1) {
      if (this.#code.textAt(at) === "." && this.#code.textAt(at + 1).startsWith("read_")) return true;
    }
    return false;
  }

  #addSearchPath(index: number): void {
    const paths = searchPathOf(this.#code, index);
    if (paths === undefined) this.#addComputed(index, "sys.path");
    else for (const added of paths) this.#searchPath.push(added);
  }

  /** `[sys.executable, script]` starts another Python process. */
  #addInterpreter(index: number): void {
    if (this.#code.textAt(index + 1) !== ",") return;
    const option = this.#tokens[index + 2];
    if (option?.kind !== "string" || option.isFormatted) {
      const path = this.#code.pathAt(index + 2, [",", "]", ")"]);
      if (path === undefined) this.#addComputed(index, "[sys.executable, …]");
      else this.#run.push(path);
    } else if (option.text === "-m") {
      const module = this.#tokens[index + 4];
      if (module?.kind === "string" && !module.isFormatted) this.#modules.push(module.text);
      else this.#addComputed(index, "[sys.executable, -m, …]");
    }
  }

  #shown(index: number): string {
    return `${this.#code.textAt(index)}(…)`;
  }

  #addComputed(index: number, what: string): void {
    this.#computed.push({ line: this.#code.lineAt(index), what });
  }
}
