// Folders as the bytes of one entry, on a real disk: what is kept, what is refused, and that nothing leaves the folder.

import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer, text as textOf } from "node:stream/consumers";
import { isFolderBytes, openBytes, packFolder, unpackFolder } from "@memodag/core/folders";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), "memodag-folders-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: string | Uint8Array = path, mode = 0o644): string {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  chmodSync(target, mode);
  return target;
}

async function bytesOf(folder: string): Promise<Buffer> {
  const { read, sizeBytes } = await packFolder(join(root, folder));
  const bytes = await buffer(read());
  expect(bytes.length).toBe(sizeBytes);
  return bytes;
}

/** In pieces of that size, whatever they cut apart. */
async function* piecesOf(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

/** Paths of files with their contents, and of empty folders. */
function contentsOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(join(root, folder).length + 1);
    if (entry.isFile()) found[name] = readFileSync(path, "latin1");
    else if (readdirSync(path).length === 0) found[name] = "(empty folder)";
  }
  return found;
}

async function listenAt(path: string): Promise<void> {
  const server = createServer().listen(path);
  onTestFinished(() => void server.close());
  await once(server, "listening");
}

function archive(manifest: unknown, content = ""): Buffer {
  const text = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
  const length = String(Buffer.byteLength(text)).padStart(10, "0");
  return Buffer.from(`memodag folder 1\n${length}\n${text}${content}`);
}

const file = (path: string, sizeBytes = 0) => ({ path, sizeBytes, isExecutable: false });

describe("a folder as the bytes of an entry", () => {
  it("comes back with its names, contents, empty folders and executable files", async () => {
    write("in/a.txt", "text");
    write("in/deep/er/b.bin", new Uint8Array([0, 255, 10]));
    write("in/run.sh", "#!/bin/sh\n", 0o750);
    write("in/empty file", "");
    write("in/caf\u00e9", "composed");
    write("in/caf\u0065\u0301", "decomposed");
    write("in/line\nfeed \u{1F600}", "odd");
    mkdirSync(join(root, "in/deep/nothing/here"), { recursive: true });
    const bytes = await bytesOf("in");
    for (const size of [1, 7, 28, 1_000_000]) {
      await unpackFolder(piecesOf(bytes, size), join(root, `out${size}`));
      expect(contentsOf(`out${size}`)).toEqual(contentsOf("in"));
      expect(Object.keys(contentsOf(`out${size}`))).toHaveLength(8);
      expect(statSync(join(root, `out${size}`, "run.sh")).mode & 0o100).toBe(0o100);
      expect(statSync(join(root, `out${size}`, "a.txt")).mode & 0o100).toBe(0);
    }
  });

  it("is the same whatever it was made in: order, times, modes but for the owner's to execute, place", async () => {
    for (const path of ["one/a-b", "one/a/b", "one/a.b"]) write(path, "1", 0o600);
    for (const path of ["two/a.b", "two/a/b", "two/a-b"]) write(path, "1", 0o644);
    utimesSync(join(root, "two/a.b"), 1, 1);
    expect(await bytesOf("two")).toEqual(await bytesOf("one"));
    // In the order of the bytes, in which "-" and "." come before "/".
    expect((await bytesOf("one")).toString()).toMatch(/a-b.*a\.b.*a\/b/);
  });

  it("is another one with another name, content, mode or empty folder", async () => {
    write("a/x", "1");
    const all = [await bytesOf("a")];
    chmodSync(join(root, "a/x"), 0o755);
    all.push(await bytesOf("a"));
    mkdirSync(join(root, "a/y"));
    all.push(await bytesOf("a"));
    rmSync(join(root, "a/y"), { recursive: true });
    write("a/x", "2", 0o755);
    all.push(await bytesOf("a"));
    expect(new Set(all.map(String)).size).toBe(all.length);
  });

  it("of any names and contents comes back as it was", async () => {
    const name = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
      .filter((text) => !/[/\0]/.test(text) && text !== "." && text !== ".." && text.isWellFormed());
    const folder = fc.dictionary(name, fc.uint8Array({ maxLength: 40 }), {
      maxKeys: 6,
      noNullPrototype: true,
    });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(folder, fc.integer({ min: 1, max: 64 }), async (contents, size) => {
        const own = String((count += 1));
        mkdirSync(join(root, own));
        for (const [path, bytes] of Object.entries(contents)) write(join(own, path), bytes);
        await unpackFolder(piecesOf(await bytesOf(own), size), join(root, `${own}-back`));
        expect(contentsOf(`${own}-back`)).toEqual(contentsOf(own));
      }),
      { numRuns: 40 },
    );
  });

  it("may be empty", async () => {
    mkdirSync(join(root, "in"));
    await unpackFolder(piecesOf(await bytesOf("in")), join(root, "out"));
    expect(contentsOf("out")).toEqual({});
  });

  it("is told from the bytes of a file by its first ones", async () => {
    write("in/x", "1");
    const bytes = await bytesOf("in");
    expect(isFolderBytes(bytes)).toBe(true);
    for (const content of ["", "memodag folder", "a,b\n1,2\n"]) {
      const opened = await openBytes(piecesOf(Buffer.from(content)));
      expect(opened.isFolder).toBe(false);
      expect(await textOf(opened.chunks)).toBe(content);
    }
    const opened = await openBytes(piecesOf(bytes));
    expect(opened.isFolder).toBe(true);
    await unpackFolder(opened.chunks, join(root, "out"));
    expect(contentsOf("out")).toEqual({ x: "1" });
  });
});

describe("a folder that is refused", () => {
  it.each<[string, (path: string) => unknown, RegExp]>([
    ["a symbolic link to a file", (path) => symlinkSync("x", path), /"odd" is a symbolic link: .*cp -L/],
    ["a symbolic link to a folder", (path) => symlinkSync("/etc", path), /"odd" is a symbolic link/],
    ["a dangling link", (path) => symlinkSync("nowhere", path), /"odd" is a symbolic link/],
    ["a socket", listenAt, /"odd" is neither a file nor a folder/],
  ])("has %s in it", async (_name, make, message) => {
    write("in/x");
    await make(join(root, "in/odd"));
    await expect(packFolder(join(root, "in"))).rejects.toMatchObject({
      code: "entry_invalid",
      message: expect.stringMatching(message),
    });
  });

  it("has a name that is not UTF-8", async () => {
    mkdirSync(join(root, "in"));
    writeFileSync(Buffer.concat([Buffer.from(`${join(root, "in")}/`), Buffer.from([0xff])]), "");
    await expect(packFolder(join(root, "in"))).rejects.toMatchObject({
      message: expect.stringContaining("is not UTF-8"),
    });
  });

  it.each(["longer than it was", "1"])("has a file that is written meanwhile", async (text) => {
    write("in/x", "1234");
    const { read } = await packFolder(join(root, "in"));
    write("in/x", text);
    await expect(buffer(read())).rejects.toMatchObject({
      code: "entry_invalid",
      message: expect.stringContaining("was written while it was saved"),
    });
  });

  it.each<[string, Buffer]>([
    ["leads out of its folder", archive({ files: [file("../evil")], emptyFolders: [] })],
    ["leads out of a folder in it", archive({ files: [file("a/../../evil")], emptyFolders: [] })],
    ["makes a folder outside", archive({ files: [], emptyFolders: ["../evil"] })],
    ["has an absolute path", archive({ files: [file("/tmp/evil")], emptyFolders: [] })],
    ["has an empty part", archive({ files: [file("a//b")], emptyFolders: [] })],
    ["has itself as a part", archive({ files: [file("./a")], emptyFolders: [] })],
    ["has no path", archive({ files: [file("")], emptyFolders: [] })],
    ["has a path with U+0000", archive({ files: [file("a\u0000b")], emptyFolders: [] })],
    ["has a path that is no text", archive({ files: [{ ...file(""), path: 3 }], emptyFolders: [] })],
    ["has a path with half a character", archive('{"files":[],"emptyFolders":["\\ud800"]}')],
    ["has a path twice", archive({ files: [file("a"), file("a")], emptyFolders: [] })],
    ["has a file as a folder", archive({ files: [file("a"), file("a/b")], emptyFolders: [] })],
    ["has a file in an empty folder", archive({ files: [file("a/b")], emptyFolders: ["a"] })],
    ["has a negative size", archive({ files: [file("a", -1)], emptyFolders: [] })],
    [
      "has a size that is no number",
      archive('{"files":[{"path":"a","sizeBytes":1e999,"isExecutable":false}],"emptyFolders":[]}'),
    ],
    ["has no mode", archive({ files: [{ path: "a", sizeBytes: 0 }], emptyFolders: [] })],
    ["lists nothing", archive({})],
    ["has no object", archive("null")],
    ["has no JSON", archive("{")],
    ["has a manifest that is not UTF-8", Buffer.concat([archive('""').subarray(0, -1), Buffer.from([0xff])])],
    ["has no length", Buffer.from("memodag folder 1\nlong\n")],
    ["claims a huge manifest", Buffer.from("memodag folder 1\n9999999999\n{}")],
    ["ends in its manifest", archive({ files: [], emptyFolders: [] }).subarray(0, -3)],
    ["ends in a file", archive({ files: [file("a", 5)], emptyFolders: [] }, "1234")],
    ["goes on after its last file", archive({ files: [file("a", 5)], emptyFolders: [] }, "123456")],
    ["is none", Buffer.from("some other bytes, and more of them")],
  ])("%s, and nothing is written outside of it", async (_name, bytes) => {
    mkdirSync(join(root, "safe"));
    await expect(unpackFolder(piecesOf(bytes), join(root, "safe/out"))).rejects.toMatchObject({
      code: "entry_invalid",
    });
    expect(readdirSync(join(root, "safe")).filter((name) => name !== "out")).toEqual([]);
    expect(readdirSync(root)).toEqual(["safe"]);
    expect(existsSync("/tmp/evil")).toBe(false);
  });

  it("is there already: nothing in it is replaced, and no link in it is followed", async () => {
    write("in/x", "new");
    write("out/x", "old");
    await expect(unpackFolder(piecesOf(await bytesOf("in")), join(root, "out"))).rejects.toThrow(/EEXIST/);
    expect(contentsOf("out")).toEqual({ x: "old" });
  });

  it("is read no further than it is needed", async () => {
    let isClosed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (let piece: Uint8Array = archive({ files: [file("../x")], emptyFolders: [] }); ;) yield piece;
      } finally {
        isClosed = true;
      }
    }
    const opened = await openBytes(endless());
    await expect(unpackFolder(opened.chunks, join(root, "out"))).rejects.toThrow(/not one inside/);
    expect(isClosed).toBe(true);
  });
});
