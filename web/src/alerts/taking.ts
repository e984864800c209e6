import { createRoot, createSignal } from "solid-js";
import type { Alert } from "../api/types";

/** The alert that the acknowledge dialog is open for. */
const [taking, setTaking] = createRoot(() => createSignal<Alert | null>(null));

/** The alert that keys act on: the selected line of the page. */
const [selected, setSelected] = createRoot(() => createSignal<string | null>(null));

export { selected as selectedAlert, setSelected as setSelectedAlert, setTaking, taking };
