// The engine in memory keeps the contract that it is a stand-in for.

import { describe, test } from "vitest";
import { describeAttemptFeed, describeDispatchEngine, MemoryEngine } from "../../src/testing/index.ts";

const harness = {
  async open() {
    const engine = new MemoryEngine();
    return {
      openEngine: async () => engine,
      openFeed: engine.openFeed.bind(engine),
      flush: engine.flush.bind(engine),
      dump: engine.dump.bind(engine),
      close: engine.close.bind(engine),
    };
  },
};

describeDispatchEngine("memory", harness, { describe, test });
describeAttemptFeed("memory", harness, { describe, test });
