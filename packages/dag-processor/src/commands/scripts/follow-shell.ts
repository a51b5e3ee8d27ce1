// Reads shell code command by command, tracking its working directory, its variables and its own file.

import { dirname, posix, resolve } from "node:path";
import { cutHereDocuments, shellCommands, type ShellWord } from "./shell-words.ts";
import { startedPrograms, type Started } from "./started-programs.ts";

/** The location of a command in the code. */
export interface ShellPlace {
  readonly line: number;
  /** Possible working directories. */
  readonly cwds: readonly string[];
  /** Folders that it sets for Python modules, as written. */
  readonly pythonPath: readonly string[];
}

/** The programs that the code starts, in order. */
export type ShellUse = ShellPlace & { readonly started: Started };

/** Maximum number of working directories per script: scripts may change directories in a loop. */
const MOST_FOLDERS = 16;

/** `$(dirname "$0")`, `${0%/*}` and similar: the folder of the script itself. */
const OWN_FOLDER =
  /\$\((?:cd\s+(?:-P\s+)?(?:--\s+)?["']?)?(?:\$\()?dirname\s+(?:--\s+)?["']?(?:\$\((?:readlink -f|realpath) )?["']?\$(?:\{?BASH_SOURCE(?:\[0\])?\}?|\{?0\}?)["']?\)?["']?\)?(?<up>(?:\/[\w.-]+)*)["']?(?:\s*(?:>\s*\/dev\/null\s*(?:2>&1)?)?\s*&&\s*pwd(?:\s+-P)?)?\s*\)?|\$\{(?:BASH_SOURCE(?:\[0\])?|0)%\/\*\}/g;

/** Reads the code of the script at `file`; `null`: it is part of a command. */
export function shellUses(
  text: string,
  file: string | null,
  { cwds, pythonPath }: Pick<ShellPlace, "cwds" | "pythonPath">,
): ShellUse[] {
  const uses: ShellUse[] = [];
  const variables = new Map<string, string | null>();
  const folders = new Set(cwds);
  let exported = [...pythonPath];
  const expand = (word: ShellWord): ShellWord =>
    word.isComputed ? expanded(word.text, file, variables) : word;
  for (const command of shellCommands(text)) {
    const words = command.words.map(expand);
    const own: string[] = [];
    for (const word of words) {
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word.text) ?? [];
      if (name === undefined || value === undefined) {
        if (
          word.text === "export" ||
          word.text === "env" ||
          word.text === "readonly" ||
          word.text === "local"
        )
          continue;
        break;
      }
      if (name === "PYTHONPATH") for (const added of value.split(":")) own.push(added);
      // A variable that is assigned twice may have either value.
      variables.set(
        name,
        variables.has(name) && variables.get(name) !== value ? null : word.isComputed ? null : value,
      );
    }
    const isAlone = words.every(({ text: word }) => /^(?:export|[A-Za-z_]\w*=.*)$/s.test(word));
    if (isAlone) exported = [...exported, ...own];
    const [first, second] = words;
    if (first?.text === "cd" && second && !second.isComputed) {
      const entered = Array.from(folders, (folder) => resolve(folder, second.text));
      for (const folder of entered.slice(0, MOST_FOLDERS - folders.size)) folders.add(folder);
    }
    const place = {
      line: command.line,
      cwds: [...folders],
      pythonPath: [...exported, ...own].filter(isPlain),
    };
    for (const started of startedPrograms(words)) uses.push({ ...place, started });
  }
  for (const { opener, body, line } of cutHereDocuments(text).documents) {
    const place = { line, cwds: [...folders], pythonPath: exported.filter(isPlain) };
    if (/\b(?:python|pypy)[\d.]*\b/.test(opener))
      uses.push({ ...place, started: { kind: "python_text", text: body } });
    else if (/\b(?:ba|da|z|k)?sh\b/.test(opener))
      uses.push({ ...place, started: { kind: "shell_text", text: body } });
  }
  return uses;
}

function isPlain(path: string): boolean {
  return path !== "" && !path.includes("$");
}

/** Returns a word with known variables expanded. */
function expanded(
  text: string,
  file: string | null,
  variables: ReadonlyMap<string, string | null>,
): ShellWord {
  const own =
    file === null
      ? text
      : text.replaceAll(OWN_FOLDER, (_all, up?: string) => posix.join(dirname(file), up ?? "."));
  const known = own
    .replaceAll(/\$\{(\w+)\}|\$(\w+)/g, (all, braced?: string, bare?: string) => {
      const name = braced ?? bare ?? "";
      return name === "PWD" ? "." : (variables.get(name) ?? all);
    })
    .replaceAll(/\$\(pwd\)/g, ".");
  return { text: known, isComputed: /[$`]/.test(known) };
}
