import { BudgetBar } from '../api/BudgetBar'
import type { Schema } from '../api/queries'
import { Card } from '../ui/Card'
import { texts } from './texts'

/** What is left of each key's budgets; nothing if no key has one. */
export function Budgets({ budgets }: { budgets: readonly Schema['Budget'][] }) {
  if (budgets.length === 0) return null
  return (
    <Card title={texts.budgets}>
      <div className="grid gap-4 md:grid-cols-2 xl:grid-cols-3">
        {budgets.flatMap(({ name, limits }) =>
          limits.map((limit) => (
            <BudgetBar key={limit.id} limit={limit} name={(rule) => texts.budget(name, rule)} />
          )),
        )}
      </div>
    </Card>
  )
}
