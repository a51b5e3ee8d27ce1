// Which scripts a command is found to run, through shells and Node.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { followScripts, type FollowedScripts } from "../../src/commands/scripts/follow-scripts.ts";
import { FileDigests } from "../../src/file-digests.ts";

type Files = Readonly<Record<string, string>>;

describe("the scripts that a command runs", () => {
  let outside: string;
  beforeAll(() => {
    outside = realpathSync(mkdtempSync(join(tmpdir(), "memodag-scripts-")));
  });
  afterAll(() => rmSync(outside, { recursive: true, force: true }));

  function follow(
    argv: readonly string[],
    files: Files,
    sources: readonly string[] = [],
  ): Promise<FollowedScripts> {
    const root = mkdtempSync(join(outside, "project-"));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const place = { root, folder: root, digests: new FileDigests() };
    return followScripts({ argv, env: [], cwd: "." }, sources, place);
  }

  test.each<[string, readonly string[], Files]>([
    [
      "a file",
      ["sh", "a.sh"],
      { "a.sh": ". ./b.sh\nsource c.sh\n", "b.sh": "", "c.sh": "./d.sh x", "d.sh": "" },
    ],
    ["a text", ["bash", "-ec", "set -e; if true; then ./a.sh && bash b.sh; fi"], { "a.sh": "", "b.sh": "" }],
    [
      "a program by its path",
      ["./run"],
      { run: "#!/usr/bin/env bash\nexec python3 x.py\n", "x.py": "import y", "y.py": "" },
    ],
    [
      "quotes",
      ["sh", "-c", `"./a b.sh" ; './c.sh'; sh \\\n  d.sh`],
      { "a b.sh": "", "c.sh": "", "d.sh": "" },
    ],
    [
      "substitutions",
      ["sh", "-c", 'x=$(./a.sh | grep "$(./b.sh)"); echo `./c.sh`'],
      { "a.sh": "", "b.sh": "", "c.sh": "" },
    ],
    [
      "its own folder",
      ["sh", "s/a.sh"],
      {
        "s/a.sh":
          '. "$(dirname "$0")/b.sh"\n. "${BASH_SOURCE%/*}/c.sh"\nD=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)\n"$D/d.sh"\n',
        "s/b.sh": "",
        "s/c.sh": "",
        "d.sh": "",
      },
    ],
    [
      "variables",
      ["sh", "a.sh"],
      { "a.sh": 'LIB=./lib\n. $LIB/b.sh\n. "${LIB}/c.sh"', "lib/b.sh": "", "lib/c.sh": "" },
    ],
    ["another folder", ["sh", "-c", "cd s && ./a.sh"], { "s/a.sh": "./b.sh", "s/b.sh": "" }],
    [
      "wrappers",
      ["env", "-i", "A=1", "timeout", "5", "bash", "a.sh"],
      { "a.sh": "nohup nice -n 5 python3 b.py &", "b.py": "" },
    ],
    [
      "Node",
      ["node", "a.mjs"],
      {
        "a.mjs": 'import "./b.mjs"; const c = await import("./c.cjs"); import fs from "node:fs"',
        "b.mjs": 'export * from "./d.mjs"',
        "c.cjs": 'require("./e"); require("./f.json")',
        "d.mjs": "",
        "e.js": "",
        "f.json": "{}",
      },
    ],
    [
      "Node's other ways",
      ["node", "--enable-source-maps", "a.mjs"],
      {
        "a.mjs":
          'import { createRequire } from "node:module"; createRequire(import.meta.url); const require2 = createRequire(import.meta.url); require2("./b"); new Worker(new URL("./c.mjs", import.meta.url)); fork("d.mjs")',
        "b.cjs": "",
        "c.mjs": "",
        "d.mjs": 'import "./e.mjs"',
        "e.mjs": "",
      },
    ],
    [
      "R",
      ["Rscript", "a.R"],
      { "a.R": 'source("b.R")\n# source(x)\n', "b.R": 'source("lib/c.R", local = TRUE)', "lib/c.R": "" },
    ],
  ])("are followed: %s", async (_name, argv, files) => {
    const { paths, unfollowed } = await follow(argv, files);
    expect({ paths, unfollowed }).toEqual({ paths: Object.keys(files).sort(), unfollowed: [] });
  });

  test.each<[string, readonly string[], Files]>([
    ["comments", ["sh", "a.sh"], { "a.sh": "# ./b.sh\necho hi # ./b.sh\n" }],
    ["texts", ["sh", "a.sh"], { "a.sh": "cat <<'END'\n. ./b.sh\nEND\necho 'run ./b.sh now'\n" }],
    ["outputs", ["sh", "a.sh"], { "a.sh": "echo x > b.sh\necho y 2>>./b.sh\n" }],
    [
      "installed programs",
      ["sh", "a.sh"],
      { "a.sh": '"$VIRTUAL_ENV/bin/python" -V\n$HOME/.local/bin/tool x\n"$@"\n$CMD x\n' },
    ],
    [
      "arguments",
      ["sh", "a.sh"],
      { "a.sh": 'cp "$OUT/result.json" "$DIR/python" x\npip install python "$X"\n' },
    ],
  ])("are not what only looks like one: %s", async (_name, argv, files) => {
    const { paths, unfollowed } = await follow(argv, { ...files, "b.sh": "" });
    expect({ paths, unfollowed }).toEqual({ paths: Object.keys(files).sort(), unfollowed: [] });
  });

  test.each<[string, readonly string[], Files, string]>([
    ["a sourced path", ["sh", "a.sh"], { "a.sh": '\n. "$LIB/b.sh"' }, "a.sh:2 $LIB/b.sh"],
    ["a path that runs", ["sh", "a.sh"], { "a.sh": "$LIB/b.sh x" }, "a.sh:1 $LIB/b.sh"],
    ["a script's path", ["sh", "a.sh"], { "a.sh": 'python3 -u "$SCRIPT"' }, "a.sh:1 $SCRIPT"],
    ["a text", ["sh", "-c", 'bash "$(which x.sh)"'], {}, "command $(which x.sh)"],
    ["a loop", ["sh", "-c", 'for f in *.sh; do . "$f"; done'], {}, "command $f"],
    ["a variable with two values", ["sh", "a.sh"], { "a.sh": "L=a\nL=b\n. $L/x.sh" }, "a.sh:3 $L/x.sh"],
    [
      "import()",
      ["node", "a.mjs"],
      { "a.mjs": "\nawait import(process.argv[2]);" },
      "a.mjs:2 await import(process.argv[2]);",
    ],
    [
      "require()",
      ["node", "a.cjs"],
      { "a.cjs": "const x = require(process.argv[2]);" },
      "a.cjs:1 const x = require(process.argv[2]);",
    ],
    ["source() of R", ["Rscript", "a.R"], { "a.R": "source(file.path(dir, 'b.R'))" }, "a.R:1 source(…)"],
  ])("are not known where they are computed: %s", async (_name, argv, files, expected) => {
    expect((await follow(argv, files)).unfollowed).toEqual([expected]);
  });

  test("may be computed where a source has that name, which is followed itself", async () => {
    const files = { "a.sh": '. "$LIB/b.sh"', "lib/b.sh": "./c.sh", "c.sh": "" };
    const { paths, unfollowed } = await follow(["sh", "a.sh"], files, ["lib/b.sh"]);
    expect({ paths, unfollowed }).toEqual({ paths: ["a.sh", "c.sh", "lib/b.sh"], unfollowed: [] });
  });

  test("are followed to an end, whatever runs in a circle", async () => {
    const files = { "a.sh": "cd s && bash ../a.sh; . ./a.sh", "s/b.py": "import b" };
    const { paths } = await follow(["sh", "a.sh"], files);
    expect(paths).toEqual(["a.sh"]);
  });
});
