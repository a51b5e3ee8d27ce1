// Clears a cache that the config names, after saying how much that removes.

import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Dialog } from "../controls/dialog.tsx";
import { Problem } from "../controls/problem.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { useAct } from "../data/use-act.ts";
import { useMay } from "../data/use-session.ts";
import { formatCount } from "../format/format.ts";

type Named = Pick<OutputOf<"caches.list">[number], "name" | "team" | "kind">;

/** The button with its dialog; nothing for those who must not. */
export function ClearButton({ cache }: { readonly cache: Named }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  if (!useMay("operator", cache.team)) return null;
  return (
    <>
      <Button look="quiet" aria-label={`Clear ${cache.name}`} onPress={() => setOpen(true)}>
        Clear…
      </Button>
      {isOpen && <ClearDialog cache={cache} onClose={() => setOpen(false)} />}
    </>
  );
}

function ClearDialog({
  cache: { name, team, kind },
  onClose,
}: {
  readonly cache: Named;
  readonly onClose: () => void;
}): ReactNode {
  const plan = useQuery({ ...read("caches.plan-clear", { name, team }), staleTime: 0 });
  const clear = useAct("caches.clear");
  return (
    <Dialog
      title={`Clear ${name}`}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{clear.isSuccess ? "Close" : "Cancel"}</Button>
          {!clear.isSuccess && (
            <Button
              look="danger"
              isDisabled={!plan.data || clear.isPending}
              onPress={() => clear.mutate({ name, team })}
            >
              Clear
            </Button>
          )}
        </>
      }
    >
      {plan.data && !clear.isSuccess && (
        <p>
          This removes {formatCount(plan.data.wouldClear)} {kind}. Tasks that need them make them again.
        </p>
      )}
      {clear.isSuccess && (
        <p role="status">
          Removed {formatCount(clear.data.cleared)} {kind}.
        </p>
      )}
      {plan.isError && <Problem error={plan.error} />}
      {clear.isError && <Problem error={clear.error} />}
    </Dialog>
  );
}
