// The processes of services that run. Implemented by the metastore.

/** Kinds of services. */
export const SERVICE_KINDS = ["scheduler", "dag-processor", "api-server", "worker-api"] as const;

/** See {@link SERVICE_KINDS}. */
export type ServiceKind = (typeof SERVICE_KINDS)[number];

/** A process that says that it runs. */
export interface NewServiceProcess {
  readonly id: string;
  readonly kind: ServiceKind;
  readonly host: string;
  readonly pid: number;
  /** Of memodag. */
  readonly version: string;
  /** Attempts that a scheduler runs at a time; `null` for other services. */
  readonly slots: number | null;
}

/** A process that has said that it runs. Times are milliseconds since the Unix epoch, by the database's clock. */
export interface ServiceProcess extends NewServiceProcess {
  readonly startedAt: number;
  readonly beatAt: number;
  /** Milliseconds since then, by the database's clock. */
  readonly silentMs: number;
}

/** See the file. */
export interface ProcessBoard {
  /** Notes that a process runs, and forgets those that have been silent for `forgetMs` milliseconds. */
  beat(process: NewServiceProcess, forgetMs: number): Promise<void>;
  /** Notes that it has ended. */
  remove(id: string): Promise<void>;
  /** By kind, and then by start. */
  list(): Promise<ServiceProcess[]>;
}
