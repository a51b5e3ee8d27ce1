// [[stores]]: the stores that others name.

import { list, requiredKey, unsetKey } from "./key.ts";
import { ENDPOINT, FILE, FOLDER, NAME, REDIS_URL, STORE_KIND, STRING } from "./named-values.ts";
import { choice, stringOrTable } from "./value-types.ts";

export const stores = list(
  "Stores, by name. [task_cache] result_store, [core] task_cache_backend and [job_cache] store can name one, and so can [task_cache] lock_store and tasks: cache: { keyStorage, resultStorage, lock: { store } }.",
  {
    name: requiredKey(NAME, {
      description:
        "Unique name of the store, for [task_cache] result_store, for keyStorage of a task and others.",
      example: "bucket",
    }),
    kind: requiredKey(STORE_KIND, {
      description:
        "Where the bytes are. s3, gcs and redis need the packages @memodag/s3, @memodag/gcs and @memodag/redis; a module specifier names a module that exports openByteStore.",
      example: "s3",
    }),
    team: unsetKey(NAME, {
      description:
        "Team whose tasks may name the store as keyStorage and resultStorage. If unset, tasks of every team may.",
      example: "ml",
    }),
    path: unsetKey(FOLDER, {
      description: "Folder of a store of kind filesystem, which all machines must share.",
      example: "/srv/memodag",
    }),
    url: unsetKey(REDIS_URL, {
      description: "Kind redis: URL of Redis or Valkey.",
      example: "redis://localhost:6379",
    }),
    url_file: unsetKey(FILE, {
      description: "File that contains `url`, an alternative to it.",
      example: "/run/secrets/redis-url",
    }),
    bucket: unsetKey(STRING, { description: "Bucket of kinds s3 and gcs.", example: "acme-memodag" }),
    prefix: unsetKey(STRING, {
      description:
        "Kinds s3, gcs and redis: prefix of the names of all objects, so that the bucket or the server can be shared.",
      example: "memodag/prod",
    }),
    region: unsetKey(STRING, { description: "Kind s3: region of the bucket.", example: "eu-central-1" }),
    endpoint: unsetKey(ENDPOINT, {
      description: "Kinds s3 and gcs: URL of a compatible service, instead of AWS or Google Cloud Storage.",
      example: "https://s3.example.com",
    }),
    checksums: unsetKey(choice("md5", "sha256", "none"), {
      description: "Kind s3: checksum that uploads are signed with, beside their digest. If unset, md5.",
      example: "sha256",
    }),
    credentials_file: unsetKey(FILE, {
      description:
        "Kinds s3 and gcs: file with credentials, in the format of the tools of AWS or the JSON of Google. If unset, the usual places are searched.",
      example: "/run/secrets/memodag-bucket",
    }),
    profile: unsetKey(STRING, {
      description: "Kind s3: profile in the credentials file. If unset, default.",
      example: "memodag",
    }),
    options: unsetKey(stringOrTable, {
      description:
        "Options passed to a store named by module specifier: a string, or a table. The schema that its module exports checks them.",
      example: "/mnt/results",
    }),
  },
);
