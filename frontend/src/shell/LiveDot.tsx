import { Circle, CircleDashed, CircleOff, Clock } from 'lucide-react'

import { connection } from '../api/stream'
import { time } from '../lib/format'
import { useStore } from '../lib/useStore'
import { texts } from './texts'

const SHAPES = {
  live: [Circle, 'fill-current text-serving'],
  'catching up': [CircleDashed, 'text-muted'],
  offline: [CircleOff, 'text-failed'],
  absent: [Clock, 'text-muted'],
} as const

/** Whether what is shown is what is. */
export function LiveDot() {
  const now = useStore(connection)
  const [Shape, colour] = SHAPES[now.state]
  const word = now.state === 'offline' ? texts.offlineSince(time(now.since)) : texts.live[now.state]
  return (
    <span
      role="status"
      className="inline-flex items-center gap-1.5 text-sm whitespace-nowrap text-muted"
    >
      <Shape aria-hidden="true" className={`size-3 shrink-0 ${colour}`} />
      <span className="max-md:sr-only">{word}</span>
    </span>
  )
}
