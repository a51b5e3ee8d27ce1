// A line or more of text with its label, and what is wrong with it.

import type { ReactNode, Ref } from "react";
import { FieldError } from "react-aria-components/FieldError";
import { Input } from "react-aria-components/Input";
import { Label } from "react-aria-components/Label";
import { Text } from "react-aria-components/Text";
import { TextArea } from "react-aria-components/TextArea";
import { TextField as AriaTextField } from "react-aria-components/TextField";
import styles from "./field.module.css";

/** A field. @param rows more than one: a text area */
export function TextField({
  label,
  value,
  onChange,
  isLabelShown = true,
  rows = 1,
  hint,
  fault,
  placeholder = "",
  inputRef = null,
  isMono = false,
  type = "text",
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly isLabelShown?: boolean;
  readonly rows?: number;
  readonly hint?: string | undefined;
  readonly fault?: string | undefined;
  readonly placeholder?: string;
  readonly inputRef?: Ref<HTMLInputElement>;
  readonly isMono?: boolean;
  readonly type?: "text" | "date";
}): ReactNode {
  const look = `${styles.input} ${isMono ? styles.mono : ""}`;
  return (
    <AriaTextField
      className={styles.field ?? ""}
      type={type}
      value={value}
      onChange={onChange}
      isInvalid={fault !== undefined}
      {...(!isLabelShown && { "aria-label": label })}
    >
      {isLabelShown && <Label className={styles.label ?? ""}>{label}</Label>}
      {rows === 1 ? (
        <Input className={look} placeholder={placeholder} ref={inputRef} />
      ) : (
        <TextArea className={look} rows={rows} placeholder={placeholder} />
      )}
      {hint !== undefined && (
        <Text slot="description" className={styles.hint ?? ""}>
          {hint}
        </Text>
      )}
      <FieldError className={styles.fault ?? ""}>{fault}</FieldError>
    </AriaTextField>
  );
}
