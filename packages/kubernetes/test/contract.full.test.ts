// The scheduler's side keeps the contract; workers do not pull.

import { describeDispatchEngine } from "@memodag/remote-executor/testing";
import { describe, test } from "vitest";
import { ClusterRoom } from "./cluster-room.ts";

const harness = {
  async open() {
    const room = await ClusterRoom.open();
    return {
      openEngine: () => room.openEngine(),
      openFeed: async (...[plan, take]: Parameters<ClusterRoom["openNodes"]>) => room.openNodes(plan, take),
      flush: async () => room.server.flush(),
      dump: async () => JSON.stringify([...room.server.jobs.values(), ...room.server.pods.values()]),
      close: () => room.close(),
    };
  },
};

describeDispatchEngine("kubernetes", harness, { describe, test });
