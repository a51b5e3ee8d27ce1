// Who is signed in, and signing out.

import type { ReactNode } from "react";
import { Icon } from "../controls/icon.tsx";
import { MenuButton } from "../controls/menu.tsx";
import { signOut } from "../data/session.ts";
import { useSession } from "../data/use-session.ts";

/** The menu. */
export function UserMenu(): ReactNode {
  const { name } = useSession().me;
  return (
    <MenuButton
      label={`Signed in as ${name}`}
      entries={[{ id: "out", text: `Sign out ${name}` }]}
      onChoose={() => void signOut()}
    >
      <Icon name="user" />
    </MenuButton>
  );
}
