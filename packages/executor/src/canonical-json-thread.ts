// The thread that verifies large values.

import { parentPort, workerData } from "node:worker_threads";
import { isCanonicalJson } from "./canonical-json-check.ts";

parentPort?.postMessage((workerData as readonly Uint8Array[]).every(isCanonicalJson), []);
