// The thread on which large values are looked at.

import { parentPort, workerData } from "node:worker_threads";
import { isCanonicalJson } from "./canonical-json-check.ts";

parentPort?.postMessage((workerData as readonly Uint8Array[]).every(isCanonicalJson), []);
