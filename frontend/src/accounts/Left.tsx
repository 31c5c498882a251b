import type { Schema } from '../api/queries'
import { until, when } from '../lib/format'
import { useNow } from '../lib/now'
import { Card } from '../ui/Card'
import { QuotaBar } from '../ui/QuotaBar'
import { RelativeTime } from '../ui/RelativeTime'
import { QuotaHistory } from './QuotaHistory'
import { windowsOf } from './state'
import { texts } from './texts'

const said = texts.detail

type Props = { document: Schema['AccountDocument'] }

/** What is left of each window, and how it went over a week. */
export function Left({ document }: Props) {
  const now = useNow()
  const { account } = document
  const windows = windowsOf(account, now)
  const measured = Math.max(...windows.map(({ measuredAt }) => measuredAt ?? 0))
  const resets = (at: number | null) =>
    at === null ? {} : { detail: texts.resets(when(at, now)), aside: said.in(until(at, now)) }
  const extras = account.additionalQuotas.flatMap(({ quotaKey, limitName, ...quota }) =>
    [quota.primaryWindow, quota.secondaryWindow]
      .filter((one) => one !== null)
      .map((one) => ({ ...one, name: quota.displayLabel ?? limitName, key: quotaKey })),
  )
  return (
    <Card
      title={said.left}
      aside={
        measured > 0 && (
          <span className="text-sm text-muted">
            {said.measured} <RelativeTime at={measured} />
          </span>
        )
      }
    >
      {windows.length === 0 && <p className="text-muted">{said.noWindows}</p>}
      <div className="grid gap-4 md:grid-cols-2">
        {windows.map(({ kind, left, resetsAt }) => (
          <QuotaBar key={kind} label={texts.windows[kind]} left={left} {...resets(resetsAt)} />
        ))}
        {extras.map((one) => (
          <QuotaBar
            key={`${one.key} ${one.name} ${one.windowMinutes}`}
            label={said.extra(one.name, one.windowMinutes)}
            left={1 - one.usedPercent / 100}
            {...resets(one.resetAt === null ? null : one.resetAt * 1000)}
          />
        ))}
      </div>
      <h3 className="mt-6 mb-2 font-semibold">{texts.history.title}</h3>
      <QuotaHistory document={document} />
    </Card>
  )
}
