// Makes a run with the params of another one, whose tasks all run and replace what the cache has.

import type { ReactNode } from "react";
import type { OutputOf } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import { ActDialog } from "./act-dialog.tsx";

/** Stands for a secret, which is not sent to browsers. */
const HIDDEN = /"\*\*\*"/;

/** The dialog. @param onMade called with the id of the new run */
export function RefreshDialog({
  run,
  onClose,
  onMade,
}: {
  readonly run: OutputOf<"runs.outline">;
  readonly onClose: () => void;
  readonly onMade: (runId: string) => void;
}): ReactNode {
  const trigger = useAct("dags.trigger");
  const { team, dagId, params, conf } = run;
  const isSecret = HIDDEN.test(JSON.stringify([params, conf]));
  return (
    <ActDialog
      title="New run that refreshes the cache"
      act="Trigger it"
      isDisabled={isSecret}
      isPending={trigger.isPending}
      error={trigger.error}
      onAct={() =>
        trigger.mutate(
          { team, dagId, params, conf, cacheMode: "refresh" },
          {
            onSuccess: ({ runId }) => {
              onClose();
              onMade(runId);
            },
          },
        )
      }
      onClose={onClose}
    >
      {isSecret ? (
        <p>This run has secret params, which browsers do not get. Trigger it where they are known.</p>
      ) : (
        <p>
          A new run of {dagId} with the same params: every task runs, and its result replaces that in the
          cache.
        </p>
      )}
    </ActDialog>
  );
}
