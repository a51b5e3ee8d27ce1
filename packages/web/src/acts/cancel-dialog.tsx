// Cancels a run.

import type { ReactNode } from "react";
import { useAct } from "../data/use-act.ts";
import { ActDialog } from "./act-dialog.tsx";

/** The dialog. */
export function CancelDialog({
  name,
  onClose,
}: {
  readonly name: { readonly team: string; readonly dagId: string; readonly runId: string };
  readonly onClose: () => void;
}): ReactNode {
  const cancel = useAct("runs.cancel");
  return (
    <ActDialog
      title="Cancel the run"
      act="Cancel the run"
      look="danger"
      isPending={cancel.isPending}
      error={cancel.error}
      onAct={() => cancel.mutate(name, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>
        Attempts that run are ended and fail; tasks that have not started are skipped. Results that are stored
        stay.
      </p>
    </ActDialog>
  );
}
