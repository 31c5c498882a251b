import { until } from '../lib/format'
import { useNow } from '../lib/now'
import { common } from '../lib/texts'
import { QuotaBar } from '../ui/QuotaBar'
import { amount, type Limit, left } from './limits'

const { kinds, windows, rule, usedOf, resets } = common.limits

/** What is left of a budget, of how much, and when it begins anew. `name`: if the rule's will not do. */
export function BudgetBar({ limit, name }: { limit: Limit; name?: (rule: string) => string }) {
  const now = useNow()
  const { limitType: kind, currentValue, maxValue } = limit
  const called = rule(kinds[kind], windows[limit.limitWindow], limit.modelFilter)
  return (
    <QuotaBar
      label={name?.(called) ?? called}
      left={left(limit)}
      detail={usedOf(amount(kind, currentValue), amount(kind, maxValue))}
      aside={resets(until(Date.parse(limit.resetAt), now))}
    />
  )
}
