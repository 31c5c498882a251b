import { until } from '../lib/format'
import { QuotaBar } from '../ui/QuotaBar'
import { amount, type Limit, left } from './state'
import { texts } from './texts'

type Props = { limits: readonly Limit[]; now: number }

/** A bar per budget: what is left, of how much, and when it begins anew. */
export function Budgets({ limits, now }: Props) {
  if (limits.length === 0) return <span className="text-muted">{texts.noBudget}</span>
  return (
    <div className="grid gap-2">
      {limits.map((limit) => (
        <QuotaBar
          key={limit.id}
          label={texts.rule(
            texts.kinds[limit.limitType],
            texts.windows[limit.limitWindow],
            limit.modelFilter,
          )}
          left={left(limit)}
          detail={texts.usedOf(
            amount(limit.limitType, limit.currentValue),
            amount(limit.limitType, limit.maxValue),
          )}
          aside={texts.resets(until(Date.parse(limit.resetAt), now))}
        />
      ))}
    </div>
  )
}
