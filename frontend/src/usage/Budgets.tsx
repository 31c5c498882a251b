import type { Schema } from '../api/queries'
import { until } from '../lib/format'
import { useNow } from '../lib/now'
import { Card } from '../ui/Card'
import { QuotaBar } from '../ui/QuotaBar'
import { texts } from './texts'

/** What is left of each key's budgets; nothing if no key has one. */
export function Budgets({ budgets }: { budgets: readonly Schema['Budget'][] }) {
  const now = useNow()
  if (budgets.length === 0) return null
  return (
    <Card title={texts.budgets}>
      <div className="grid gap-4 md:grid-cols-2 xl:grid-cols-3">
        {budgets.flatMap(({ name, limits }) =>
          limits.map((limit) => (
            <QuotaBar
              key={limit.id}
              label={texts.budget(name, texts.kinds[limit.limitType], limit.limitWindow)}
              left={Math.max(0, 1 - limit.currentValue / limit.maxValue)}
              detail={texts.resets(until(Date.parse(limit.resetAt), now))}
            />
          )),
        )}
      </div>
    </Card>
  )
}
