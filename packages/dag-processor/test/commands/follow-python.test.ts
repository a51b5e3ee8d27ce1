// Which modules of a project a Python program is found to use, held against those that a real Python opens.

import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { followScripts, type FollowedScripts } from "../../src/commands/scripts/follow-scripts.ts";
import { FileDigests } from "../../src/file-digests.ts";

/** Writes down each Python file that is opened, whichever way. */
const HOOK = `import os, sys
def note(event, args):
    if event == "open" and isinstance(args[0], (str, bytes, os.PathLike)):
        path = os.path.realpath(os.fsdecode(args[0]))
        if path.endswith(".py"):
            descriptor = os.open(os.environ["OPENED"], os.O_APPEND | os.O_CREAT | os.O_WRONLY)
            os.write(descriptor, (path + "\\n").encode())
            os.close(descriptor)
sys.addaudithook(note)
`;

interface Case {
  readonly files: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
  readonly env?: readonly (readonly [string, string])[];
  readonly cwd?: string;
}

describe("the modules that a Python program uses", () => {
  let outside: string;
  beforeAll(() => {
    outside = realpathSync(mkdtempSync(join(tmpdir(), "memodag-python-")));
    writeFileSync(join(outside, "sitecustomize.py"), HOOK);
  });
  afterAll(() => rmSync(outside, { recursive: true, force: true }));

  /** What was found, and the files that Python opened. */
  async function follow(
    name: string,
    { files, argv = ["python3", "main.py"], env = [], cwd = "." }: Case,
  ): Promise<FollowedScripts & { readonly opened: readonly string[] }> {
    const root = join(outside, name);
    const folder = join(root, "dags");
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const found = await followScripts({ argv, env, cwd }, [], { root, folder, digests: new FileDigests() });
    const path = new Map(env).get("PYTHONPATH");
    const list = join(outside, `${name}.opened`);
    const [program = "", ...rest] = argv;
    execFileSync(program, rest, {
      cwd: join(folder, cwd),
      env: {
        PATH: process.env["PATH"],
        OPENED: list,
        PYTHONDONTWRITEBYTECODE: "1",
        PYTHONPATH: path === undefined ? outside : `${outside}:${path}`,
      },
      stdio: "pipe",
    });
    const lines = readFileSync(list, "utf8").trim().split("\n");
    const own = lines.filter((line) => line.startsWith(`${folder}/`)).map((line) => relative(folder, line));
    return { ...found, opened: [...new Set(own)].sort() };
  }

  test.each<[string, Case]>([
    ["import", { files: { "main.py": "import os, helper, json as j\n", "helper.py": "" } }],
    [
      "chain",
      { files: { "main.py": "import a", "a.py": "import b", "b.py": "from c import x", "c.py": "x = 1" } },
    ],
    [
      "from",
      {
        files: {
          "main.py": "from lib.deep import thing as t, other\n",
          "lib/deep/thing.py": "",
          "lib/deep/other.py": "",
        },
      },
    ],
    [
      "brackets",
      {
        files: {
          "main.py": "from pkg import (  # these\n    one,\n    two as deux,  # and\n\n    three,\n)\n",
          "pkg/__init__.py": "",
          "pkg/one.py": "",
          "pkg/two.py": "",
          "pkg/three.py": "",
        },
      },
    ],
    [
      "continued",
      {
        files: {
          "main.py": "import \\\n  helper\nif True: import second; import third",
          "helper.py": "",
          "second.py": "",
          "third.py": "",
        },
      },
    ],
    [
      "relative",
      {
        files: {
          "main.py": "import pkg.sub.mod\n",
          "pkg/__init__.py": "from . import near\n",
          "pkg/near.py": "",
          "pkg/far.py": "",
          "pkg/sub/__init__.py": "",
          "pkg/sub/mod.py": "from .. import far\nfrom ..near import __name__ as n\nfrom .beside import y\n",
          "pkg/sub/beside.py": "y = 1",
        },
      },
    ],
    [
      "star",
      {
        files: {
          "main.py": "from pkg import *\n",
          "pkg/__init__.py": '__all__ = ["a", "b"]\n',
          "pkg/a.py": "",
          "pkg/b.py": "",
        },
      },
    ],
    [
      "tried",
      {
        files: {
          "main.py":
            "try:\n    import missing_one\nexcept ImportError:\n    import fallback\ndef f():\n    import inner\nf()\n",
          "fallback.py": "",
          "inner.py": "",
        },
      },
    ],
    [
      "importlib",
      {
        files: {
          "main.py":
            'import importlib\nfrom importlib import import_module as load\nimportlib.import_module("one")\nload("pkg.two")\nload(".three", package="pkg")\n__import__("four")\n__import__("pkg", fromlist=["five"])\n',
          "one.py": "",
          "pkg/__init__.py": "",
          "pkg/two.py": "",
          "pkg/three.py": "",
          "pkg/five.py": "",
          "four.py": "",
        },
      },
    ],
    [
      "run",
      {
        files: {
          "main.py":
            'import runpy\nrunpy.run_path("scripts/one.py")\nrunpy.run_module("two")\nexec(open("scripts/three.py").read())\nexec(compile(open("scripts/four.py").read(), "four", "exec"))\n',
          "scripts/one.py": "import helper",
          "helper.py": "",
          "two.py": "",
          "scripts/three.py": "",
          "scripts/four.py": "",
        },
      },
    ],
    [
      "exec-text",
      {
        files: {
          "main.py": "exec('import helper')\nfrom pathlib import Path\nexec(Path('x.py').read_text())\n",
          "helper.py": "",
          "x.py": "",
        },
      },
    ],
    [
      "spec",
      {
        files: {
          "main.py":
            'import importlib.util as u, os\nHERE = os.path.dirname(os.path.abspath(__file__))\ns = u.spec_from_file_location("x", os.path.join(HERE, "lib", "x.py"))\nm = u.module_from_spec(s)\ns.loader.exec_module(m)\n',
          "lib/x.py": "import os",
        },
      },
    ],
    [
      "sys-path",
      {
        files: {
          "main.py":
            'import sys, os\nfrom pathlib import Path\nROOT = Path(__file__).resolve().parent\nsys.path.insert(0, str(ROOT / "lib"))\nsys.path.append(os.path.join(os.path.dirname(__file__), "other"))\nsys.path += ["third"]\nimport a, b, c\n',
          "lib/a.py": "",
          "other/b.py": "",
          "third/c.py": "",
        },
      },
    ],
    [
      "children",
      {
        files: {
          "main.py":
            'import subprocess, sys\nsubprocess.run([sys.executable, "child.py"], check=True)\nsubprocess.run([sys.executable, "-m", "pkg.tool"], check=True)\n',
          "child.py": "import helper",
          "helper.py": "",
          "pkg/__init__.py": "",
          "pkg/tool.py": "",
        },
      },
    ],
    [
      "module",
      {
        argv: ["python3", "-m", "pkg"],
        files: { "pkg/__init__.py": "", "pkg/__main__.py": "from . import x", "pkg/x.py": "" },
      },
    ],
    [
      "text",
      { argv: ["python3", "-c", "import helper"], files: { "helper.py": "import more", "more.py": "" } },
    ],
    [
      "folder",
      { argv: ["python3", "app"], files: { "app/__main__.py": "import helper", "app/helper.py": "" } },
    ],
    [
      "here-document",
      {
        argv: ["sh", "run.sh"],
        files: { "run.sh": "python3 - <<'END'\nimport helper\nEND\n", "helper.py": "" },
      },
    ],
    [
      "read-from",
      { argv: ["sh", "-c", "python3 < main.py"], files: { "main.py": "import helper", "helper.py": "" } },
    ],
    [
      "through-env",
      {
        argv: ["/usr/bin/env", "python3", "-u", "main.py"],
        files: { "main.py": "import helper", "helper.py": "" },
      },
    ],
    [
      "beside",
      {
        argv: ["python3", "scripts/main.py"],
        files: { "scripts/main.py": "import helper", "scripts/helper.py": "" },
      },
    ],
    [
      "other-cwd",
      {
        cwd: "work",
        argv: ["python3", "../scripts/main.py"],
        files: { "work/keep": "", "scripts/main.py": "import helper", "scripts/helper.py": "" },
      },
    ],
    [
      "python-path",
      { env: [["PYTHONPATH", "lib"]], files: { "main.py": "import helper", "lib/helper.py": "" } },
    ],
    [
      "typing",
      {
        files: {
          "main.py":
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import types_only\nimport helper\n",
          "helper.py": "",
          "types_only.py": "",
        },
      },
    ],
    [
      "shell",
      {
        argv: ["sh", "-c", 'cd scripts && PYTHONPATH="$PYTHONPATH:../lib" python3 main.py'],
        files: { "scripts/main.py": "import helper", "lib/helper.py": "" },
      },
    ],
    [
      "shell-file",
      {
        argv: ["sh", "scripts/run.sh"],
        files: {
          "scripts/run.sh": '#!/bin/sh\nHERE="$(cd "$(dirname "$0")" && pwd)"\n. "$HERE/common.sh"\nstep\n',
          "scripts/common.sh": 'step() {\n  python3 scripts/main.py "$@"\n}\n',
          "scripts/main.py": "import helper",
          "scripts/helper.py": "",
        },
      },
    ],
  ])("are those that Python opens: %s", async (name, project) => {
    const { paths, unfollowed, opened } = await follow(name, project);
    expect(opened).not.toEqual([]);
    expect(paths).toEqual(expect.arrayContaining([...opened]));
    expect(unfollowed).toEqual([]);
    // Nothing is taken that a program could not use.
    expect(paths.filter((path) => !(path in project.files))).toEqual([]);
  });

  test("are found through links, and in a project that is installed as a link", async () => {
    const root = join(outside, "linked");
    mkdirSync(join(root, "src/project"), { recursive: true });
    mkdirSync(join(root, "dags"));
    writeFileSync(join(root, "pyproject.toml"), "");
    writeFileSync(join(root, "src/main.py"), "import helper, project.part\n");
    writeFileSync(join(root, "src/helper.py"), "");
    writeFileSync(join(root, "src/project/part.py"), "");
    symlinkSync("../src/main.py", join(root, "dags/main.py"));
    writeFileSync(join(root, "dags/other.py"), "import project.part\n");
    const place = { root, folder: join(root, "dags"), digests: new FileDigests() };
    const pathsOf = async (script: string) =>
      (await followScripts({ argv: ["python3", script], env: [], cwd: "." }, [], place)).paths;
    expect(await pathsOf("main.py")).toEqual([
      "../src/helper.py",
      "../src/main.py",
      "../src/project/part.py",
      "main.py",
    ]);
    expect(await pathsOf("other.py")).toEqual(["../src/project/part.py", "other.py"]);
  });

  test.each<[string, string, readonly string[]]>([
    ["comment", "# import helper\nx = 1  # from helper import y\n", []],
    ["string", 'x = "import helper"\ny = """\nimport helper\n"""\nz = f"import {x}"\n', []],
    ["raise", "def f():\n    yield from helper\n    raise ValueError from helper\n", []],
    ["name", "x = dict(importing=1, imports=2)\nx.helper = 3\n", []],
    ["attribute", "import os.path\nos.helper\n", []],
  ])("are not what only looks like an import: %s", async (name, text) => {
    const root = join(outside, `not-${name}`);
    mkdirSync(root);
    writeFileSync(join(root, "main.py"), text);
    writeFileSync(join(root, "helper.py"), "");
    const place = { root, folder: root, digests: new FileDigests() };
    const { paths, unfollowed } = await followScripts(
      { argv: ["python3", "main.py"], env: [], cwd: "." },
      [],
      place,
    );
    expect({ paths, unfollowed }).toEqual({ paths: ["main.py"], unfollowed: [] });
  });

  test.each<[string, string]>([
    ["import_module(name)", "main.py:1 import_module(…)"],
    ["import_module('plugins.' + name)", "main.py:1 import_module(…)"],
    ["import_module(f'plugins.{name}')", "main.py:1 import_module(…)"],
    ["__import__(name)", "main.py:1 __import__(…)"],
    ["load = __import__", "main.py:1 __import__(…)"],
    ["getattr(importlib, 'import_module')(name)", "main.py:1 import_module"],
    ["from importlib import import_module as im\nim(name)", "main.py:2 im(…)"],
    ["runpy.run_path(sys.argv[1])", "main.py:1 run_path(…)"],
    ["exec(open(path).read())", "main.py:1 exec(…)"],
    ["exec(code)", "main.py:1 exec(…)"],
    ["\nspec_from_file_location('x', path)", "main.py:2 spec_from_file_location(…)"],
    ["sys.path.insert(0, os.environ['LIB'])", "main.py:1 sys.path"],
    ["sys.path[:0] = folders", "main.py:1 sys.path"],
    ["subprocess.run([sys.executable, script])", "main.py:1 [sys.executable …]"],
    ["sys.meta_path.append(finder)", "main.py:1 sys.meta_path"],
  ])("are not known where they are computed: %s", async (text, expected) => {
    const root = mkdtempSync(join(outside, "computed-"));
    writeFileSync(join(root, "main.py"), text);
    const place = { root, folder: root, digests: new FileDigests() };
    const { unfollowed } = await followScripts(
      { argv: ["python3", "main.py"], env: [], cwd: "." },
      [],
      place,
    );
    expect(unfollowed).toEqual([expected]);
  });
});
