import { Show } from "solid-js";
import type { Alert, Blindness } from "../api/types";
import { cityNow, zone } from "../city/city";
import type { DetailLines } from "../desk/room";
import { glued } from "../say/glued";
import { hourMinute } from "../say/time";
import { alertPath } from "../shell/route";
import { SeveritySign, StaleSign } from "./severity-sign";
import { setSelectedAlert } from "./taking";
import { brief, capital, holder, lasting, marks, overdue, remaining, sentence } from "./words";

/** One alert: what, how much, do what, who has it, how long is left. */
export function AlertLine(props: { alert: Alert; selected: boolean; lines: DetailLines }) {
  const now = cityNow;
  const compact = () => props.lines === 1;
  const marked = () => marks(props.alert, now(), zone());
  return (
    <li>
      <a
        href={alertPath(props.alert.id)}
        class="alert-line"
        classList={{
          selected: props.selected,
          compact: compact(),
          two: props.lines === 2,
          blind: props.alert.blind !== null,
        }}
        data-line={props.selected ? "selected" : ""}
        data-alert={props.alert.id}
        data-state={props.alert.state}
        onFocus={() => setSelectedAlert(props.alert.id)}
      >
        <span class="alert-sign">
          <SeveritySign severity={props.alert.severity} />
        </span>
        <span class="alert-words">
          <strong class="alert-title">{glued(props.alert.title)}</strong>
          <span class="alert-detail">
            <Show when={props.alert.blind}>{(blind) => <Blind blind={blind()} whole={!compact()} />}</Show>
            <Show when={marked().length > 0}>
              <span class="marks">{capital(marked().join(", "))}.</span>{" "}
            </Show>
            {/* With little room, what to do comes before how much. */}
            <Show when={!compact()}>{brief(props.alert, props.lines)} </Show>
            <span class="first">First: {sentence(props.alert.first_action)}</span> {holder(props.alert)}
            <Show when={compact()}> {sentence(props.alert.detail)}</Show>
          </span>
        </span>
        <span class="alert-time">
          <strong classList={{ over: overdue(props.alert, now()) }}>{remaining(props.alert, now())}</strong>
          <span>{lasting(props.alert, now(), zone())}</span>
        </span>
      </a>
    </li>
  );
}

function Blind(props: { blind: Blindness; whole: boolean }) {
  return (
    <>
      <StaleSign why={props.blind.why} size={15} />{" "}
      <span class="why">
        {props.whole ? sentence(props.blind.why) : `Not seen since ${hourMinute(props.blind.since, zone())}.`}
      </span>{" "}
    </>
  );
}
