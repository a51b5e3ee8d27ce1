// Turns caching off or on for all schedulers. Turning it off takes a reason, which others are shown.

import { useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { CommandHint } from "../controls/command-hint.tsx";
import { quoted } from "../format/quoted.ts";
import { Dialog } from "../controls/dialog.tsx";
import { Problem } from "../controls/problem.tsx";
import { TextField } from "../controls/text-field.tsx";
import { useAct } from "../data/use-act.ts";

/** The dialog. @param toOn true: it turns the cache on */
export function SwitchDialog({
  toOn,
  onClose,
}: {
  readonly toOn: boolean;
  readonly onClose: () => void;
}): ReactNode {
  const [reason, setReason] = useState("");
  const turn = useAct("cache.switch");
  const said = reason.trim();
  const option = said === "" ? "" : ` --reason ${quoted(said)}`;
  return (
    <Dialog
      title={toOn ? "Turn the cache on" : "Turn the cache off"}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button
            look={toOn ? "primary" : "danger"}
            isDisabled={turn.isPending || (!toOn && said === "")}
            onPress={() =>
              turn.mutate(
                { isEnabled: toOn, ...(said !== "" && { reason: said }) },
                { onSuccess: ({ otherOffReason }) => otherOffReason === null && onClose() },
              )
            }
          >
            {toOn ? "Turn on" : "Turn off"}
          </Button>
        </>
      }
    >
      {toOn ? (
        <p>
          Schedulers use the cache again within a second. Entries from before are hit as if nothing had
          happened.
        </p>
      ) : (
        <p>
          Every task runs, in every scheduler and for every team, within a second. Nothing is looked up and
          nothing is stored. Entries stay, and are hit again when the cache is turned on.
        </p>
      )}
      <TextField
        label={toOn ? "Why (for those who ask later)" : "Why (required: others are shown this)"}
        value={reason}
        onChange={setReason}
      />
      {turn.data?.otherOffReason && (
        <p role="status">It stays off all the same: {turn.data.otherOffReason}</p>
      )}
      {turn.isError && <Problem error={turn.error} />}
      <CommandHint command={`cache ${toOn ? "enable" : "disable"}${option}`} />
    </Dialog>
  );
}
