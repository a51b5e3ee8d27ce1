// How a running task saves and loads entries: the requests of its worker, and the replies. A worker has
// neither a database nor credentials of a store: large bytes go by grants.

import type { Digest } from "../digest.ts";
import type { EntryRef } from "../entry.ts";
import type { ByteGrant } from "./byte-store.ts";

/** A request to save bytes under a key. Small bytes come along. */
export interface SaveRequest {
  readonly op: "save";
  readonly cache: string;
  readonly key: string;
  readonly digest: Digest;
  /** MD5 of the bytes in hexadecimal, which object stores check uploads by. */
  readonly md5: string;
  readonly sizeBytes: number;
  readonly isNow: boolean;
  readonly ifAbsent: boolean;
  /** Milliseconds; `null`: as long as its scope. Absent: the cache's default. */
  readonly ttlMs?: number | null;
}

/** A request of a running task about entries. */
export type EntryRequest =
  | SaveRequest
  /** The bytes of an upload are written. */
  | { readonly op: "uploaded"; readonly upload: string }
  /** `wantsBytes`: also the bytes, or a grant to read them. */
  | { readonly op: "find"; readonly cache: string; readonly key: string; readonly wantsBytes: boolean }
  /** The bytes of a reference, whatever its key names now. */
  | { readonly op: "open"; readonly ref: EntryRef }
  | {
      readonly op: "list";
      readonly cache: string;
      readonly prefix: string;
      readonly isDeep: boolean;
      readonly after: string | null;
    }
  | { readonly op: "groups"; readonly cache: string; readonly prefix: string }
  | { readonly op: "remove"; readonly cache: string; readonly key: string };

/** The reply to an {@link EntryRequest}. */
export type EntryReply =
  | { readonly kind: "saved" }
  /** The key of a save with `ifAbsent` is there. */
  | { readonly kind: "present" }
  /** The bytes are needed: repeat the request with them. */
  | { readonly kind: "send" }
  /** Write the bytes by the grant, and then say so. */
  | { readonly kind: "upload"; readonly upload: string; readonly grant: ByteGrant }
  | { readonly kind: "absent" }
  /** With the bytes if they are small or there is no grant. */
  | { readonly kind: "entry"; readonly ref: EntryRef; readonly grant: ByteGrant | null }
  /** The bytes are gone from the store. */
  | { readonly kind: "lost"; readonly ref: EntryRef; readonly store: string | null }
  | { readonly kind: "entries"; readonly refs: readonly EntryRef[]; readonly isLast: boolean }
  | { readonly kind: "groups"; readonly names: readonly string[] }
  | { readonly kind: "removed"; readonly was: boolean };

/** Entries in one reply, at most. */
export const ENTRIES_A_REPLY = 1_000;

/** A reply, with bytes beside its JSON. */
export interface EntryAnswer {
  readonly reply: EntryReply;
  readonly bytes: Uint8Array | null;
}
