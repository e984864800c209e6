import { createResource, createSignal, Show } from "solid-js";
import { askLog, Refusal, writeLog } from "../api/ask";
import { city } from "../city/city";
import { storedSetting } from "../keys/keys";

const ROLE_STORED_AS = "townbell.role";
const LINE_CHARS_MAX = 280;

/** One line for the log of the desk. A server without a log says so here. */
export function LogBox() {
  const [open] = createResource(() =>
    askLog(1).then(
      () => true,
      () => false,
    ),
  );
  const [text, setText] = createSignal("");
  const [said, setSaid] = createSignal("");
  const role = () => storedSetting(ROLE_STORED_AS) ?? city.about()?.roles[0] ?? "";
  const hint = () => (open() === false ? "The log is not part of this version yet" : "Write the log...");

  const submit = async (event: Event) => {
    event.preventDefault();
    if (text().trim() === "") return;
    try {
      await writeLog(role(), text().trim());
      setText("");
      setSaid("Written.");
    } catch (error) {
      setSaid(error instanceof Refusal ? error.detail : String(error));
    }
  };

  return (
    <form class="log-box" onSubmit={submit}>
      <kbd>/</kbd>
      <input
        data-filter
        aria-label="Log"
        autocomplete="off"
        maxLength={LINE_CHARS_MAX}
        disabled={open() !== true}
        placeholder={hint()}
        value={text()}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <Show when={said()}>
        <span role="status" class="dim">
          {said()}
        </span>
      </Show>
    </form>
  );
}
