import { createMemo, For } from "solid-js";
import { city, cityNow, things, warnings } from "../city/city";
import { span } from "../say/span";
import { milliseconds } from "../say/time";

interface Fact {
  what: string;
  value: string;
  note: string;
  href: string;
}

/** Vehicles in service by mode, with the age of the newest position. */
function vehicleFacts(): Fact[] {
  const vehicles = Object.values(city.picture.vehicles);
  const modes = [...new Set(vehicles.map((vehicle) => vehicle.mode))].sort();
  return modes.map((mode) => {
    const ours = vehicles.filter((vehicle) => vehicle.mode === mode);
    const newest = Math.max(...ours.map((vehicle) => milliseconds(vehicle.time)));
    const simulated = ours.some((vehicle) => vehicle.simulated) ? "simulated" : "";
    const old = cityNow() - newest >= 60_000 ? `${span(cityNow() - newest)} old` : "";
    const what =
      mode === "rail" ? "Trains in service" : `${mode.charAt(0).toUpperCase()}${mode.slice(1)}es in service`;
    const name = mode === "bus" || mode === "rail" ? what : `${mode} in service`;
    return {
      what: name,
      value: String(ours.length),
      note: [simulated, old].filter(Boolean).join(", "),
      href: "/map",
    };
  });
}

function facts(): Fact[] {
  const seeing = things().filter((thing) =>
    thing.datastreams.some((series) => series.latest && !series.stale),
  );
  const inForce = warnings().filter((warning) => warning.in_force);
  const here = inForce.filter((warning) => warning.touches.length > 0).length;
  const elsewhere = inForce.length > here ? `${inForce.length - here} elsewhere` : "";
  const none = vehicleFacts().length === 0;
  return [
    ...(none ? [{ what: "Vehicles in service", value: "none", note: "", href: "/map" }] : vehicleFacts()),
    { what: "Stations reporting", value: `${seeing.length} of ${things().length}`, note: "", href: "/map" },
    { what: "Warnings here", value: String(here), note: elsewhere, href: "/map" },
  ];
}

/** What the city has at hand, as far as anything tells us. */
export function WhatIHave() {
  // Counted with the map's pace: a busy replay changes the vehicles many times a second.
  const all = createMemo(() => {
    city.redraw();
    return facts();
  });
  return (
    <section class="card have" aria-labelledby="have-title">
      <h2 id="have-title" class="card-title">
        What I have
      </h2>
      <dl>
        <For each={all()}>
          {(fact) => (
            <div>
              <dt>
                <a href={fact.href}>{fact.what}</a>
              </dt>
              <dd>
                {fact.value} <span class="dim">{fact.note}</span>
              </dd>
            </div>
          )}
        </For>
      </dl>
    </section>
  );
}
