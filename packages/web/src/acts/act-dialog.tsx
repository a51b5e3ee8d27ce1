// The dialog of an act: what it does, its button, and why it failed.

import type { ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Dialog } from "../controls/dialog.tsx";
import { Problem } from "../controls/problem.tsx";

/** The dialog. @param act the words of its button */
export function ActDialog({
  title,
  act,
  look = "primary",
  isDisabled = false,
  isPending,
  error,
  onAct,
  onClose,
  children,
}: {
  readonly title: string;
  readonly act: string;
  readonly look?: "primary" | "danger";
  readonly isDisabled?: boolean;
  readonly isPending: boolean;
  readonly error: unknown;
  readonly onAct: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <Dialog
      title={title}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Leave it</Button>
          <Button look={look} isDisabled={isDisabled || isPending} onPress={onAct}>
            {act}
          </Button>
        </>
      }
    >
      {children}
      {error !== null && error !== undefined && <Problem error={error} />}
    </Dialog>
  );
}
