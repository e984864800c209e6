import type { AlertChange, LiveEvent, LiveEventKind } from "./types";

const KINDS: LiveEventKind[] = [
  "snapshot",
  "clock",
  "vehicles",
  "observations",
  "things",
  "feed",
  "warning",
  "alert",
  "call",
  "notification",
  "rules",
  "blind",
];

/** Silence after which the connection counts as lost: the server's clock ticks about once a second. */
export const SILENCE_MS = 15_000;
/** Pause before a refused connection is tried again. A dropped one is resumed by the browser itself. */
export const RETRY_MS = 3_000;

export interface Listener {
  heard(event: LiveEvent): void;
  connected(): void;
  lost(): void;
}

/**
 * Listens to `/api/live`. The browser resumes a dropped connection with Last-Event-ID; only when the server refuses
 * (or stays silent) is it opened anew, and then the server begins with a snapshot.
 */
export function listen(listener: Listener): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;

  const heardSomething = () => {
    clearTimeout(silence);
    silence = setTimeout(reopen, SILENCE_MS);
  };
  const reopen = () => {
    listener.lost();
    source?.close();
    clearTimeout(retry);
    retry = setTimeout(open, RETRY_MS);
  };
  const open = () => {
    source = new EventSource("/api/live");
    heardSomething();
    source.onopen = () => {
      heardSomething();
      listener.connected();
    };
    source.onerror = () => {
      if (source?.readyState === EventSource.CLOSED) reopen();
      else listener.lost();
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        heardSomething();
        listener.heard({ kind, data: JSON.parse((event as MessageEvent<string>).data) } as LiveEvent);
      });
    }
    // Many at once come together; each is a change like any other.
    source.addEventListener("alerts", (event) => {
      heardSomething();
      const changes: AlertChange[] = JSON.parse((event as MessageEvent<string>).data);
      for (const change of changes) listener.heard({ kind: "alert", data: change });
    });
  };

  // The browser knows of a lost network before the stream does.
  window.addEventListener("offline", reopen);
  open();
  return () => {
    window.removeEventListener("offline", reopen);
    clearTimeout(retry);
    clearTimeout(silence);
    source?.close();
  };
}
