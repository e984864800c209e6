import { createSignal } from "solid-js";
import { useAlertKeys } from "../alerts/taking";
import { focusFilter } from "../keys/filter";
import { Keys } from "../keys/help-dialog";
import { useKeys } from "../keys/keys";
import { MapPanel } from "../map/map-panel";
import { alertPath, go } from "../shell/route";
import { ActNow, currentAlert } from "./act-now";
import { AmIBlind } from "./am-i-blind";
import { LogBox } from "./log-box";
import { NextHours } from "./next-hours";
import { WhatIHave } from "./what-i-have";
import { WorseSince } from "./worse-since";

const FOOT: [string, string][] = [
  ["j k", "move"],
  ["Enter", "open"],
  ["a", "acknowledge"],
  ["t", "take"],
  ["l", "list for the map"],
  ["?", "all keys"],
];

/** The first page: one officer, 3 a.m., no scrolling at 1366 by 768. Questions from top left to bottom right. */
export function NightDesk() {
  const [listShown, setListShown] = createSignal(false);
  const open = () => {
    const alert = currentAlert();
    if (alert) go(alertPath(alert.id));
  };
  useAlertKeys("Night desk", currentAlert);
  useKeys("Night desk", [
    { keys: "Enter", words: "open the selected alert", run: open },
    { keys: "l", words: "list in place of the map", run: () => setListShown((on) => !on) },
    { keys: "/", words: "write the log", run: focusFilter },
  ]);
  return (
    <main id="main" tabindex="-1" class="desk">
      <h1 class="visually-hidden">Night desk</h1>
      <div class="desk-left">
        <AmIBlind />
        <ActNow />
        <WorseSince />
        <div class="desk-pair">
          <NextHours />
          <WhatIHave />
        </div>
      </div>
      <div class="desk-right">
        <MapPanel theme="night" show={listShown() ? "list" : "map"} buttons={false} detail />
      </div>
      <footer class="desk-foot">
        <LogBox />
        <p class="foot-keys">
          {FOOT.map(([keys, words]) => (
            <span>
              <Keys keys={keys} /> {words}
            </span>
          ))}
        </p>
      </footer>
    </main>
  );
}
