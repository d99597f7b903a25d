interface BarProps {
  /** Where the bar begins and ends, as parts of the whole width: 0 to 1. */
  from: number;
  to: number;
}

/** A horizontal bar beside a number that says the same. */
export function Bar({ from, to }: BarProps) {
  return (
    <svg class="chart" viewBox="0 0 100 8" preserveAspectRatio="none" height="12" aria-hidden="true">
      <rect class="frame" x="0" y="7" width="100" height="1" />
      <rect x={from * 100} y="0" width={Math.max((to - from) * 100, 0.5)} height="7" />
    </svg>
  );
}
