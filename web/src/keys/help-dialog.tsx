import { For } from "solid-js";
import { Dialog } from "../shell/dialog";
import type { Binding } from "./bindings";
import { keyGroups, keysEnabled, setKeysEnabled } from "./keys";

/** Keys as caps: "g m" is two. */
export function Keys(props: { keys: string }) {
  return <For each={props.keys.split(" ")}>{(key) => <kbd>{CAPS[key] ?? key}</kbd>}</For>;
}

/** What a key is called on the keyboard. */
const CAPS: Record<string, string> = { Escape: "Esc" };

/** Groups of the same title as one: the parts of a page each bring their own keys. */
function merged(): { title: string; bindings: Binding[] }[] {
  const titles = [...new Set(keyGroups().map((group) => group.title))];
  return titles.map((title) => ({
    title,
    bindings: keyGroups().flatMap((group) => (group.title === title ? group.bindings : [])),
  }));
}

/** Every key that works here, and the switch that turns them off. */
export function HelpDialog(props: { onClose(): void }) {
  return (
    <Dialog title="Keys" onClose={props.onClose}>
      <div class="help-groups">
        <For each={merged()}>
          {(group) => (
            <section>
              <h3>{group.title}</h3>
              <dl class="help-keys">
                <For each={group.bindings}>
                  {(binding) => (
                    <div>
                      <dt>
                        <Keys keys={binding.keys} />
                      </dt>
                      <dd>{binding.words}</dd>
                    </div>
                  )}
                </For>
              </dl>
            </section>
          )}
        </For>
        <section>
          <h3>In a dialog</h3>
          <dl class="help-keys">
            <div>
              <dt>
                <kbd>Enter</kbd>
              </dt>
              <dd>send</dd>
            </div>
            <div>
              <dt>
                <kbd>Esc</kbd>
              </dt>
              <dd>close without sending</dd>
            </div>
          </dl>
        </section>
      </div>
      <label class="switch">
        <input
          type="checkbox"
          checked={keysEnabled()}
          onChange={(event) => setKeysEnabled(event.currentTarget.checked)}
        />
        Single-key shortcuts (Tab, Enter and Esc always work)
      </label>
    </Dialog>
  );
}
