/** Puts the cursor into the filter or log box of the page. */
export function focusFilter(): void {
  document.querySelector<HTMLInputElement>("[data-filter]:not(:disabled)")?.focus();
}
