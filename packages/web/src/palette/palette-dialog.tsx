// The dialog of the palette, which is loaded when it is first opened.

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { Dialog as AriaDialog } from "react-aria-components/Dialog";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import dialog from "../controls/dialog.module.css";
import { read } from "../data/api.ts";
import { useTeam } from "../data/use-session.ts";
import { findItems } from "./found.ts";
import styles from "./palette.module.css";
import { findKeyDigits } from "./rank.ts";

/** Milliseconds after the last key until the server is asked. */
const TYPED_MS = 150;

const MOST_DAGS = 1_000;
const MOST_RUNS = 8;

/** The dialog, which is open. */
export function PaletteDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  return (
    <ModalOverlay
      className={dialog.overlay ?? ""}
      isOpen
      onOpenChange={(isOpen) => !isOpen && onClose()}
      isDismissable
    >
      <Modal className={dialog.modal ?? ""}>
        <AriaDialog aria-label="Find" className={styles.palette ?? ""}>
          <Finder onDone={onClose} />
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

function Finder({ onDone }: { readonly onDone: () => void }): ReactNode {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const router = useRouter();
  const listId = useId();
  const list = useRef<HTMLUListElement>(null);
  const items = useItems(query.trim());
  const chosen = items[Math.min(at, items.length - 1)];
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen?.id]);
  const open = (to: string): void => {
    onDone();
    router.history.push(to);
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((before) => Math.min(Math.max(before + step, 0), items.length - 1));
    else if (event.key === "Enter" && chosen) open(chosen.to);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        className={styles.input}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the dialog was opened to type
        autoFocus
        role="combobox"
        aria-label="Page, Dag, task, run, or the first digits of a key"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={chosen ? `${listId} ${items.indexOf(chosen)}`.replaceAll(" ", "-") : undefined}
        placeholder="Page, Dag, task, run, or digits of a key"
        value={query}
        onChange={({ target }) => {
          setQuery(target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <ul id={listId} ref={list} role="listbox" aria-label="Results" className={styles.results}>
        {items.map((item, index) => (
          // Keys are the input's: the focus stays there.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
          <li
            key={item.id}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={item === chosen}
            className={styles.item}
            onClick={() => open(item.to)}
          >
            <span className={styles.text}>{item.text}</span>
            <span className={styles.kind}>{item.kind}</span>
          </li>
        ))}
      </ul>
      {items.length === 0 && (
        <p className={styles.none} role="status">
          Nothing is found by that name.
        </p>
      )}
    </>
  );
}

function useItems(query: string): ReturnType<typeof findItems> {
  const team = useTeam();
  const asked = useTyped(query);
  const dags = useQuery(read("dags.list", { team, limit: MOST_DAGS })).data?.items ?? [];
  const tasks = useQuery({ ...read("cache.stats", { team }), enabled: asked !== "" }).data?.tasks ?? [];
  const runs = useQuery({
    ...read("runs.list", { team, text: asked, limit: MOST_RUNS }),
    enabled: asked.length >= 2,
  }).data?.items;
  const key = findKeyDigits(asked);
  const entry = useQuery({
    ...read("cache.list", { team, key: key ?? "0", limit: 1 }),
    enabled: key !== undefined,
    retry: false,
  }).data?.items[0];
  return findItems(query, { dags, tasks, runs: (asked !== "" && runs) || [], entry });
}

function useTyped(query: string): string {
  const [asked, setAsked] = useState(query);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(query), TYPED_MS);
    return () => clearTimeout(timer);
  }, [query]);
  return asked;
}
