import { classes } from '../lib/classes'

type Props = {
  label: string // what is measured
  share: number // 0 to 1
  text: string // the same in words
  fill?: 'bg-serving' | 'bg-low' | 'bg-failed'
  className?: string
}

/** A bar for a share of something, read out by its text. */
export function Meter({ label, share, text, fill = 'bg-serving', className }: Props) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100)
  return (
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={text}
      className={classes(
        'h-1.5 overflow-hidden rounded-full bg-soft forced-colors:border',
        className,
      )}
    >
      <div
        className={classes('h-full rounded-full forced-colors:bg-[Highlight]', fill)}
        style={{ width: `${percent}%` }}
      />
    </div>
  )
}
