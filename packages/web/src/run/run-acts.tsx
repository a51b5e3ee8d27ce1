// What can be done to a run: clear, cancel, run all of it anew, compare.

import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { CancelDialog } from "../acts/cancel-dialog.tsx";
import { ClearDialog } from "../acts/clear-dialog.tsx";
import { RefreshDialog } from "../acts/refresh-dialog.tsx";
import { Button } from "../controls/button.tsx";
import { MenuButton } from "../controls/menu.tsx";
import { useMay } from "../data/use-session.ts";
import type { Outline } from "./run-facts.tsx";

type Act = "clear" | "cancel" | "refresh";

/** The buttons; those that change something for operators alone. */
export function RunActs({ outline }: { readonly outline: Outline }): ReactNode {
  const { team, dagId, runId, previousRunId, endedAt, failed } = outline;
  const may = useMay("operator", team);
  const [act, setAct] = useState<Act>();
  const navigate = useNavigate();
  const close = (): void => setAct(undefined);
  const name = { team, dagId, runId };
  return (
    <>
      {previousRunId !== null && (
        <Link
          to="/teams/$team/dags/$dagId/compare"
          params={{ team, dagId }}
          search={{ before: previousRunId, after: runId }}
        >
          Compare with the run before
        </Link>
      )}
      {may && (
        <>
          {endedAt === null && (
            <Button look="danger" onPress={() => setAct("cancel")}>
              Cancel
            </Button>
          )}
          <MenuButton
            look="plain"
            entries={[
              { id: "clear", text: "Clear what failed", isDisabled: failed === 0 },
              { id: "refresh", text: "New run that refreshes the cache" },
            ]}
            onChoose={(id) => setAct(id as Act)}
          >
            Run again
          </MenuButton>
          {act === "clear" && <ClearDialog name={name} onClose={close} />}
          {act === "cancel" && <CancelDialog name={name} onClose={close} />}
          {act === "refresh" && (
            <RefreshDialog
              run={outline}
              onClose={close}
              onMade={(made) =>
                void navigate({
                  to: "/teams/$team/dags/$dagId/runs/$runId",
                  params: { team, dagId, runId: made },
                })
              }
            />
          )}
        </>
      )}
    </>
  );
}
