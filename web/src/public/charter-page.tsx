import { For, Match, Show, Switch } from "solid-js";
import { Dynamic } from "solid-js/web";
import { city } from "../city/city";
import { type Block, blocks } from "./markdown";

// The one text of the charter, as it stands in the repository; a build without it says so.
const files = import.meta.glob<string>("../../../CHARTER.md", {
  query: "?raw",
  import: "default",
  eager: true,
});
const charter = blocks(Object.values(files)[0] ?? "");

/** What this centre never holds, for residents. */
export function CharterPage() {
  return (
    <div class="public">
      <header class="public-head">
        <p class="public-name">{city.about()?.name ?? "The city"} now</p>
        <nav aria-label="Pages">
          <a href="/public">Public page</a>
        </nav>
      </header>
      <main id="main" tabindex="-1" class="charter">
        <Show when={charter.length > 0} fallback={<NoCharter />}>
          <For each={charter}>{(block) => <CharterBlock block={block} />}</For>
        </Show>
      </main>
    </div>
  );
}

function NoCharter() {
  return (
    <>
      <h1>Charter</h1>
      <p>This build carries no charter text.</p>
    </>
  );
}

function CharterBlock(props: { block: Block }) {
  const as = <K extends Block["kind"]>(kind: K) =>
    props.block.kind === kind ? (props.block as Extract<Block, { kind: K }>) : undefined;
  return (
    <Switch>
      <Match when={as("heading")}>
        {(heading) => <Dynamic component={heading().level === 1 ? "h1" : "h2"}>{heading().text}</Dynamic>}
      </Match>
      <Match when={as("list")}>
        {(list) => (
          <Dynamic component={list().numbered ? "ol" : "ul"} class="charter-list">
            <For each={list().items}>
              {(lines) => (
                <li>
                  <For each={lines}>{(line, n) => <p class={n() === 0 ? "" : "dim"}>{line}</p>}</For>
                </li>
              )}
            </For>
          </Dynamic>
        )}
      </Match>
      <Match when={as("paragraph")}>{(paragraph) => <p>{paragraph().text}</p>}</Match>
    </Switch>
  );
}
