import { BudgetBar } from '../api/BudgetBar'
import type { Limit } from '../api/limits'
import { texts } from './texts'

/** A bar per budget. */
export function Budgets({ limits }: { limits: readonly Limit[] }) {
  if (limits.length === 0) return <span className="text-muted">{texts.noBudget}</span>
  return (
    <div className="grid gap-2">
      {limits.map((limit) => (
        <BudgetBar key={limit.id} limit={limit} />
      ))}
    </div>
  )
}
