import { brief, holder, sentence } from "../alerts/words";
import type { Alert } from "../api/types";

/** Height for the lines of *Act now* beside the other cards at 1366 by 768, in pixels. */
const ROOM_PX = 256;
const TITLE_PX = 20;
const DETAIL_PX = 19;
const PADDING_PX = 15;
/** Characters on a line of the card, at its sizes of type. */
const TITLE_CHARS = 44;
const DETAIL_CHARS = 56;
const DETAIL_LINES_MAX = 3;

const lines = (chars: number, perLine: number) => Math.max(1, Math.ceil(chars / perLine));

function heightPx(alert: Alert): number {
  const detail = `${brief(alert)} First: ${sentence(alert.first_action)} ${holder(alert)}`;
  const detailLines = Math.min(DETAIL_LINES_MAX, lines(detail.length, DETAIL_CHARS));
  return PADDING_PX + lines(alert.title.length, TITLE_CHARS) * TITLE_PX + detailLines * DETAIL_PX;
}

/** Whether the alerts must be told in two lines each to fit the page, which never scrolls. */
export function isTight(alerts: Alert[]): boolean {
  return alerts.reduce((sum, alert) => sum + heightPx(alert), 0) > ROOM_PX;
}
