import {
  Circle,
  CircleDashed,
  Clock,
  type LucideIcon,
  OctagonAlert,
  TriangleAlert,
} from 'lucide-react'

import { classes } from '../lib/classes'

export type Tone = 'serving' | 'low' | 'failed' | 'paused' | 'cooling'

const SHAPES: Record<Tone, [LucideIcon, string]> = {
  serving: [Circle, 'text-serving fill-current'],
  low: [TriangleAlert, 'text-low'],
  failed: [OctagonAlert, 'text-failed'],
  paused: [CircleDashed, 'text-paused'],
  cooling: [Clock, 'text-cooling'],
}

type Props = { tone: Tone; children: string; className?: string }

/** A state: shape, word and colour, so that none of them is needed alone. */
export function Status({ tone, children, className }: Props) {
  const [Shape, colour] = SHAPES[tone]
  return (
    <span
      className={classes(
        'inline-flex max-w-full min-w-0 items-center gap-1.5 whitespace-nowrap',
        className,
      )}
    >
      <Shape
        aria-hidden="true"
        className={classes(tone === 'serving' ? 'mx-0.5 size-2.5' : 'size-3.5', 'shrink-0', colour)}
      />
      <span className="min-w-0 overflow-hidden text-ellipsis">{children}</span>
    </span>
  )
}
