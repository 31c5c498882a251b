import { OctagonAlert, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

import { percent } from '../lib/format'
import { common } from '../lib/texts'
import { Meter } from './Meter'
import { level } from './quota'

type Props = {
  label: string // which window or budget
  left: number // share, 0 to 1
  detail?: string // when it comes back, or of how much
  aside?: ReactNode
}

const FILL = { serving: 'bg-serving', low: 'bg-low', failed: 'bg-failed' } as const
const MARK = { serving: null, low: TriangleAlert, failed: OctagonAlert } as const

/** What is left, never what is used: a full bar is a good one everywhere. */
export function QuotaBar({ label, left, detail, aside }: Props) {
  const state = level(left)
  const Mark = MARK[state]
  const text = common.left(percent(Math.max(0, left)))
  return (
    <div className="grid min-w-0 gap-1">
      <div className="flex items-center justify-between gap-2 text-sm">
        <span className="min-w-0 truncate text-muted" title={label}>
          {label}
        </span>
        <span className="inline-flex shrink-0 items-center gap-1 font-medium tabular">
          {Mark && <Mark aria-hidden="true" className="size-3.5 self-center" />}
          {text}
        </span>
      </div>
      <Meter
        label={label}
        share={left}
        text={detail ? `${text}, ${detail}` : text}
        fill={FILL[state]}
      />
      {(detail || aside) && (
        <div className="flex justify-between gap-2 text-xs text-muted">
          <span className="min-w-0 truncate tabular" title={detail}>
            {detail}
          </span>
          <span className="shrink-0 tabular">{aside}</span>
        </div>
      )}
    </div>
  )
}
