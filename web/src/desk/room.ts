import { brief, holder, sentence } from "../alerts/words";
import type { Alert } from "../api/types";

/** Height for the lines of *Act now* beside the other cards at 1366 by 768, in pixels. */
const ROOM_PX = 296;
const TITLE_PX = 20;
const DETAIL_PX = 19;
const PADDING_PX = 15;
/** Characters on a line of the card, at its sizes of type. */
const TITLE_CHARS = 44;
const DETAIL_CHARS = 54;

/** Lines of detail under each title: as many as fit. With one line the title keeps to one as well. */
export type DetailLines = 1 | 2 | 3;

const lines = (chars: number, perLine: number) => Math.max(1, Math.ceil(chars / perLine));

function heightPx(alert: Alert, most: DetailLines): number {
  const detail = `${brief(alert, most)} First: ${sentence(alert.first_action)} ${holder(alert)}`;
  const detailLines = Math.min(most, lines(detail.length, DETAIL_CHARS));
  return PADDING_PX + lines(alert.title.length, TITLE_CHARS) * TITLE_PX + detailLines * DETAIL_PX;
}

/** How many lines of detail each alert may have, so that the page never scrolls. */
export function detailLines(alerts: Alert[]): DetailLines {
  const fits = (most: DetailLines) =>
    alerts.reduce((sum, alert) => sum + heightPx(alert, most), 0) <= ROOM_PX;
  return fits(3) ? 3 : fits(2) ? 2 : 1;
}
