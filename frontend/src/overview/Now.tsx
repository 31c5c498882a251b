import { useQuery } from '@tanstack/react-query'

import { now as live, type Schema } from '../api/queries'
import { compact, duration, number, percent } from '../lib/format'
import { Card } from '../ui/Card'
import { texts } from './texts'

const said = texts.now

type Props = { told: Schema['LiveNow']; toldAt: number }

/** How it goes this minute: by the stream, or by the page's document if that is newer. */
export function Now({ told, toldAt }: Props) {
  const { data, dataUpdatedAt } = useQuery(live)
  const figures = data && dataUpdatedAt > toldAt ? data : told
  const time = (ms: number | null) => (ms === null ? said.idle : duration(ms))
  const shown = [
    [said.inFlight, number(figures.inFlight)],
    [said.requests, number(figures.requestsPerMinute)],
    [said.tokens, compact(figures.tokensPerMinute)],
    [said.p50, time(figures.firstEventP50Ms)],
    [said.p95, time(figures.firstEventP95Ms)],
    [said.errors, figures.errorRate === null ? said.idle : percent(figures.errorRate)],
  ] as const
  return (
    <Card title={said.title}>
      <dl className="grid grid-cols-2 gap-4 md:grid-cols-3 xl:grid-cols-6">
        {shown.map(([name, figure]) => (
          <div key={name} className="flex flex-col-reverse justify-end">
            <dt className="text-sm text-muted">{name}</dt>
            <dd className="text-xl font-semibold tabular">{figure}</dd>
          </div>
        ))}
      </dl>
    </Card>
  )
}
