// All tables of the config file, in the order in which it is shown. Types, validation, `config/memodag.toml` and its JSON
// schema are derived from here.

import { apiGrants, apiOidc } from "./api-access-tables.ts";
import { api } from "./api-tables.ts";
import { caches, jobCache, taskCache } from "./cache-tables.ts";
import type { Key, Section } from "./key.ts";
import { bundles, pools, variables } from "./named-tables.ts";
import { dagRetention, retention } from "./retention-tables.ts";
import { scope, scopes } from "./scope-tables.ts";
import { core, dagProcessor, database, scheduler } from "./service-tables.ts";
import { signatures } from "./signature-table.ts";
import { stores } from "./store-table.ts";
import { telemetry } from "./telemetry-table.ts";
import { executor, worker, workerApi } from "./worker-tables.ts";

/** The sections of the config file. */
export const configSchema = {
  core,
  database,
  task_cache: taskCache,
  job_cache: jobCache,
  signatures,
  scope,
  retention,
  scheduler,
  executor,
  worker_api: workerApi,
  api,
  api_oidc: apiOidc,
  telemetry,
  worker,
  dag_processor: dagProcessor,
  dag_retention: dagRetention,
  stores,
  scopes,
  pools,
  variables,
  caches,
  bundles,
  api_grants: apiGrants,
};

type Schema = typeof configSchema;

type Flat<T> = { [Name in keyof T]: T[Name] };

type Table<K extends Readonly<Record<string, Key>>> = Flat<
  {
    [Name in keyof K as K[Name] extends Key<unknown, "unset"> ? never : Name]: ReadKey<K[Name]>;
  } & {
    [Name in keyof K as K[Name] extends Key<unknown, "unset"> ? Name : never]?: ReadKey<K[Name]> | undefined;
  }
>;

type ReadKey<K> = K extends Key<infer T> ? T : never;

type ReadSection<S> =
  S extends Section<infer K, infer L> ? (L extends true ? readonly Table<K>[] : Table<K>) : never;

/** A config with parsed values, by section and key as in the file. */
export type ParsedDocument = { readonly [Name in keyof Schema]: ReadSection<Schema[Name]> };
