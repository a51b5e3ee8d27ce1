// The floors of byte stores: a map, cp, bare drivers of databases, plain SDKs.

import { constants, createReadStream } from "node:fs";
import { copyFile, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Storage } from "@google-cloud/storage";
import { sha256 } from "@memodag/core";
import type { GoogleStorageServer, S3Server } from "@memodag/test-servers";
import Database from "better-sqlite3";
import { Client } from "pg";
import type { PlainWay } from "./transfer.ts";

const PIECE_BYTES = 2 ** 20;

/** A copy in a map if its digest is right, and a copy of that. */
export function plainMap(): PlainWay {
  const kept = new Map<string, Uint8Array>();
  return {
    name: "a copy in a map",
    async save(name, { bytes, digest }) {
      if (sha256(bytes) !== digest) throw new Error("not these bytes");
      kept.set(name, new Uint8Array(bytes));
    },
    async load(name) {
      return new Uint8Array(kept.get(name) ?? []).length;
    },
    forget: async (name) => void kept.delete(name),
  };
}

/** A copy of the file, synced as those of the store are; read in a stream. */
export function plainFiles(folder: string): PlainWay {
  return {
    name: "cp and fsync",
    async save(name, { file }) {
      const path = join(folder, name);
      await copyFile(file, path, constants.COPYFILE_EXCL);
      const copy = await open(path, "r+");
      await copy.sync();
      await copy.close();
    },
    async load(name) {
      let sum = 0;
      for await (const piece of piecesOf(join(folder, name))) sum += piece.length;
      return sum;
    },
    forget: (name) => rm(join(folder, name)),
  };
}

/** Rows of 1 MiB, as the store has them: larger ones would need as much memory. */
export function plainSqlite(path: string): PlainWay & { close(): void } {
  const database = new Database(path);
  database.pragma("journal_mode = wal");
  database.pragma("synchronous = normal");
  database.exec("create table piece (name text, place integer, bytes blob, primary key (name, place))");
  const insert = database.prepare("insert into piece values (?, ?, ?)");
  const select = database.prepare("select bytes from piece where name = ? and place = ?");
  const remove = database.prepare("delete from piece where name = ?");
  return {
    name: "bare better-sqlite3",
    async save(name, { file }) {
      let place = 0;
      for await (const piece of piecesOf(file)) insert.run(name, (place += 1), piece);
    },
    async load(name) {
      let sum = 0;
      for (let place = 1; ; place += 1) {
        const row = select.get(name, place) as { bytes: Uint8Array } | undefined;
        if (!row) break;
        sum += row.bytes.length;
      }
      return sum;
    },
    forget: async (name) => void remove.run(name),
    close: () => void database.close(),
  };
}

/** The same on PostgreSQL. */
export async function plainPostgres(url: string): Promise<PlainWay & { close(): Promise<void> }> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(
    "create table bench_piece (name text, place integer, bytes bytea, primary key (name, place))",
  );
  return {
    name: "bare pg",
    async save(name, { file }) {
      let place = 0;
      for await (const piece of piecesOf(file)) {
        place += 1;
        const values = [name, place, piece];
        await client.query({ name: "insert", text: "insert into bench_piece values ($1, $2, $3)", values });
      }
    },
    async load(name) {
      let sum = 0;
      for (let place = 1; ; place += 1) {
        const text = "select bytes from bench_piece where name = $1 and place = $2";
        const { rows } = await client.query<{ bytes: Buffer }>({
          name: "select",
          text,
          values: [name, place],
        });
        if (!rows[0]) break;
        sum += rows[0].bytes.length;
      }
      return sum;
    },
    forget: async (name) => void (await client.query("delete from bench_piece where name = $1", [name])),
    close: () => client.end(),
  };
}

/** One request for each object. */
export function plainS3({ endpoint, bucket, accessKeyId, secretAccessKey }: S3Server): PlainWay {
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  return {
    name: "the plain SDK",
    async save(name, { file, bytes }) {
      const Body = createReadStream(file);
      const Key = `plain/${name}`;
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentLength: bytes.length }));
    },
    async load(name) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: `plain/${name}` }));
      return await lengthOf(Body as AsyncIterable<Uint8Array>);
    },
    forget: async (name) =>
      void (await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: `plain/${name}` }))),
  };
}

/** One request for each object. */
export function plainGcs({ endpoint, bucket }: GoogleStorageServer): PlainWay {
  const place = new Storage({ apiEndpoint: endpoint, projectId: "tests" }).bucket(bucket);
  return {
    name: "the plain SDK",
    save: async (name, { file }) =>
      void (await place.upload(file, { destination: `plain/${name}`, resumable: false })),
    load: async (name) => await lengthOf(place.file(`plain/${name}`).createReadStream()),
    forget: async (name) => void (await place.file(`plain/${name}`).delete()),
  };
}

async function lengthOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let sum = 0;
  for await (const chunk of chunks) sum += chunk.length;
  return sum;
}

async function* piecesOf(file: string): AsyncGenerator<Buffer> {
  const handle = await open(file, "r");
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
