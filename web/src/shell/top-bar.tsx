import { For, Show } from "solid-js";
import { city, zone } from "../city/city";
import { clock, date } from "../say/time";
import { page } from "./route";

const PAGES: { path: string; words: string; names: string[] }[] = [
  { path: "/", words: "Night desk", names: ["desk"] },
  { path: "/map", words: "Map", names: ["map"] },
  { path: "/alerts", words: "Alerts", names: ["alerts", "alert"] },
  { path: "/feeds", words: "Feeds", names: ["feeds"] },
  { path: "/rules", words: "Rules", names: ["rules", "rule", "try", "moves"] },
  { path: "/silences", words: "Silences", names: ["silences"] },
  { path: "/on-call", words: "On call", names: ["on-call"] },
  { path: "/alarm-health", words: "Alarm health", names: ["alarm-health"] },
  { path: "/public", words: "Public page", names: ["public"] },
];

/** "REPLAY 2 May 2024, 60 times": the day that is on the screen and how fast it passes. */
function replayWords(): string {
  const now = city.now();
  const speed = city.picture.speed ?? city.about()?.replay?.speed ?? null;
  const day = now === null ? "" : ` ${date(now, zone())}`;
  if (speed === null) return `REPLAY${day}`;
  const fast = speed === 0 ? "as fast as it goes" : speed === 1 ? "real time" : `${speed} times`;
  return `REPLAY${day}, ${fast}`;
}

export function TopBar() {
  return (
    <header class="top">
      <a href="/" class="brand" aria-label="Townbell, night desk">
        Town<b>bell</b>
      </a>
      <span class="city-name">{city.about()?.name}</span>
      <Show when={city.about()?.mode === "replay"}>
        <span class="replay" title={city.about()?.notice ?? undefined}>
          {replayWords()}
        </span>
      </Show>
      <Show when={city.about()?.mode === "sandbox"}>
        <span class="replay" title={city.about()?.notice ?? undefined}>
          SANDBOX, thrown away when it stops
        </span>
      </Show>
      <nav class="pages" aria-label="Pages">
        <For each={PAGES}>
          {(entry) => (
            <a href={entry.path} aria-current={entry.names.includes(page().name) ? "page" : undefined}>
              {entry.words}
            </a>
          )}
        </For>
      </nav>
      <p class="clock" role="timer" aria-label="The city's time">
        <Show when={city.now()} fallback={<span class="dim">no time yet</span>}>
          {(now) => (
            <>
              <strong>{clock(now(), zone())}</strong> <span>{clock(now(), "UTC")} UTC</span>
            </>
          )}
        </Show>
      </p>
    </header>
  );
}
