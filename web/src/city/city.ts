import { batch, createMemo, createResource, createRoot, createSignal } from "solid-js";
import { createStore, produce } from "solid-js/store";
import { askCity } from "../api/ask";
import { listen } from "../api/listen";
import type { Alert, LiveEvent } from "../api/types";
import { announcement } from "./announce";
import { emptyPicture, findDatastream as findIn, fold } from "./fold";
import { atMostEvery, byFrame } from "./frames";

/** The map and the list are redrawn at most this often, however fast a replay runs. */
const REDRAW_MS = 1_000;

/** From so many alerts on, lists are made anew at most every [`ALERTS_REDRAW_MS`]. */
const ALERTS_MANY = 2_000;
const ALERTS_REDRAW_MS = 1_000;
/** After these, what is kept quiet, who is called and what was sent may be another. */
const CALLS = new Set<LiveEvent["kind"]>(["alert", "call", "notification", "snapshot"]);

export type Connection = "connecting" | "connected" | "lost";

/** The one city that this screen shows, kept up to date from `/api/live`. */
function createCity() {
  const [about] = createResource(askCity);
  const [picture, setPicture] = createStore(emptyPicture());
  const [connection, setConnection] = createSignal<Connection>("connecting");
  const [lostAt, setLostAt] = createSignal<string | null>(null);
  const [redraw, setRedraw] = createSignal(0);
  const [loudest, setLoudest] = createSignal("");
  const [quiet, setQuiet] = createSignal("");
  const [callsChanged, setCallsChanged] = createSignal(0);
  const [rulesChanged, setRulesChanged] = createSignal(0);
  const [blind, setBlind] = createSignal<{ since: string; title: string; text: string } | null>(null);
  const [alertsChanged, setAlertsChanged] = createSignal(0);
  let redrawDue = false;

  const scheduleRedraw = () => {
    if (redrawDue) return;
    redrawDue = true;
    setTimeout(() => {
      redrawDue = false;
      setRedraw((n) => n + 1);
    }, REDRAW_MS);
  };

  const tellAlerts = atMostEvery(
    () => (picture.alerts.size < ALERTS_MANY ? 0 : ALERTS_REDRAW_MS),
    () => setAlertsChanged((n) => n + 1),
  );

  /** Folds what came since the last frame in one go: a storm of alerts is then one change of the page. */
  const take = (events: LiveEvent[]) => {
    batch(() => {
      setPicture(
        produce((draft) => {
          for (const event of events) fold(draft, event);
        }),
      );
      const said = announcement(events);
      if (said.loud) setLoudest(said.loud);
      if (said.quiet) setQuiet(said.quiet);
      const snapshot = events.some((event) => event.kind === "snapshot");
      const clocked = events.some((event) => event.kind === "clock");
      if (snapshot || clocked || events.some((event) => event.kind === "alert")) tellAlerts();
      if (events.some((event) => CALLS.has(event.kind))) setCallsChanged((n) => n + 1);
      if (snapshot || events.some((event) => event.kind === "rules")) setRulesChanged((n) => n + 1);
      for (const event of events) if (event.kind === "blind") setBlind(event.data.until ? null : event.data);
      // The very first picture is drawn at once.
      if (snapshot) setRedraw((n) => n + 1);
      else if (events.some((event) => event.kind !== "clock")) scheduleRedraw();
    });
  };

  listen({
    heard: byFrame(take),
    connected() {
      setConnection("connected");
      setLostAt(null);
    },
    lost() {
      if (connection() !== "lost") setLostAt(picture.now);
      setConnection("lost");
    },
  });

  const now = createMemo(() => (picture.now ? Date.parse(picture.now) : null));
  const alerts = createMemo(() => {
    alertsChanged();
    return [...picture.alerts.values()];
  });
  return {
    about,
    picture,
    connection,
    lostAt,
    redraw,
    loudest,
    quiet,
    now,
    alerts,
    callsChanged,
    rulesChanged,
    blind,
  };
}

export const city = createRoot(createCity);

/** The city's time in milliseconds, or this machine's where none has come yet. */
export const cityNow = () => city.now() ?? Date.now();

/** The zone that times are shown in. */
export const zone = () => city.about()?.timezone ?? "UTC";

/** A datastream with the thing that it is of. */
export const findDatastream = (id: number) => findIn(city.picture, id);

/** Every alert that this screen knows; changes by frames, and by seconds while there are thousands. */
export const alerts = (): Alert[] => city.alerts();

/** One of them. */
export function alertOf(id: string): Alert | undefined {
  city.alerts();
  return city.picture.alerts.get(id);
}

export const feeds = () => Object.values(city.picture.feeds);
export const things = () => Object.values(city.picture.things);
export const warnings = () => Object.values(city.picture.warnings);
