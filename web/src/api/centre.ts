import { ask } from "./ask";

// How the centre itself does: `Health` in crates/townbell/src/tell/views.rs.

/** What is to be mended; empty while all is well. */
export const askToMend = () => ask<{ degraded: string[] }>("/health");
