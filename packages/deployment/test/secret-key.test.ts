// The key of secrets' digests: complete before it can be read, and believed only while it is this user's alone.

import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSecretKey } from "../src/config/secret-key.ts";

const MODULE = fileURLToPath(new URL("../dist/config/secret-key.js", import.meta.url));
const uid = process.geteuid?.() ?? -1;
/** Another user where files can be given away, else this one. */
const someone = uid === 0 ? 12_345 : uid;
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "memodag-key-"));
  path = join(folder, "secret.key");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the secret key", () => {
  it("is one for processes that start at once, and leaves nothing beside it", async () => {
    const code = `const { readSecretKey } = await import(${JSON.stringify(MODULE)});
      process.stdout.write("ready");
      process.stdin.once("data", () => {
        for (const name of ${JSON.stringify(Array.from({ length: 40 }, (_, at) => join(folder, `s${at}`)))})
          process.stdout.write(" " + Buffer.from(readSecretKey(name)).toString("hex"));
        process.exit();
      });`;
    const racers = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    const saying = racers.map(({ stdout }) => text(stdout));
    await Promise.all(racers.map(({ stdout }) => new Promise((ready) => stdout.once("readable", ready))));
    for (const { stdin } of racers) stdin.write("go");
    const said = await Promise.all(saying);
    const [first = ""] = said;
    expect(first).toMatch(/^ready( [0-9a-f]{64}){40}$/);
    expect(said).toEqual([first, first, first, first]);
    const kept = readFileSync(join(folder, "s7", "secret.key")).toString("hex");
    expect(first.split(" ")[8]).toBe(kept);
    expect(readdirSync(join(folder, "s7"))).toEqual(["secret.key"]);
  });

  it("is its user's alone", () => {
    expect(readSecretKey(join(folder, "state"))).toHaveLength(32);
    expect(statSync(join(folder, "state")).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "state", "secret.key")).mode & 0o777).toBe(0o600);
  });

  it.each([
    ["is empty", () => writeKey(0), /has 0 bytes where a key has 32: put it back from a backup or remove it/],
    ["is short", () => writeKey(31), /has 31 bytes/],
    ["is long", () => writeKey(33), /has 33 bytes/],
    [
      "may be read by all",
      () => writeKey(32, 0o644),
      /read or written by others \(mode 644\): `chmod 600` it/,
    ],
    ["may be written by a group", () => writeKey(32, 0o620), /mode 620/],
    ["is a link", () => symlinkSync(writeKey(32, 0o600, "other"), path), /is a symbolic link/],
    ["is a folder", () => mkdirSync(path), /is no regular file/],
  ])("is refused by name when it %s", (_name, prepare, message) => {
    prepare();
    expect(() => readSecretKey(folder)).toThrow(
      expect.objectContaining({ code: "secret_key_invalid", message: expect.stringMatching(message) }),
    );
  });

  it("is taken by root where it is that of the user whose folder it is in, as in a container", () => {
    writeKey(32);
    chownSync(folder, someone, -1);
    chownSync(path, someone, -1);
    expect(readSecretKey(folder, 0)).toHaveLength(32);
    expect(() => readSecretKey(folder, someone + 1)).toThrow(
      expect.objectContaining({ code: "secret_key_invalid" }),
    );
    chmodSync(path, 0o640);
    expect(() => readSecretKey(folder, 0)).toThrow(expect.objectContaining({ code: "secret_key_invalid" }));
  });

  it("is refused when it is another user's", () => {
    writeKey(32);
    expect(() => readSecretKey(folder, uid + 1)).toThrow(
      expect.objectContaining({
        code: "secret_key_invalid",
        message: expect.stringContaining(`chown ${uid + 1}`),
      }),
    );
  });
});

function writeKey(bytes: number, mode = 0o600, name = "secret.key"): string {
  const file = join(folder, name);
  writeFileSync(file, Buffer.alloc(bytes, 7));
  chmodSync(file, mode);
  return file;
}
