// What operators do with a Dag: pausing its schedule, and triggering a run.

import { lazy, Suspense, useCallback, useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Icon } from "../controls/icon.tsx";
import { Problem } from "../controls/problem.tsx";
import type { OutputOf } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import { useShortcut } from "../shortcuts/use-shortcut.ts";

const LazyDialog = lazy(async () => ({
  default: (await import("./trigger/trigger-dialog.tsx")).TriggerDialog,
}));

/** The buttons. */
export function DagActions({ dag }: { readonly dag: OutputOf<"dags.show"> }): ReactNode {
  const { team, dagId, isPaused } = dag;
  const pause = useAct("dags.pause");
  const [isOpen, setOpen] = useState(false);
  useShortcut(
    "dag.trigger",
    useCallback(() => setOpen(true), []),
  );
  return (
    <>
      {pause.error && <Problem error={pause.error} />}
      <Button isDisabled={pause.isPending} onPress={() => pause.mutate({ team, dagId, isPaused: !isPaused })}>
        <Icon name={isPaused ? "play" : "pause"} />
        {isPaused ? "Resume" : "Pause"}
      </Button>
      <Button look="primary" onPress={() => setOpen(true)}>
        <Icon name="play" />
        Trigger
      </Button>
      {isOpen && (
        <Suspense>
          <LazyDialog dag={dag} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
