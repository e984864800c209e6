import { describe, expect, test } from "vitest";
import { type Binding, match, takesText } from "../src/keys/bindings";

const nothing = () => {};
const bindings: Binding[] = [
  { keys: "a", words: "acknowledge", run: nothing },
  { keys: "m", words: "map", run: nothing },
  { keys: "g m", words: "go to the map", run: nothing },
  { keys: "g a", words: "go to the alerts", run: nothing },
];

const said = (before: string, key: string) => {
  const outcome = match(bindings, before, key);
  return outcome.kind === "run" ? outcome.binding.words : outcome.kind;
};

describe("keys", () => {
  test("a single key runs at once", () => {
    expect(said("", "a")).toBe("acknowledge");
  });

  test("the first of a pair waits, and the second means the pair", () => {
    expect(said("", "g")).toBe("wait");
    expect(said("g", "m")).toBe("go to the map");
    expect(said("g", "a")).toBe("go to the alerts");
  });

  test("a second key that makes no pair means itself", () => {
    expect(said("x", "m")).toBe("map");
    expect(said("g", "z")).toBe("nothing");
  });

  test("the first of two bindings of one key wins: a page's own over the general", () => {
    const own = { keys: "a", words: "own", run: nothing };
    const outcome = match([own, ...bindings], "", "a");
    expect(outcome.kind === "run" && outcome.binding.words).toBe("own");
  });

  test("letters typed into a box are no shortcuts", () => {
    expect(takesText({ tagName: "INPUT", type: "text" })).toBe(true);
    expect(takesText({ tagName: "INPUT", type: "search" })).toBe(true);
    expect(takesText({ tagName: "SELECT" })).toBe(true);
    expect(takesText({ tagName: "INPUT", type: "checkbox" })).toBe(false);
    expect(takesText({ tagName: "A" })).toBe(false);
  });
});
