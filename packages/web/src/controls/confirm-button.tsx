// A button whose act is confirmed in a dialog.

import type { UseMutationResult } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Button } from "./button.tsx";
import { CommandHint } from "./command-hint.tsx";
import { Dialog } from "./dialog.tsx";
import { Problem } from "./problem.tsx";

/** The button. @param verb what it does, such as "Revoke" @param name of what it is done to @param command that does the same */
export function ConfirmButton<I>({
  verb,
  name,
  children,
  act,
  input,
  command,
}: {
  readonly verb: string;
  readonly name: string;
  /** The consequences. */
  readonly children: ReactNode;
  readonly act: UseMutationResult<unknown, Error, I>;
  readonly input: I;
  readonly command: string;
}): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button look="quiet" aria-label={`${verb} ${name}`} onPress={() => setOpen(true)}>
        {verb}…
      </Button>
      <Dialog
        title={`${verb} ${name}`}
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        actions={
          <>
            <Button onPress={() => setOpen(false)}>Cancel</Button>
            <Button
              look="danger"
              isDisabled={act.isPending}
              onPress={() => act.mutate(input, { onSuccess: () => setOpen(false) })}
            >
              {verb}
            </Button>
          </>
        }
      >
        {children}
        {act.isError && <Problem error={act.error} />}
        <CommandHint command={command} />
      </Dialog>
    </>
  );
}
