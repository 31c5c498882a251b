import type { Schema } from '../api/queries'
import { useNow } from '../lib/now'
import { Status } from '../ui/Status'
import { sentence } from './sentence'
import { texts } from './texts'

const TONES = { ok: 'serving', degraded: 'low', down: 'failed', setup: 'paused' } as const

export function Verdict({ verdict }: { verdict: Schema['VerdictDocument'] }) {
  const now = useNow()
  return (
    <div
      role="status"
      className="grid gap-1 rounded border border-line bg-card px-4 py-3 md:flex md:items-baseline md:gap-4"
    >
      <Status tone={TONES[verdict.level]} className="shrink-0 text-sm font-medium">
        {texts.verdict.levels[verdict.level]}
      </Status>
      <p className="text-lg font-semibold text-balance">{sentence(verdict, now)}</p>
    </div>
  )
}
