// A tooltip of a button, shown on hover and focus.

import type { ReactNode } from "react";
import { Tooltip, TooltipTrigger } from "react-aria-components/Tooltip";
import styles from "./tip.module.css";

/** A tooltip. @param children the button, of `button.tsx` */
export function Tip({ text, children }: { readonly text: string; readonly children: ReactNode }): ReactNode {
  return (
    <TooltipTrigger delay={300} closeDelay={0}>
      {children}
      <Tooltip className={styles.tip ?? ""} offset={6}>
        {text}
      </Tooltip>
    </TooltipTrigger>
  );
}
