// Makes a token for a program.

import type { ApiRole } from "@memodag/core";
import { useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Dialog } from "../controls/dialog.tsx";
import { MadeToken } from "../controls/made-token.tsx";
import { Problem } from "../controls/problem.tsx";
import { Select } from "../controls/select.tsx";
import { TextField } from "../controls/text-field.tsx";
import { useAct } from "../data/use-act.ts";
import { useSession } from "../data/use-session.ts";

const ROLES: readonly { readonly id: ApiRole; readonly text: string }[] = [
  { id: "viewer", text: "viewer: reads" },
  { id: "operator", text: "operator: and triggers, clears, purges" },
  { id: "admin", text: "admin: everything" },
];

const DAY_MS = 86_400_000;
const DAYS = ["7", "30", "90", "366"] as const;

/** The dialog. */
export function MakeTokenDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const make = useAct("tokens.make");
  const { teams } = useSession();
  const [name, setName] = useState("");
  const [role, setRole] = useState<string>("viewer");
  const [team, setTeam] = useState("");
  const [days, setDays] = useState("90");
  const [values, setValues] = useState("shown");
  return (
    <Dialog
      title="Make a token"
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{make.isSuccess ? "Close" : "Cancel"}</Button>
          {!make.isSuccess && (
            <Button
              look="primary"
              isDisabled={name.trim() === "" || make.isPending}
              onPress={() =>
                make.mutate({
                  name: name.trim(),
                  role: role as ApiRole,
                  ...(team !== "" && { team }),
                  hasValues: values === "shown",
                  validForMs: Number(days) * DAY_MS,
                })
              }
            >
              Make
            </Button>
          )}
        </>
      }
    >
      {make.isSuccess ? (
        <MadeToken token={make.data.token} />
      ) : (
        <>
          <TextField label="Name" hint="Of the program that will use it" value={name} onChange={setName} />
          <Select label="Role" options={ROLES} value={role} onChange={setRole} />
          <Select
            label="Team"
            options={[{ id: "", text: "all teams" }, ...teams.map((id) => ({ id, text: id }))]}
            value={team}
            onChange={setTeam}
          />
          <Select
            label="Params, results, keys and logs"
            options={[
              { id: "shown", text: "shown" },
              { id: "withheld", text: "withheld" },
            ]}
            value={values}
            onChange={setValues}
          />
          <Select
            label="Valid for"
            options={DAYS.map((id) => ({ id, text: `${id} days` }))}
            value={days}
            onChange={setDays}
          />
        </>
      )}
      {make.isError && <Problem error={make.error} />}
    </Dialog>
  );
}
