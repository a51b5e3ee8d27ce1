// Tracks what a cached handler's process reads, from before its code is loaded.

import type { RunOrder } from "../../protocol.ts";
import { isWatched, TRACE_VARIABLE, traceOf } from "../../worker-environment.ts";
import { BuiltinFunctions } from "./builtin-functions.ts";
import { watchEnvironment } from "./environment-view.ts";
import { watchFileFunctions } from "./file-functions.ts";
import { FileRules } from "./file-rules.ts";
import { watchModules } from "./loaded-modules.ts";
import type { Reason } from "@memodag/core";
import { NoticedInputs } from "./noticed-inputs.ts";
import { PackageFolders, type PackageFolder } from "./package-folders.ts";
import { workerFolder } from "./reader.ts";

/** The inputs noticed so far. */
export interface InputWatch {
  /** Returns why the result must not be stored, with undeclared inputs of other kinds, or `null`. */
  reasonWith(undeclared: readonly string[]): Reason | null;
  /** Lets the attempt read a file that belongs to memodag. */
  allow(path: string): void;
  /** Begins anew for another attempt in this process. What was noticed stays: such a process gets no other attempt. */
  forgetAttempt(): void;
  /** Lists packages of which a file was loaded or read. */
  listPackages(): PackageFolder[];
}

const UNWATCHED: InputWatch = {
  reasonWith: (undeclared) => new NoticedInputs().reasonWith(undeclared),
  allow: () => undefined,
  forgetAttempt: () => undefined,
  listPackages: () => [],
};

/** Starts before the artifact is loaded, because its handler may return what its top level reads. */
export function watchInputs(order: RunOrder, isNeeded: boolean = isWatched(order.attempt)): InputWatch {
  const { attempt, artifactPath, baseDir, bundleDir } = order;
  if (!isNeeded) return UNWATCHED;
  const { declaredEnv, declaredFiles = [], trust = [], inputs } = attempt;
  const noticed = new NoticedInputs();
  const packages = new PackageFolders(baseDir, [workerFolder]);
  const trace = traceOf(attempt);
  const environment = watchEnvironment(
    {
      variables: trace === undefined ? order.environment : { ...order.environment, [TRACE_VARIABLE]: trace },
      declared: declaredEnv ?? [],
      atLoad: inputs?.env ?? [],
      // Libraries may read it. What the author's code reads of it could be part of the result.
      ordinary: trace === undefined ? order.ordinaryEnv : [...order.ordinaryEnv, TRACE_VARIABLE],
      isChildTrusted: trust.includes("child_process"),
    },
    packages,
    noticed,
  );
  const isTrusted = trust.includes("file_reads");
  const files = new FileRules(
    { bundleDir, baseDir, artifactPath, declared: declaredFiles, atLoad: inputs?.files ?? [], isTrusted },
    packages,
    noticed,
  );
  const builtins = new BuiltinFunctions({ trust, environment, files, packages, noticed });
  watchFileFunctions(files);
  builtins.watchProcess();
  watchModules(files, packages, builtins);
  return {
    reasonWith(undeclared) {
      files.compareAgain();
      return noticed.reasonWith(undeclared);
    },
    allow: (path) => files.made(path),
    forgetAttempt: () => files.forgetAttempt(),
    listPackages: () => packages.list(),
  };
}
