import { createRoot, createSignal } from "solid-js";

/** A rule that is being written. It lives in this browser until it is saved. */
export interface Draft {
  name: string;
  text: string;
  /** The version of the city's text that it was made from; null: a new rule. */
  known: string | null;
}

const FIRST: Draft = {
  name: "draft",
  known: null,
  text: `kind = "threshold"
what = ""               # what people call it
datastream = 1
statistic = "mean"
window = "1 h"

owner = "duty_officer"  # the role that answers for it
severity = "minor"
respond_within = "1 h"
purpose = ""            # one of the city's purposes
consequence = ""        # so what, in plain words
first_action = ""       # do what, first

[open]
above = 2.5
for = "30 min"

[close]
below = 2.3
for = "12 h"
`,
};

const [draft, setDraft] = createRoot(() => createSignal(FIRST));
/** A draft that somebody asked to see tried at once. */
const [asked, setAsked] = createRoot(() => createSignal(false));

export { asked as tryAsked, draft, setAsked as setTryAsked, setDraft };
