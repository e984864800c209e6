import { createMemo, createResource, createRoot, createSignal } from "solid-js";
import { createStore, produce } from "solid-js/store";
import { askCity } from "../api/ask";
import { listen } from "../api/listen";
import type { Alert, DatastreamState, LiveEvent, ThingState } from "../api/types";
import { emptyPicture, fold } from "./fold";

/** The map and the list are redrawn at most this often, however fast a replay runs. */
const REDRAW_MS = 1_000;

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
  let redrawDue = false;

  const scheduleRedraw = () => {
    if (redrawDue) return;
    redrawDue = true;
    setTimeout(() => {
      redrawDue = false;
      setRedraw((n) => n + 1);
    }, REDRAW_MS);
  };

  /** A newly opened alert is spoken at once; anything else waits its turn. */
  const announce = (event: LiveEvent) => {
    if (event.kind !== "alert") return;
    const { kind, alert } = event.data;
    if (kind === "opened")
      setLoudest(`Act now, ${alert.severity}: ${alert.title}. First: ${alert.first_action}`);
    else if (kind !== "updated") setQuiet(`${alert.title}: ${kind}.`);
  };

  listen({
    heard(event) {
      setPicture(produce((draft) => fold(draft, event)));
      announce(event);
      // The very first picture is drawn at once.
      if (event.kind === "snapshot") setRedraw((n) => n + 1);
      else if (event.kind !== "clock") scheduleRedraw();
    },
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
  return { about, picture, connection, lostAt, redraw, loudest, quiet, now };
}

export const city = createRoot(createCity);

/** The city's time in milliseconds, or this machine's where none has come yet. */
export const cityNow = () => city.now() ?? Date.now();

/** The zone that times are shown in. */
export const zone = () => city.about()?.timezone ?? "UTC";

/** A datastream with the thing that it is of. */
export function findDatastream(id: number): { thing: ThingState; datastream: DatastreamState } | undefined {
  for (const thing of Object.values(city.picture.things)) {
    const datastream = thing.datastreams.find((candidate) => candidate.id === id);
    if (datastream) return { thing, datastream };
  }
  return undefined;
}

export const alerts = (): Alert[] => Object.values(city.picture.alerts);
export const feeds = () => Object.values(city.picture.feeds);
export const things = () => Object.values(city.picture.things);
export const warnings = () => Object.values(city.picture.warnings);
