import { For, Show } from "solid-js";
import { SeveritySign } from "../alerts/severity-sign";
import type { KeptNotification, Notifications } from "../api/calls";
import { cityNow, zone } from "../city/city";
import { count, words } from "../say/figure";
import { span } from "../say/span";
import { milliseconds, when } from "../say/time";
import { alertPath } from "../shell/route";
import { REASONS } from "./words";

/** What became of a message, in words. */
export function deliveryWords(one: KeptNotification): string {
  if (one.state === "delivered") return "delivered";
  const tries = `${one.attempts} ${one.attempts === 1 ? "try" : "tries"}`;
  if (one.state === "failed") return `not delivered, given up after ${tries}`;
  return one.attempts === 0 ? "waiting" : `not delivered yet, ${tries}`;
}

const undelivered = (one: KeptNotification) =>
  one.state === "failed" || (one.state === "waiting" && one.attempts > 0);

/** The newest messages with their receipts; what was not delivered first. */
export function Sent(props: { sent: Notifications }) {
  const items = () => [
    ...props.sent.items.filter(undelivered),
    ...props.sent.items.filter((one) => !undelivered(one)),
  ];
  const missing = () => props.sent.items.filter(undelivered).length;
  return (
    <section class="part" aria-labelledby="sent-title">
      <h2 id="sent-title" class="card-title">
        Last messages
      </h2>
      <Show when={props.sent.not_sent}>
        <p class="notice">{props.sent.not_sent} They are listed as they would go.</p>
      </Show>
      <ul class="channels">
        <For each={props.sent.channels}>
          {(channel) => (
            <li>
              <strong>{channel.name}</strong>{" "}
              <span class="dim">
                {channel.kind ? words(channel.kind).toLowerCase() : "no longer in oncall.toml"}
              </span>{" "}
              {count(channel.delivered_24h)} delivered in 24 h
              <Show when={channel.failed_24h > 0}>
                , <strong class="over">{count(channel.failed_24h)} given up</strong>
              </Show>
              <Show when={channel.waiting > 0}>
                , {count(channel.waiting)} waiting
                {channel.waiting_since
                  ? `, the oldest for ${span(cityNow() - milliseconds(channel.waiting_since))}`
                  : ""}
              </Show>
            </li>
          )}
        </For>
      </ul>
      <Show when={missing() > 0}>
        <p class="notice">
          <strong class="over">{count(missing())} not delivered.</strong> They stand first.
        </p>
      </Show>
      <Show when={items().length > 0} fallback={<p class="empty">Nothing has been sent yet.</p>}>
        <table class="wide">
          <thead>
            <tr>
              <th scope="col">Due</th>
              <th scope="col">What</th>
              <th scope="col">Why</th>
              <th scope="col">To</th>
              <th scope="col">What became of it</th>
            </tr>
          </thead>
          <tbody>
            <For each={items()}>
              {(one) => (
                <tr data-delivery={one.state}>
                  <td class="figure">{when(one.at, cityNow(), zone())}</td>
                  <td>
                    <span class="with-sign">
                      <SeveritySign severity={one.severity} size={18} />
                      <Show when={one.alert} fallback={one.title}>
                        {(alert) => (
                          <a href={alertPath(alert())} data-line="">
                            {one.title}
                          </a>
                        )}
                      </Show>
                    </span>
                  </td>
                  <td>{REASONS[one.reason]}</td>
                  <td>
                    {words(one.role)} <span class="dim">{one.channel}</span>
                  </td>
                  <td classList={{ over: undelivered(one) }}>
                    {deliveryWords(one)}
                    <Show when={one.receipt}>
                      <span class="line-detail">{one.receipt}</span>
                    </Show>
                  </td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </Show>
    </section>
  );
}
