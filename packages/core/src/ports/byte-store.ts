// Stores bytes of any size under opaque names. Implemented for memory, folders, databases and object
// stores.

import type { Digest } from "../digest.ts";

/** Bytes to store: whole, as a stream, or in a file of this machine. A stream is read once. */
export type ByteBody = Uint8Array | ReadableStream<Uint8Array> | { readonly file: string };

/** Expected size and digest of a body. A store rejects a body that differs. */
export interface ByteCheck {
  readonly sizeBytes: number;
  readonly sha256: Digest;
  /** In hexadecimal, where it is known: object stores that check no sha256 check this. */
  readonly md5?: string;
}

/** Metadata of stored bytes. */
export interface ByteStat {
  readonly sizeBytes: number;
  /** Milliseconds since they were last written, by the store's clock; absent where a store does not know. */
  readonly ageMs?: number;
}

/** Bytes in a listing. */
export interface ListedBytes extends Required<ByteStat> {
  readonly team: string;
  readonly name: string;
}

/** Permission to read or write exactly these bytes, without the store's credentials. */
export type ByteGrant =
  | { readonly kind: "file"; readonly path: string }
  | {
      readonly kind: "http";
      readonly method: "GET" | "PUT";
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly validForMs: number;
    };

/** Options of a call to a byte store. */
export interface ByteCallOptions {
  /** Aborts the work of the call, not only the wait for it. */
  readonly signal?: AbortSignal;
}

/**
 * Stores bytes by name, separately for each team, until they are deleted. Names are 64 lower-case
 * hexadecimal digits, so implementations need not escape them. Writes are atomic: an incomplete or wrong
 * body leaves nothing behind. The contract is exported as tests by `@memodag/result-cache/testing`.
 *
 * Any method may reject. A rejection never counts as a failure of a task.
 */
export interface ByteStore {
  /**
   * Reads the bytes with a name; undefined if there are none. The stream fails if they are damaged or
   * removed.
   */
  read(
    team: string,
    name: string,
    options?: ByteCallOptions,
  ): Promise<ReadableStream<Uint8Array> | undefined>;
  /**
   * Stores bytes, replacing existing ones. If they are identical, a store may keep them and reset their
   * age.
   * @throws MemodagError `bytes_refused` for a body of another size or digest
   */
  write(
    team: string,
    name: string,
    body: ByteBody,
    check: ByteCheck,
    options?: ByteCallOptions,
  ): Promise<void>;
  /** Returns those of the names that exist, without reading the bytes. */
  stat(team: string, names: readonly string[], options?: ByteCallOptions): Promise<Map<string, ByteStat>>;
  /** Deleting a missing name is not an error. */
  delete(team: string, names: readonly string[]): Promise<void>;
  /**
   * Lists everything in any order, for garbage collection and verification. Concurrent writes may be
   * missing.
   */
  list?(): AsyncIterable<ListedBytes>;
  /** Grants read or write access; undefined if the store cannot grant it for these bytes. */
  grant?(
    team: string,
    name: string,
    use: "read" | "write",
    check?: ByteCheck,
  ): Promise<ByteGrant | undefined>;
  /** Called once, when there are no more calls. */
  close(): Promise<void>;
}
