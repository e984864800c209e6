import { For, Show } from "solid-js";
import type { Against, Episode } from "../api/past";
import { zone } from "../city/city";
import { count } from "../say/figure";
import { length } from "../say/span";
import { date, hourMinute } from "../say/time";

/** "18.5 h before it began", "40 min after it began", "nothing rang" */
export const leadWords = (episode: Episode) => {
  if (episode.lead_s === null) return "nothing rang";
  if (episode.lead_s === 0) return "as it began";
  return `${length(Math.abs(episode.lead_s))} ${episode.lead_s > 0 ? "before" : "after"} it began`;
};

/** "It would have caught 3 of 4 episodes, and rung 2 times for nothing." */
export const againstWords = (against: Against | null) => {
  if (!against) return "";
  const all = against.caught + against.missed;
  if (all === 0)
    return `No labelled episode lies in that time; it rang ${times(against.for_nothing)} outside of any.`;
  const nothing = against.for_nothing === 0 ? "never" : times(against.for_nothing);
  return `It would have caught ${count(against.caught)} of ${count(all)} episodes, and rung ${nothing} for nothing.`;
};

const times = (n: number) => (n === 1 ? "once" : `${count(n)} times`);

/** What should have rung, and what became of it: missed ones first. */
export function CaughtAndMissed(props: { against: Against }) {
  const episodes = () =>
    [...props.against.episodes].sort((a, b) => Number(a.lead_s !== null) - Number(b.lead_s !== null));
  return (
    <div class="against" data-caught={props.against.caught} data-missed={props.against.missed}>
      <p>
        <strong>{againstWords(props.against)}</strong>
      </p>
      <Show when={episodes().length > 0}>
        <table class="wide">
          <caption class="visually-hidden">Labelled episodes, and whether it rang for them</caption>
          <thead>
            <tr>
              <th scope="col">Episode</th>
              <th scope="col">Began</th>
              <th scope="col">Outcome</th>
              <th scope="col">First ring</th>
            </tr>
          </thead>
          <tbody>
            <For each={episodes()}>
              {(one) => (
                <tr>
                  <th scope="row">{one.name}</th>
                  <td class="figure">
                    {date(one.from, zone())} {hourMinute(one.from, zone())}
                  </td>
                  <td>{one.lead_s === null ? <strong>missed</strong> : "caught"}</td>
                  <td class="figure">{leadWords(one)}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </Show>
    </div>
  );
}
