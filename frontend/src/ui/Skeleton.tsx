import { common } from '../lib/texts'

/** Stands for `lines` of something that loads; nothing is seen of it for the first 150 ms. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div role="status" className="late grid gap-2">
      <span className="sr-only">{common.loading}</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
        <div key={line} aria-hidden="true" className="h-11 animate-pulse rounded bg-soft" />
      ))}
    </div>
  )
}
