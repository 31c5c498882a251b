import { percent } from '../lib/format'
import { Card } from '../ui/Card'
import { type Figures, MEASURES, measured, told } from './figures'
import { texts } from './texts'

type Props = { total: Figures; previous: Figures | null; isCompared: boolean }

export function Totals({ total, previous, isCompared }: Props) {
  const share = (part: number, all: number) => (all > 0 ? percent(part / all) : '–')
  const shown = [
    ...MEASURES.map((measure) => {
      const before = previous ? measured(previous, measure) : 0
      const now = measured(total, measure)
      const change = before > 0 ? texts.change(now / before - 1) : null
      return [texts.totals[measure], told(now, measure), change] as const
    }),
    [texts.totals.cached, share(total.cachedTokens, total.inputTokens), null] as const,
    [texts.totals.errors, share(total.errors, total.requests), null] as const,
  ]
  return (
    <Card title={texts.totals.title}>
      <dl className="grid grid-cols-2 gap-4 md:grid-cols-5">
        {shown.map(([name, figure, change]) => (
          <div key={name} className="flex flex-col">
            <dt className="order-2 text-sm text-muted">{name}</dt>
            <dd className="order-1 text-xl font-semibold tabular">{figure}</dd>
            {change && <dd className="order-3 text-sm text-muted tabular">{change}</dd>}
          </div>
        ))}
      </dl>
      {isCompared && !previous && <p className="mt-3 text-sm text-muted">{texts.noBefore}</p>}
    </Card>
  )
}
