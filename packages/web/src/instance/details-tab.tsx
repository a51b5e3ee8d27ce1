// What else is known of an instance.

import type { ReactNode } from "react";
import { Facts } from "../controls/facts.tsx";
import { Time } from "../controls/time.tsx";
import { formatDuration } from "../format/format.ts";
import type { TabProps } from "./instance-tab.ts";

/** The tab. */
export function DetailsTab({ instance }: TabProps): ReactNode {
  const { state, cacheStatus, cacheReason, cacheReasonCode, cacheKey, startedAt, endedAt } = instance;
  return (
    <Facts
      look="list"
      facts={[
        ["State", state],
        ["Cache", cacheStatus ?? "not asked"],
        ["Reason", cacheReason],
        ["Code of the reason", cacheReasonCode && <code>{cacheReasonCode}</code>],
        ["Key", cacheKey && <code>{cacheKey}</code>],
        ["Started", startedAt && <Time iso={startedAt} />],
        ["Ended", endedAt && <Time iso={endedAt} />],
        ["Took", instance.durationMs === null ? null : formatDuration(instance.durationMs)],
        ["Saved", instance.savedMs === null ? null : formatDuration(instance.savedMs)],
        ["Tries", instance.tryNumber],
        ["Ran on", instance.worker],
        ["Revision of the run", instance.revision],
      ]}
    />
  );
}
