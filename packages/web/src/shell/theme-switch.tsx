// Switches between the system's theme, the light one and the dark one.

import { useState, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Icon } from "../controls/icon.tsx";
import { chooseTheme, readTheme, type ThemeChoice } from "../theme/theme.ts";

const NEXT = { system: "light", light: "dark", dark: "system" } as const;
const ICONS = { system: "half", light: "sun", dark: "moon" } as const;

/** The switch. */
export function ThemeSwitch(): ReactNode {
  const [choice, setChoice] = useState<ThemeChoice>(readTheme);
  const next = NEXT[choice];
  return (
    <span title={`Theme: ${choice}`}>
      <Button
        look="quiet"
        aria-label={`Theme: ${choice}. Change to ${next}`}
        onPress={() => {
          chooseTheme(next);
          setChoice(next);
        }}
      >
        <Icon name={ICONS[choice]} />
      </Button>
    </span>
  );
}
