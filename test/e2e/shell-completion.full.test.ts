// Completion in real shells: what bash, zsh and fish make of the keys that a user types at a terminal.

import { chmodSync } from "node:fs";
import { installShell, type TestShell } from "@memodag/test-servers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Terminal } from "./terminal.ts";
import { Workspace } from "./workspace.ts";

const TAB = "\t";
const ENTER = "\r";
const PROMPT = /READY> /;

const DAGS = `import { Dag } from "memodag";
export const shapes = new Dag("shapes");
shapes.task("draw", () => 1)();
export const shadows = new Dag("shadows");
shadows.task("cast", () => 1)();
`;

/** In place of memodag: says what would run, and lets memodag complete it. */
const SHIM = (bin: string): string => `#!/bin/sh
case "$1" in
  complete | completion) exec '${process.execPath}' '${bin}' "$@" ;;
  *) printf 'RAN'; printf ' <%s>' "$@"; printf ' END\\n' ;;
esac
`;

/** A shell's own way to be set up by a user. */
interface SetUp {
  readonly shell: "bash" | "zsh" | "fish";
  /** The start file, and the command that reads it. */
  readonly file: string;
  readonly text: string;
  readonly args: string;
  /** Lists candidates, in the way that the shell shows several. */
  readonly list: string;
}

const SET_UPS: readonly (readonly [name: string, setUp: SetUp])[] = [
  [
    "bash",
    {
      shell: "bash",
      file: "home/bashrc",
      text: 'PS1="READY> "\neval "$(memodag completion bash)"\n',
      args: "--rcfile home/bashrc -i",
      list: TAB + TAB + TAB,
    },
  ],
  [
    "zsh",
    {
      shell: "zsh",
      file: "home/.zshrc",
      text: 'PS1="READY> "\nautoload -U compinit && compinit -u -D\neval "$(memodag completion zsh)"\n',
      args: "-i",
      list: TAB + TAB,
    },
  ],
  [
    "zsh, with a file of its functions' path",
    {
      shell: "zsh",
      file: "home/.zshrc",
      text: `PS1="READY> "
memodag completion zsh > "$ZDOTDIR/_memodag"
fpath+=("$ZDOTDIR")
autoload -U compinit && compinit -u -D
`,
      args: "-i",
      list: TAB + TAB,
    },
  ],
  [
    "fish",
    {
      shell: "fish",
      file: "home/fish/config.fish",
      text: 'function fish_prompt; echo -n "READY> "; end\nmemodag completion fish | source\n',
      args: "-i",
      list: TAB,
    },
  ],
];

let workspace: Workspace;
let runId: string;

beforeAll(async () => {
  workspace = new Workspace({ dags: { "shapes.ts": DAGS } });
  ({ runId } = await workspace.json<{ runId: string }>("dags", "run", "shapes"));
  workspace.write("bin/memodag", SHIM(workspace.bin));
  chmodSync(workspace.path("bin/memodag"), 0o755);
  workspace.write("notes/plan.txt", "");
  // A shell that finds this does not make it, in the background.
  workspace.write("home/fish/generated_completions/none.fish", "");
});
afterAll(async () => await workspace.remove());

describe.each(SET_UPS)("%s", (_, { shell: name, file, text, args, list }) => {
  let shell: TestShell;
  let terminal: Terminal | undefined;
  beforeAll(async () => {
    shell = await installShell(name);
    workspace.write("home/.zshenv", shell.preamble);
    workspace.write(file, text);
  });
  afterEach(async () => await terminal?.close());

  async function open(): Promise<Terminal> {
    const home = workspace.path("home");
    terminal = new Terminal(`'${shell.program}' ${args}`, {
      cwd: workspace.folder,
      env: {
        ...shell.env,
        HOME: home,
        ZDOTDIR: home,
        XDG_CONFIG_HOME: home,
        XDG_DATA_HOME: home,
        TERM: "xterm",
        LANG: "C.UTF-8",
        PATH: `${workspace.path("bin")}:${process.env["PATH"]}`,
      },
    });
    await terminal.shows(PROMPT);
    return terminal;
  }

  /** The words of a line that is typed, completed and entered. */
  async function entered(at: Terminal, keys: string): Promise<string[]> {
    at.type(keys + TAB + ENTER);
    const [, words = ""] = await at.shows(/RAN(.*) END/);
    return Array.from(words.matchAll(/<([^>]*)>/g), ([, word = ""]) => word);
  }

  it("completes commands, options, Dags, tasks and run ids, and else files", async () => {
    const at = await open();
    expect(await entered(at, "memodag dags gra")).toEqual(["dags", "graph"]);
    expect(await entered(at, "memodag --json dags show shad")).toEqual(["--json", "dags", "show", "shadows"]);
    expect(await entered(at, "memodag dags graph --format=sv")).toEqual(["dags", "graph", "--format=svg"]);
    expect(await entered(at, "memodag dags graph --format sv")).toEqual(["dags", "graph", "--format", "svg"]);
    // Run ids have colons, at which some shells split words.
    for (const end of [12, runId.indexOf(":") + 1, runId.length - 2]) {
      const line = `memodag tasks logs shapes ${runId.slice(0, end)}`;
      expect(await entered(at, line)).toEqual(["tasks", "logs", "shapes", runId]);
    }
    expect(await entered(at, `memodag tasks logs shapes ${runId} dr`)).toEqual([
      "tasks",
      "logs",
      "shapes",
      runId,
      "draw",
    ]);
    expect(await entered(at, "memodag --config memodag.to")).toEqual(["--config", "memodag.toml"]);
    expect(await entered(at, "memodag init notes/pl")).toEqual(["init", "notes/plan.txt"]);
  });

  it("lists what there is to choose from", async () => {
    const at = await open();
    at.type(`memodag dags show ${list}`);
    const [shown] = await at.shows(/shadows[^]*shapes/);
    expect(shown).not.toContain("RAN");
  });
});
