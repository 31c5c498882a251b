import type { Schema } from '../api/queries'
import { moment, when } from '../lib/format'
import { useNow } from '../lib/now'
import { Card } from '../ui/Card'
import { texts } from './texts'
import { localTimes } from './words'

const SHOWN = 12

type Event = Schema['AccountEventResponse']

/** What happened to it, who did it, and why; the newest first. */
export function Timeline({ events }: { events: readonly Event[] }) {
  const rest = events.slice(SHOWN)
  return (
    <Card title={texts.events.title}>
      {events.length === 0 && <p className="text-muted">{texts.events.none}</p>}
      <Entries events={events.slice(0, SHOWN)} />
      {rest.length > 0 && (
        <details className="mt-3">
          <summary className="w-fit cursor-pointer rounded py-1 text-muted">
            {texts.events.older(rest.length)}
          </summary>
          <Entries events={rest} />
        </details>
      )}
    </Card>
  )
}

function Entries({ events }: { events: readonly Event[] }) {
  const now = useNow()
  return (
    <ol className="grid gap-2.5">
      {events.map(({ id, at, kind, by, detail }) => (
        <li key={id} className="grid grid-cols-[6.5rem_1fr] gap-3">
          <time dateTime={at} title={moment(Date.parse(at))} className="text-muted">
            {when(Date.parse(at), now)}
          </time>
          <p className="min-w-0 break-words">
            {texts.events.kinds[kind]}
            <span className="text-muted">
              {texts.events.by[by] ?? ''}
              {detail && `: ${localTimes(detail, now)}`}
            </span>
          </p>
        </li>
      ))}
    </ol>
  )
}
