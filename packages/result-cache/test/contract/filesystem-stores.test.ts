import { describe, test } from "vitest";
import { FilesystemRecordStore, FilesystemResultStore } from "../../src/index.ts";
import { describeRecordStore, describeResultStore } from "../../src/testing/index.ts";
import { FakeClock } from "../fake-clock.ts";
import { makeScratchFolder } from "../filesystem/scratch-folder.ts";

const runner = { describe, test };

describeRecordStore(
  "filesystem",
  {
    async open() {
      const clock = new FakeClock();
      const folder = await makeScratchFolder();
      return {
        store: new FilesystemRecordStore(folder.path, clock),
        passTime: async (ms) => clock.advance(ms),
        close: () => folder.remove(),
      };
    },
  },
  runner,
);

describeResultStore(
  "filesystem",
  {
    async open() {
      const folder = await makeScratchFolder();
      return {
        store: new FilesystemResultStore(folder.path, new FakeClock()),
        close: () => folder.remove(),
      };
    },
  },
  runner,
);
