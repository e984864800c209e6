import { Show } from "solid-js";
import type { Severity } from "../api/types";
import { SIGN_BOX, SIGNS } from "./shapes";

/** Lines of the hatching for what is unknown or stale, inside the square. */
const HATCH = "M3.5 10L10 3.5M3.5 16.5L16.5 3.5M3.5 22.5L22.5 3.5M9.5 22.5L22.5 9.5M16 22.5L22.5 16";

/** Shape, letter and colour of a severity, with its word for those who do not see it. */
export function SeveritySign(props: { severity: Severity; size?: number }) {
  const sign = () => SIGNS[props.severity];
  const unknown = () => props.severity === "unknown";
  return (
    <svg
      class="sign"
      viewBox={`0 0 ${SIGN_BOX} ${SIGN_BOX}`}
      width={props.size ?? SIGN_BOX}
      height={props.size ?? SIGN_BOX}
      role="img"
      aria-label={sign().word}
    >
      <path d={sign().outline} fill={sign().fill} classList={{ "sign-unknown": unknown() }} />
      <Show when={unknown()}>
        <path d={HATCH} class="sign-hatch" />
      </Show>
      <path d={sign().outline} class="sign-outline" />
      <text
        x="13"
        y={sign().baseline}
        font-size={String(sign().letterSize)}
        fill={sign().ink}
        class="sign-letter"
        classList={{ "sign-unknown-letter": unknown() }}
      >
        {sign().letter}
      </text>
    </svg>
  );
}

/** The hatched "?" for a figure that can no longer be believed. */
export function StaleSign(props: { why?: string | undefined; size?: number }) {
  return (
    <span class="stale-sign" title={props.why}>
      <SeveritySign severity="unknown" size={props.size ?? 20} />
    </span>
  );
}
