import { createRoot, createSignal } from "solid-js";
import { pageOf } from "./pages";

export { alertPath } from "./pages";

const [path, setPath] = createRoot(() => createSignal(location.pathname));
let visited = 0;

export const page = () => pageOf(path());

function show(next: string): void {
  setPath(next);
  document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

/** Goes to a page of this program without loading it anew. */
export function go(to: string): void {
  if (to === path()) return;
  history.pushState(null, "", to);
  visited += 1;
  show(to);
}

/** One page back; to the night desk when this screen was opened here. */
export function back(): void {
  if (visited > 0) history.back();
  else go("/");
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest("a");
  if (!link || link.target || link.origin !== location.origin) return;
  if (pageOf(link.pathname).name === "missing") return;
  event.preventDefault();
  go(link.pathname);
}

/** Makes links and the browser's own buttons move between pages. */
export function followLinks(): void {
  document.addEventListener("click", onClick);
  window.addEventListener("popstate", () => {
    visited = Math.max(0, visited - 1);
    show(location.pathname);
  });
}
