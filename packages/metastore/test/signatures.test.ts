import { generateKeyPairSync, verify, type KeyObject } from "node:crypto";
import { sha256, silentLogger, systemClock, type Digest } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import {
  envelopeOf,
  RecordSigner,
  ResultCache,
  SignatureChecks,
  type CacheEntry,
  type SignatureMode,
} from "@memodag/result-cache";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";

const HOUR = 3_600_000;
const [own, other] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];

describe.each(TEST_DIALECTS)("signatures of records on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterEach(() => metastore.close());

  function cacheWith(
    keys: readonly KeyObject[],
    { mode = "on", privateKey }: { mode?: SignatureMode; privateKey?: KeyObject } = {},
  ): ResultCache {
    const { records, results } = metastore;
    const signer = privateKey && new RecordSigner({ privateKey, scheduler: "s", now: () => Date.now() });
    return new ResultCache({
      records,
      results,
      valueStore: null,
      keepsEntries: true,
      signatures: new SignatureChecks(keys, mode, { ...(signer && { signer }) }),
      ...(signer && { signer }),
      clock: systemClock,
      log: silentLogger,
      options: {
        lookupTimeoutMs: () => 20_000,
        storeTimeoutMs: () => 20_000,
        maxResultSize: () => 1_000,
        breakerThreshold: 3,
        breakerRestMs: 1,
      },
    });
  }

  const entryOf = (name: string, own_: object = {}): CacheEntry => {
    const { xcoms: _, ...record } = cacheRecord(name, own_);
    const bytes = Buffer.from(JSON.stringify(name));
    const xcoms = record.error === null ? [{ key: "return_value", digest: sha256(bytes), bytes }] : [];
    return { record, xcoms };
  };

  const ask = async (cache: ResultCache, key: Digest, ttlMs: number | null = null, team = "red") => {
    const outcome = await cache.openPass(team).ask([{ key, ttlMs, errorsTtlMs: null }]);
    const answer = outcome.kind === "answered" ? outcome.answers.get(key) : undefined;
    return answer?.kind === "miss" ? answer.reason : answer?.kind;
  };

  const askFailure = async (cache: ResultCache, key: Digest) => {
    const outcome = await cache.openPass("red").ask([{ key, ttlMs: null, errorsTtlMs: HOUR }]);
    const answer = outcome.kind === "answered" ? outcome.answers.get(key) : undefined;
    return answer?.kind === "miss" ? answer.reason : answer?.kind;
  };

  const signing = (mode: SignatureMode = "on") =>
    cacheWith([own.publicKey], { mode, privateKey: own.privateKey });

  const REMOVAL = { cache: "", scope: "run", key: "k", digest: null, sizeBytes: 0, store: null, ttlMs: null };

  test("are valid as stored, in a cache that never saw them too, and for other tools", async () => {
    const { record, xcoms } = entryOf("a", { validForMs: HOUR, entries: [REMOVAL] });
    expect(await signing().store({ record, xcoms, worker: "host:1" }, "keep-live")).toEqual({
      kind: "stored",
    });
    expect(await ask(cacheWith([own.publicKey], { mode: "strict" }), record.key)).toBe("hit");
    const [listed] = await metastore.records.list({ key: record.key }, { limit: 1, offset: 0 });
    expect(new SignatureChecks([own.publicKey], "on").check(listed!)).toBe("right");
    const { payloadType, payload, signatures } = envelopeOf(listed!)!;
    const statement = Buffer.from(payload, "base64");
    const signed = Buffer.from(
      `DSSEv1 ${payloadType.length} ${payloadType} ${statement.length} ${statement}`,
    );
    expect(verify(null, signed, own.publicKey, Buffer.from(signatures[0]!.sig, "base64"))).toBe(true);
    expect(JSON.parse(String(statement))).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "return_value", digest: { sha256: xcoms[0]!.digest } }],
      predicate: { team: "red", cacheKey: record.key, worker: "host:1", scheduler: "s", validForMs: HOUR },
    });
  });

  test("of a failure cover it, with characters that databases replace", async () => {
    const failure = entryOf("f", { error: { code: "task_failed", message: "a\u0000b \ud800" } });
    await signing().store(failure, "keep-live");
    expect(await askFailure(cacheWith([own.publicKey], { mode: "strict" }), failure.record.key)).toBe(
      "failure",
    );
    await metastore.execute("update cache_record set error_message = 'else'");
    expect(await askFailure(signing(), failure.record.key)).toBe("signature_invalid");
  });

  // Every column of the table: those that decide about a hit, and those of the origin, which listings show.
  const OF_LOOKUPS: readonly (readonly [column: string, value: string])[] = [
    ["team", "'blue'"],
    ["key", `'${sha256("another key")}'`],
    ["xcoms", "replace(xcoms, 'return_value', 'another')"],
    ["xcoms", `(select xcoms from cache_record where key = '${sha256("b")}')`],
    ["entries", "null"],
    ["entries", `'[]'`],
    ["valid_for_ms", "null"],
    ["valid_for_ms", "valid_for_ms * 100"],
    ["producer_run_id", "'another run'"],
    ["producer_map_index", "7"],
    ["producer_try_number", "7"],
    ["duration_ms", "7"],
    ["signature", "'{}'"],
    ["signature", `(select signature from cache_record where key = '${sha256("b")}')`],
    ["signature", `replace(signature, '"signedAt":1', '"signedAt":9')`],
  ];
  const OF_ORIGIN: readonly (readonly [column: string, value: string])[] = [
    ["dag_id", "'another'"],
    ["task_id", "'another'"],
    ["source_hash", "'another'"],
    ["components", `replace(components, '"inputs":{', '"inputs":{"x":"y",')`],
  ];

  test("do not survive a change of any column that decides about a hit", async () => {
    const [a, b] = [entryOf("a", { validForMs: HOUR, entries: [REMOVAL] }), entryOf("b")];
    for (const [column, value] of OF_LOOKUPS) {
      const cache = signing();
      for (const entry of [a, b]) await cache.store(entry, "replace");
      // Verified once: what is remembered must not cover the changed record.
      expect(await ask(cache, a.record.key)).toBe("hit");
      await metastore.execute(
        `delete from cache_record_result; update cache_record set ${column} = ${value} where key = '${a.record.key}'`,
      );
      const [team, key] = [
        column === "team" ? "blue" : "red",
        column === "key" ? sha256("another key") : a.record.key,
      ];
      for (const reader of [cache, cacheWith([own.publicKey], { mode: "strict" })])
        expect([column, value, await ask(reader, key, null, team)]).toEqual([
          column,
          value,
          "signature_invalid",
        ]);
      await metastore.execute("delete from cache_record");
    }
  });

  // No scheduler writes these, and no statement can be made of them.
  const WRONG_ORIGINS: readonly unknown[] = [null, {}, { signedAt: 1 }];
  const WRONG_FIELDS: readonly object[] = [
    { dagId: 7 },
    { sourceHash: null },
    { runtime: { node: 1 } },
    { runtime: { node: "\ud800" } },
    { runtime: "x" },
    { scope: 5 },
    { worker: [] },
    { signedAt: "1" },
  ];

  test("of which no statement can be made refuse their own records, and none beside them", async () => {
    const [a, b] = [entryOf("a"), entryOf("b")];
    for (const wrong of [...WRONG_ORIGINS, ...WRONG_FIELDS]) {
      for (const entry of [a, b]) await signing().store(entry, "replace");
      const [record] = await metastore.records.list({ key: a.record.key }, { limit: 1, offset: 0 });
      const signed = JSON.parse(record!.signature!) as { origin: object };
      const origin = WRONG_ORIGINS.includes(wrong) ? wrong : { ...signed.origin, ...(wrong as object) };
      const text = JSON.stringify({ ...signed, origin });
      await metastore.execute(
        `update cache_record set signature = '${text.replaceAll("'", "''")}' where key = '${a.record.key}'`,
      );
      const asks = [a, b].map(({ record: { key } }) => ({ key, ttlMs: null, errorsTtlMs: null }));
      const outcome = await cacheWith([own.publicKey]).openPass("red").ask(asks);
      const answers = outcome.kind === "answered" ? asks.map(({ key }) => outcome.answers.get(key)) : outcome;
      expect([wrong, answers]).toMatchObject([wrong, [{ reason: "signature_invalid" }, { kind: "hit" }]]);
      const [listed] = await metastore.records.list({ key: a.record.key }, { limit: 1, offset: 0 });
      expect(new SignatureChecks([own.publicKey], "on").check(listed!)).toBe("wrong");
      await metastore.execute("delete from cache_record");
    }
  });

  test("do not fit a record that was moved to another scope", async () => {
    const { privateKey, publicKey } = own;
    const signer = new RecordSigner({ privateKey, scheduler: "s", scope: "ci", now: () => Date.now() });
    const { xcoms, ...entry } = entryOf("a");
    const sized = xcoms.map(({ key, digest, bytes }) => ({ key, digest, sizeBytes: bytes.length }));
    const record = { ...entry.record, xcoms: sized };
    await metastore.results.write("red", xcoms);
    const ci = { own: "ci", reads: [], owns: [] };
    await metastore.openRecords(ci).put({ ...record, signature: signer.sign(record, null) }, "replace");
    const [listed] = await metastore.openRecords(ci).list({}, { limit: 1, offset: 0 });
    expect(new SignatureChecks([publicKey], "on").check(listed!)).toBe("right");
    const moved = `update cache_record set scope = 'default', key = '${record.key}'`;
    await metastore.execute(`delete from cache_record_result; ${moved}`);
    expect(await ask(cacheWith([publicKey]), record.key)).toBe("signature_invalid");
  });

  test("show a change of the origin, which no hit returns", async () => {
    for (const [column, value] of OF_ORIGIN) {
      await signing().store(entryOf("a"), "replace");
      await metastore.execute(`update cache_record set ${column} = ${value}`);
      const [listed] = await metastore.records.list({}, { limit: 1, offset: 0 });
      expect([column, new SignatureChecks([own.publicKey], "on").check(listed!)]).toEqual([column, "wrong"]);
    }
  });

  test("keep a later time of creation from extending the life of a record", async () => {
    const { record, xcoms } = entryOf("a", { validForMs: HOUR });
    const now = () => Date.now() - 2 * HOUR;
    const { records, results } = metastore;
    const signature = new RecordSigner({ privateKey: own.privateKey, scheduler: "s", now }).sign(
      { ...record, xcoms: xcoms.map(({ key, digest, bytes }) => ({ key, digest, sizeBytes: bytes.length })) },
      null,
    );
    await results.write("red", xcoms);
    const recorded = xcoms.map(({ key, digest, bytes }) => ({ key, digest, sizeBytes: bytes.length }));
    await records.put({ ...record, xcoms: recorded, signature }, "replace");
    expect(await ask(signing(), record.key)).toBe("expired");
  });

  test("of bytes that a worker exchanged for those of another result are no hit", async () => {
    const [a, b] = [entryOf("a"), entryOf("b")];
    for (const entry of [a, b]) await signing().store(entry, "replace");
    const [of, by] = [a.xcoms[0]!.digest, b.xcoms[0]!.digest];
    await metastore.execute(
      `update result set bytes = (select bytes from result where digest = '${by}') where digest = '${of}'`,
    );
    expect(await ask(signing(), a.record.key)).toBe("integrity_failed");
  });

  test("are asked for by mode: off takes all, on takes those without, strict neither", async () => {
    const [unsigned, foreign] = [entryOf("unsigned"), entryOf("foreign")];
    await cacheWith([own.publicKey]).store(unsigned, "replace");
    await cacheWith([other.publicKey], { privateKey: other.privateKey }).store(foreign, "replace");
    expect(await ask(cacheWith([own.publicKey]), unsigned.record.key)).toBe("hit");
    expect(await ask(cacheWith([own.publicKey]), foreign.record.key)).toBe("signer_unknown");
    const strict = cacheWith([own.publicKey], { mode: "strict" });
    expect(await ask(strict, unsigned.record.key)).toBe("unsigned");
    expect(await ask(strict, foreign.record.key)).toBe("signer_unknown");
    // The result of the run that the miss makes takes its place.
    await signing("strict").store(unsigned, "replace");
    expect(await ask(strict, unsigned.record.key)).toBe("hit");
  });

  test("of an earlier key hold as long as its public half is listed", async () => {
    const { record, xcoms } = entryOf("a");
    await cacheWith([other.publicKey], { privateKey: other.privateKey }).store({ record, xcoms }, "replace");
    const rotated = cacheWith([own.publicKey, other.publicKey], {
      mode: "strict",
      privateKey: own.privateKey,
    });
    expect(await ask(rotated, record.key)).toBe("hit");
    expect(await ask(signing("strict"), record.key)).toBe("signer_unknown");
  });
});
