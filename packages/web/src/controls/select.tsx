// A choice of one among few.

import type { ReactNode } from "react";
import { Button as AriaButton } from "react-aria-components/Button";
import { Label } from "react-aria-components/Label";
import { ListBox, ListBoxItem } from "react-aria-components/ListBox";
import { Popover } from "react-aria-components/Popover";
import { Select as AriaSelect, SelectValue } from "react-aria-components/Select";
import button from "./button.module.css";
import field from "./field.module.css";
import { Icon } from "./icon.tsx";
import styles from "./popover.module.css";

/** An option; the id "" stands for none of the others. */
export interface Option {
  readonly id: string;
  readonly text: string;
}

/** A choice. @param isLabelShown false: the label is for screen readers alone */
export function Select({
  label,
  options,
  value,
  onChange,
  isLabelShown = true,
  isDisabled = false,
}: {
  readonly label: string;
  readonly options: readonly Option[];
  readonly value: string;
  readonly onChange: (id: string) => void;
  readonly isLabelShown?: boolean;
  readonly isDisabled?: boolean;
}): ReactNode {
  return (
    <AriaSelect
      className={field.field ?? ""}
      value={value}
      isDisabled={isDisabled}
      onChange={(key) => onChange(String(key))}
      {...(!isLabelShown && { "aria-label": label })}
    >
      {isLabelShown && <Label className={field.label ?? ""}>{label}</Label>}
      <AriaButton className={`${button.button} ${field.select}`}>
        <SelectValue />
        <Icon name="down" />
      </AriaButton>
      <Popover className={styles.popover ?? ""} offset={4}>
        <ListBox className={styles.list ?? ""} items={options}>
          {({ id, text }) => (
            <ListBoxItem id={id} textValue={text} className={styles.item ?? ""}>
              {text}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
