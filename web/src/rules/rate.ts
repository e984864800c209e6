/** "2.1 a day", "1.4 a week": a rate that a desk can picture. Of less than a week none is made up. */
export function rateWords(a_day: number, days: number): string {
  if (a_day === 0) return "never";
  if (a_day >= 1 || days < 7) return `${a_day.toFixed(1)} a day`;
  if (a_day * 7 >= 1) return `${(a_day * 7).toFixed(1)} a week`;
  return `${(a_day * 30).toFixed(1)} in 30 days`;
}
