import { createEffect, createSignal, Match, Show, Switch } from "solid-js";
import { ActionDialog } from "./alerts/action-dialog";
import { AlertPage } from "./alerts/alert-page";
import { AlertsPage } from "./alerts/alerts-page";
import { acting, setActing } from "./alerts/taking";
import { rings } from "./alerts/words";
import { OnCallPage } from "./calls/on-call-page";
import { SilenceDialog } from "./calls/silence-dialog";
import { SilencesPage } from "./calls/silences-page";
import { alerts, city, cityNow, zone } from "./city/city";
import { NightDesk } from "./desk/night-desk";
import { FeedsPage } from "./feeds/feeds-page";
import { AlarmHealthPage } from "./health/alarm-health-page";
import { HelpDialog } from "./keys/help-dialog";
import { moveLine, useKeys } from "./keys/keys";
import { MapPage } from "./map/map-page";
import { CharterPage } from "./public/charter-page";
import { PublicPage } from "./public/public-page";
import { MovesPage } from "./rules/moves-page";
import { RulePage } from "./rules/rule-page";
import { RulesPage } from "./rules/rules-page";
import { TryPage } from "./rules/try-page";
import { when } from "./say/time";
import { back, go, page } from "./shell/route";
import { TopBar } from "./shell/top-bar";

const TITLES: Record<ReturnType<typeof page>["name"], string> = {
  desk: "Night desk",
  map: "Map",
  feeds: "Feeds",
  alerts: "Alerts",
  alert: "Alert",
  rules: "Rules",
  rule: "Rule",
  try: "Try a rule",
  moves: "What moves with what",
  silences: "Silences",
  "on-call": "On call",
  "alarm-health": "Alarm health",
  public: "Public page",
  charter: "Charter",
  missing: "No such page",
};

/** Pages on light paper, for everybody. */
const isForResidents = () => page().name === "public" || page().name === "charter";

function useTitle() {
  createEffect(() => {
    const open = alerts().filter(rings).length;
    const first = open > 0 && !isForResidents() ? `${open} open · ` : "";
    document.title = `${first}${TITLES[page().name]} · Townbell`;
  });
}

function usePages() {
  const [help, setHelp] = createSignal(false);
  useKeys("Everywhere", [
    { keys: "j", words: "next line", run: () => moveLine(1) },
    { keys: "k", words: "line before", run: () => moveLine(-1) },
    { keys: "m", words: "map", run: () => go(page().name === "map" ? "/" : "/map") },
    { keys: "g n", words: "night desk", run: () => go("/") },
    { keys: "g m", words: "map", run: () => go("/map") },
    { keys: "g a", words: "alerts", run: () => go("/alerts") },
    { keys: "g f", words: "feeds", run: () => go("/feeds") },
    { keys: "g r", words: "rules", run: () => go("/rules") },
    { keys: "g s", words: "silences", run: () => go("/silences") },
    { keys: "g o", words: "on call", run: () => go("/on-call") },
    { keys: "g h", words: "alarm health", run: () => go("/alarm-health") },
    { keys: "g p", words: "public page", run: () => go("/public") },
    { keys: "Escape", words: "back", run: back },
    { keys: "?", words: "these keys", run: () => setHelp(true) },
  ]);
  return { help, closeHelp: () => setHelp(false), openHelp: () => setHelp(true) };
}

function OldBanner() {
  return (
    <p class="old-banner" role="status">
      {city.connection() === "lost"
        ? `Not connected since ${city.lostAt() ? when(city.lostAt() ?? "", cityNow(), zone()) : "the start"}: figures below are old. Trying again.`
        : "Connecting."}
    </p>
  );
}

function ControlRoom(props: { onHelp(): void }) {
  return (
    <>
      <TopBar />
      <Show when={city.connection() === "lost"}>
        <OldBanner />
      </Show>
      <Show when={city.blind()}>
        {(blind) => (
          <p class="old-banner" role="alert">
            {blind().title}, since {when(blind().since, cityNow(), zone())}. {blind().text}
          </p>
        )}
      </Show>
      <Switch>
        <Match when={page().name === "desk"}>
          <NightDesk />
        </Match>
        <Match when={page().name === "map"}>
          <MapPage />
        </Match>
        <Match when={page().name === "feeds"}>
          <FeedsPage />
        </Match>
        <Match when={page().name === "alerts"}>
          <AlertsPage />
        </Match>
        <Match when={page().name === "alert"}>
          <AlertPage id={(page() as { id: string }).id} />
        </Match>
        <Match when={page().name === "rules"}>
          <RulesPage />
        </Match>
        <Match when={page().name === "rule" && (page() as { rule: string }).rule} keyed>
          {(rule) => <RulePage rule={rule} />}
        </Match>
        <Match when={page().name === "try"}>
          <TryPage />
        </Match>
        <Match when={page().name === "moves"}>
          <MovesPage />
        </Match>
        <Match when={page().name === "silences"}>
          <SilencesPage />
        </Match>
        <Match when={page().name === "on-call"}>
          <OnCallPage />
        </Match>
        <Match when={page().name === "alarm-health"}>
          <AlarmHealthPage />
        </Match>
        <Match when={page().name === "missing"}>
          <main id="main" tabindex="-1" class="page">
            <h1>No such page</h1>
            <p class="empty">
              The <a href="/">night desk</a> is where everything starts.
            </p>
          </main>
        </Match>
      </Switch>
      <Show when={page().name !== "desk"}>
        <footer class="foot">
          <button type="button" class="quiet" onClick={() => props.onHelp()}>
            <kbd>?</kbd> all keys
          </button>
          <p class="faint">{city.about()?.notice}</p>
        </footer>
      </Show>
    </>
  );
}

/** The whole program on the screen. */
export function App() {
  useTitle();
  const { help, closeHelp, openHelp } = usePages();
  createEffect(() => document.documentElement.classList.toggle("paper", isForResidents()));
  return (
    <div class="room" classList={{ old: city.connection() === "lost", [`on-${page().name}`]: true }}>
      <a href="#main" class="skip">
        Skip to the page
      </a>
      <Switch fallback={<ControlRoom onHelp={openHelp} />}>
        <Match when={page().name === "public"}>
          <PublicPage />
        </Match>
        <Match when={page().name === "charter"}>
          <CharterPage />
        </Match>
      </Switch>
      <Show when={help()}>
        <HelpDialog onClose={closeHelp} />
      </Show>
      <Show when={acting()} keyed>
        {({ act, alert }) =>
          act === "silence" ? (
            <SilenceDialog alert={alert} onClose={() => setActing(null)} />
          ) : (
            <ActionDialog act={act} alert={alert} onClose={() => setActing(null)} />
          )
        }
      </Show>
      <div class="visually-hidden" role="alert">
        {city.loudest()}
      </div>
      <div class="visually-hidden" role="status">
        {city.quiet()}
      </div>
    </div>
  );
}
