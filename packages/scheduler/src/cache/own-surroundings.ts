// Surroundings of tasks that run in this process, as in tests: files and programs are not examined.

import {
  resolvedLocale,
  runtimeComponent,
  runtimeIdentity,
  type AttemptRuntime,
  type DagFileId,
  type RuntimeComponent,
  type SerializedTask,
  type Surroundings,
  type TaskSurroundings,
} from "@memodag/core";

/** Reports this process as the runtime. */
export class OwnSurroundings implements Surroundings {
  readonly runtime: AttemptRuntime;
  readonly #component: RuntimeComponent;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.runtime = { identity: runtimeIdentity(env), level: "exact" };
    this.#component = runtimeComponent(this.runtime.identity, "exact", resolvedLocale());
  }

  of(_file: DagFileId, { cache }: SerializedTask): TaskSurroundings {
    return cache?.files
      ? {
          kind: "unknown",
          reason: { code: "input_unreadable", detail: { what: "files are not examined here" } },
        }
      : { kind: "known", runtime: this.#component, files: null };
  }

  findPackageChange(): Promise<null> {
    return Promise.resolve(null);
  }
}
