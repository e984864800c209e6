import { createMemo, For, Show } from "solid-js";
import { StaleSign } from "../alerts/severity-sign";
import { city, cityNow, things } from "../city/city";
import { figure, trend } from "../say/figure";
import { age } from "../say/span";
import { milliseconds } from "../say/time";

interface Row {
  name: string;
  value: string;
  note: string;
  stale: string | null;
}

/** Minutes late from which a trip counts as late for a rider. */
const LATE_S = 300;

function services(): Row[] {
  const vehicles = Object.values(city.picture.vehicles);
  const names: Record<string, string> = {
    bus: "Buses",
    rail: "Trains",
    metro: "Metro",
    tram: "Trams",
    ferry: "Ferries",
  };
  return [...new Set(vehicles.map((vehicle) => vehicle.mode))].sort().map((mode) => {
    const ours = vehicles.filter((vehicle) => vehicle.mode === mode);
    const late = ours.filter((vehicle) => (vehicle.delay_s ?? 0) > LATE_S).length;
    const newest = Math.max(...ours.map((vehicle) => milliseconds(vehicle.time)));
    const feed = city.picture.feeds[ours[0]?.feed ?? ""];
    const lateWords = late > 0 ? `, ${late} late` : "";
    return {
      name: names[mode] ?? mode,
      value: `${ours.length} running${lateWords} · ${age(cityNow() - newest)}`,
      note: ours.some((vehicle) => vehicle.simulated) ? "simulated from the timetable" : "",
      stale: feed?.status === "silent" ? `${feed.name} is silent.` : null,
    };
  });
}

function readings(properties: string[]): Row[] {
  return things().flatMap((thing) =>
    thing.datastreams
      .filter((series) => properties.includes(series.observed_property))
      .map((series) => {
        const latest = series.latest;
        const change = trend(series.trend_per_h, series.unit_symbol);
        const value = latest ? figure(latest.result, series.unit_symbol) : "nothing yet";
        const old = latest ? ` · ${age(cityNow() - milliseconds(latest.phenomenon_time))}` : "";
        const name = series.observed_property === "water_level" ? thing.name : series.property_name;
        const moving = series.observed_property === "water_level" ? change : "";
        return {
          name,
          value: `${value}${old}`,
          note: moving,
          stale: series.stale ? (series.why ?? "Too old.") : null,
        };
      }),
  );
}

const WEATHER = ["precipitation", "air_temperature", "wind_gust", "wind_speed"];

/** Services, water and weather: what exists, with its age. */
export function PublicFigures() {
  const groups = createMemo(() => {
    city.redraw();
    return [
      { title: "Services", rows: services(), none: "No vehicle is in service now." },
      { title: "Water", rows: readings(["water_level"]), none: "No gauge is connected." },
      { title: "Weather", rows: readings(WEATHER), none: "No weather station is connected." },
    ];
  });
  return (
    <div class="public-three">
      <For each={groups()}>
        {(group) => (
          <section>
            <h2>{group.title}</h2>
            <Show when={group.rows.length > 0} fallback={<p class="dim">{group.none}</p>}>
              <dl>
                <For each={group.rows}>
                  {(row) => (
                    <div classList={{ stale: row.stale !== null }}>
                      <dt>{row.name}</dt>
                      <dd>
                        <Show when={row.stale}>
                          <StaleSign size={16} why={row.stale ?? ""} />{" "}
                        </Show>
                        {row.value}
                        <Show when={row.note}>
                          <span class="note">{row.note}</span>
                        </Show>
                        <Show when={row.stale}>
                          <span class="why">{row.stale}</span>
                        </Show>
                      </dd>
                    </div>
                  )}
                </For>
              </dl>
            </Show>
          </section>
        )}
      </For>
    </div>
  );
}
