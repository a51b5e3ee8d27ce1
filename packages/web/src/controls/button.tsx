// Buttons. `quiet` is for what is beside something else, `primary` for the one act of a dialog or page.

import type { ReactNode } from "react";
import { Button as AriaButton, type ButtonProps } from "react-aria-components/Button";
import styles from "./button.module.css";

/** A button. */
export function Button({
  look = "plain",
  ...props
}: Omit<ButtonProps, "className" | "style"> & {
  readonly look?: "plain" | "primary" | "quiet" | "danger";
}): ReactNode {
  return <AriaButton {...props} className={`${styles.button} ${styles[look]}`} />;
}
