// The calls of the file system that every command with Dags makes. `node:fs/promises` also loads what watches files and reads
// lines, which takes milliseconds.

import * as fs from "node:fs";
import { promisify } from "node:util";

export const close: typeof fs.close.__promisify__ = /* @__PURE__ */ promisify(fs.close);
export const fstat: typeof fs.fstat.__promisify__ = /* @__PURE__ */ promisify(fs.fstat);
export const open: typeof fs.open.__promisify__ = /* @__PURE__ */ promisify(fs.open);
export const readdir: typeof fs.readdir.__promisify__ = /* @__PURE__ */ promisify(fs.readdir);
export const readFile: typeof fs.readFile.__promisify__ = /* @__PURE__ */ promisify(fs.readFile);
export const realpath: (path: string) => Promise<string> = /* @__PURE__ */ promisify(fs.realpath.native);
export const stat: typeof fs.stat.__promisify__ = /* @__PURE__ */ promisify(fs.stat);
