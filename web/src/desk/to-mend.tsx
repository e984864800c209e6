import { createResource, onCleanup, Show } from "solid-js";
import { StaleSign } from "../alerts/severity-sign";
import { askToMend } from "../api/centre";

/** How often the centre is asked how it does. */
const ASK_EVERY_MS = 15_000;

/** What somebody has to mend while the centre watches on: rules that do not load, calls that do not get through. */
export function ToMend() {
  const [health, { refetch }] = createResource(() => askToMend().catch(() => ({ degraded: [] })));
  const timer = setInterval(refetch, ASK_EVERY_MS);
  onCleanup(() => clearInterval(timer));
  // `latest`: the line stays while it is asked again.
  const reasons = () => health.latest?.degraded ?? [];
  // What follows says where to read more, for those who ask over the network.
  const first = () => reasons()[0]?.split(/[;,]/, 1)[0] ?? "";
  return (
    <Show when={reasons().length > 0}>
      <p class="blind-line to-mend" role="status" title={reasons().join(". ")}>
        <span class="blind-missing">
          <StaleSign size={16} />
          <span>To mend: {first()}</span>
          <Show when={reasons().length > 1}>
            <span class="dim">and {reasons().length - 1} more</span>
          </Show>
        </span>
      </p>
    </Show>
  );
}
