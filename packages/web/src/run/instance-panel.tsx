// The chosen instance beside the rows of its run.

import { Link } from "@tanstack/react-router";
import { Suspense, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Icon } from "../controls/icon.tsx";
import type { InstanceTab } from "../instance/instance-tab.ts";
import { InstanceView } from "../instance/instance-view.tsx";
import type { RunParams } from "../instances/use-instances.ts";
import styles from "./run-page.module.css";
import type { ChangeSearch } from "./run-search.ts";

/** The panel. */
export function InstancePanel({
  params,
  taskId,
  mapIndex,
  tab,
  onChange,
}: {
  readonly params: RunParams;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tab: InstanceTab | undefined;
  readonly onChange: ChangeSearch;
}): ReactNode {
  const { team, dagId, runId } = params;
  return (
    <aside className={styles.panel} aria-label="Task instance">
      <div className={styles.panelHead}>
        <Link
          to="/teams/$team/dags/$dagId/runs/$runId/tasks/$taskId/$mapIndex"
          params={{ team, dagId, runId, taskId, mapIndex: String(mapIndex) }}
        >
          Page of its own
        </Link>
        <Button
          look="quiet"
          aria-label="Close the panel"
          onPress={() => onChange({ task: undefined, index: undefined, tab: undefined })}
        >
          <Icon name="close" />
        </Button>
      </div>
      <Suspense fallback={<p>Loading…</p>}>
        <InstanceView
          name={{ team, dagId, runId, taskId, mapIndex }}
          tab={tab}
          onTab={(chosen) => onChange({ tab: chosen })}
          onInstance={(index) => onChange({ index })}
        />
      </Suspense>
    </aside>
  );
}
