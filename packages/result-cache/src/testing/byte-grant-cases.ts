// The contract of byte stores: what can be done with a grant, and nothing more.

import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { sha256, type ByteCheck, type ByteGrant, type ByteStore } from "@memodag/core";
import { collectBytes } from "../bytes/checked-body.ts";
import type { OpenByteStore, RegisterCase, TestRunner } from "./store-harness.ts";

type HttpGrant = Extract<ByteGrant, { kind: "http" }>;

const TEAM = "ml";
const NAME = sha256("name of what is granted");
const OTHER = sha256("name of something else");

/** Registers the cases of grants; a store that grants nothing passes them. */
export function describeGrants(runner: TestRunner, check: RegisterCase<OpenByteStore>): void {
  runner.describe("grants", () => {
    check("a grant reads what is there", async ({ store }) => {
      const bytes = bytesOf("to read");
      await store.write(TEAM, NAME, bytes, checkOf(bytes));
      const grant = await store.grant?.(TEAM, NAME, "read");
      if (grant) equal(Buffer.from(await readBy(grant)).toString(), "to read");
    });

    check("a grant writes what it was given for", async ({ store }) => {
      for (const text of ["to write", ""]) {
        const bytes = bytesOf(text);
        const grant = await writeGrantOf(store, bytes);
        if (!grant) return;
        equal((await send(grant, bytes)).ok, true);
        const stream = await store.read(TEAM, NAME);
        equal(stream && Buffer.from(await collectBytes(stream)).toString(), text);
      }
    });

    check("a grant writes nothing else", async ({ store, grantsCheck }) => {
      const bytes = bytesOf("to write");
      const grant = await writeGrantOf(store, bytes);
      if (!grant || grantsCheck === "nothing") return;
      if (grantsCheck === undefined) equal((await send(grant, bytesOf("TO WRITE"))).ok, false);
      equal((await send(grant, bytesOf("to write and more"))).ok, false);
      const elsewhere = { ...grant, url: grant.url.replace(NAME, OTHER) };
      notEqual(elsewhere.url, grant.url);
      equal((await send(elsewhere, bytes)).ok, false);
      if (grantsCheck === undefined) equal(await store.read(TEAM, NAME), undefined);
      equal(await store.read(TEAM, OTHER), undefined);
    });

    check("what was written by a grant and never stored is deleted with its name", async ({ store }) => {
      const grant = await store.grant?.(TEAM, NAME, "write", checkOf(bytesOf("written")));
      if (grant?.kind !== "file") return;
      await writeFile(grant.path, "half");
      await store.delete(TEAM, [NAME]);
      await rejects(readFile(grant.path), { code: "ENOENT" });
    });

    check("a grant for reading reads nothing else", async ({ store, grantsCheck }) => {
      for (const name of [NAME, OTHER]) await store.write(TEAM, name, bytesOf(name), checkOf(bytesOf(name)));
      const grant = await store.grant?.(TEAM, NAME, "read");
      if (grant?.kind !== "http" || grantsCheck === "nothing") return;
      equal((await fetch(grant.url.replace(NAME, OTHER))).ok, false);
      equal((await fetch(grant.url, { method: "DELETE" })).ok, false);
      deepEqual([...(await store.stat(TEAM, [NAME])).keys()], [NAME]);
    });
  });
}

async function writeGrantOf(store: ByteStore, bytes: Uint8Array): Promise<HttpGrant | undefined> {
  const grant = await store.grant?.(TEAM, NAME, "write", checkOf(bytes));
  return grant?.kind === "http" ? grant : undefined;
}

async function readBy(grant: ByteGrant): Promise<Uint8Array> {
  if (grant.kind === "file") return await readFile(grant.path);
  const answer = await fetch(grant.url, { headers: grant.headers });
  equal(answer.status, 200);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Sends the bytes with their own length, whatever the grant says. */
async function send({ url, method, headers }: HttpGrant, body: Uint8Array): Promise<Response> {
  const { "content-length": _, ...rest } = headers;
  return await fetch(url, { method, headers: rest, body: body as Uint8Array<ArrayBuffer> });
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function checkOf(bytes: Uint8Array): ByteCheck {
  const md5 = createHash("md5").update(bytes).digest("hex");
  return { sizeBytes: bytes.length, sha256: sha256(bytes), md5 };
}
