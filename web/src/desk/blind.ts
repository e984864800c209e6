import type { FeedState, ThingState } from "../api/types";
import { span } from "../say/span";
import { milliseconds } from "../say/time";

/** What cannot be seen, in words, worst first. */
export function unseen(feeds: FeedState[], things: ThingState[], now: number): string[] {
  const silent = feeds.filter((feed) => feed.status === "silent");
  const silentIds = new Set(silent.map((feed) => feed.id));
  const sinceWords = (at: string | null) => (at ? span(now - milliseconds(at)) : "from the start");
  const ofFeeds = silent.map((feed) => `${feed.name} silent ${sinceWords(feed.last_good)}`);
  const late = feeds.filter((feed) => feed.status === "late").map((feed) => `${feed.name} late`);
  // A series whose feed is silent is not named again.
  const ofSeries = things.flatMap((thing) => {
    const stale = thing.datastreams.filter(
      (series) => series.stale && series.latest && !silentIds.has(series.feed),
    );
    const oldest = stale[0]?.latest;
    return oldest ? [`${thing.name} ${sinceWords(oldest.phenomenon_time)} old`] : [];
  });
  return [...ofFeeds, ...ofSeries, ...late];
}

/** Feeds that keep their beat; one that is late is still within it. */
export function onTime(feeds: FeedState[]): number {
  return feeds.filter((feed) => feed.status === "on_time").length;
}

/** When the screen last heard how the feeds do: the newest good answer of any. */
export function newestBeat(feeds: FeedState[]): number | null {
  const times = feeds.flatMap((feed) => (feed.last_good ? [milliseconds(feed.last_good)] : []));
  return times.length > 0 ? Math.max(...times) : null;
}
