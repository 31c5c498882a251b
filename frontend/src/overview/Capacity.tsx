import type { Schema } from '../api/queries'
import { percent, until, when } from '../lib/format'
import { useNow } from '../lib/now'
import { privacy } from '../lib/preferences'
import { common } from '../lib/texts'
import { useStore } from '../lib/useStore'
import { Card } from '../ui/Card'
import { Private } from '../ui/Private'
import { level } from '../ui/quota'
import { Status } from '../ui/Status'
import { texts } from './texts'

const said = texts.capacity

type Window = Schema['Capacity']

export function Capacity({ windows }: { windows: readonly Window[] }) {
  return (
    <Card title={said.title}>
      {windows.length === 0 && <p className="text-muted">{said.empty}</p>}
      <div className="grid gap-3 md:gap-5">
        {windows.map((window) => (
          <WindowBar key={window.kind} window={window} />
        ))}
      </div>
    </Card>
  )
}

function WindowBar({ window }: { window: Window }) {
  const now = useNow()
  const left = window.leftPercent / 100
  const next = window.nextReset
  const at = next && Date.parse(next.at)
  return (
    <div className="grid gap-1 md:gap-1.5">
      <div className="flex items-baseline justify-between gap-3">
        <h3 className="font-medium">{said.windows[window.kind]}</h3>
        <Status tone={level(left)} className="font-semibold tabular">
          {common.left(percent(left))}
        </Status>
      </div>
      <ul className="flex h-5 gap-0.5 overflow-hidden rounded">
        {window.accounts.map((one) => (
          <Segment key={one.accountId} one={one} now={now} />
        ))}
      </ul>
      <p className="flex flex-wrap justify-between gap-x-4 text-sm text-muted tabular">
        <span>{outlook(window, now)}</span>
        {next && at && (
          <span>
            {said.next(percent(next.gainPercent / 100), when(at, now), until(at, now))}
            {' · '}
            <Private>{next.label}</Private>
          </span>
        )}
      </p>
    </div>
  )
}

/** As wide as the account's share of the pool, filled as far as something is left of it. */
function Segment({ one, now }: { one: Schema['Segment']; now: number }) {
  const left = one.leftPercent
  const resets = one.resetsAt ? when(Date.parse(one.resetsAt), now) : null
  const told = left === null ? said.unknown : common.left(percent(left / 100))
  const state = one.reason?.split(' until ')[0]
  const whole = said.segment(one.label, state ? `${told}, ${state}` : told, resets)
  const isHidden = useStore(privacy)
  return (
    <li
      className="private min-w-1 overflow-hidden bg-soft forced-colors:border"
      style={{ flexGrow: one.weight, flexBasis: 0 }}
      title={isHidden ? undefined : whole} // it begins with a name
    >
      <span className="sr-only">{whole}</span>
      <span
        aria-hidden="true"
        className={`block h-full forced-colors:bg-[Highlight] ${one.status === 'active' ? 'bg-serving' : 'bg-edge'}`}
        style={{ width: `${left ?? 0}%` }}
      />
    </li>
  )
}

function outlook({ forecast, leftPercent }: Window, now: number): string {
  if (leftPercent <= 0) return said.spent
  if (!forecast) return ''
  if (forecast.hiddenBecause) return said.hidden(forecast.hiddenBecause)
  const end = forecast.runsOutAt
  return end ? said.runsOut(when(Date.parse(end), now)) : said.lasts
}
