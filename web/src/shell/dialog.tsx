import { createUniqueId, type JSX, onCleanup, onMount } from "solid-js";

/** A modal dialog: the focus stays inside, Esc closes it, and goes back to where it was. */
export function Dialog(props: { title: string; onClose(): void; children: JSX.Element }) {
  let element!: HTMLDialogElement;
  const title = createUniqueId();
  const before = document.activeElement as HTMLElement | null;
  onMount(() => element.showModal());
  onCleanup(() => before?.focus());
  return (
    <dialog ref={element} aria-labelledby={title} onClose={() => props.onClose()}>
      <header class="dialog-head">
        <h2 id={title}>{props.title}</h2>
        <button type="button" class="quiet" onClick={() => element.close()}>
          Close <kbd>Esc</kbd>
        </button>
      </header>
      {props.children}
    </dialog>
  );
}
