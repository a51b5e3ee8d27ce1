// The shell that ends processes of an executor that is gone.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { OrphanGuard } from "../src/orphan-guard.ts";
import { MARK_VARIABLE } from "../src/process-mark.ts";

/** A group that no process has. */
const NO_GROUP = { group: 2 ** 22 - 1, cgroup: undefined };

it.runIf(process.platform === "linux")(
  "kills marked processes although the search for them fails, as it does when others end meanwhile",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "memodag-guard-"));
    const { PATH = "" } = process.env;
    writeFileSync(join(folder, "grep"), `#!/bin/sh\nPATH="${PATH}" grep "$@"\nexit 2\n`, { mode: 0o755 });
    const mark = `${randomUUID()}.`;
    const env = { ...process.env, [MARK_VARIABLE]: `${mark}1` };
    const marked = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { env, stdio: "ignore" });
    const guard = new OrphanGuard({ mark, folder: "" });
    process.env["PATH"] = `${folder}:${PATH}`;
    try {
      guard.add(NO_GROUP);
    } finally {
      process.env["PATH"] = PATH;
    }
    const ended = once(marked, "exit");
    guard.close();
    expect(await ended).toEqual([null, "SIGKILL"]);
    rmSync(folder, { recursive: true, force: true });
  },
);
