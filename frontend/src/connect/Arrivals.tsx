import { Link } from 'wouter'

import { duration } from '../lib/format'
import { Card } from '../ui/Card'
import { RelativeTime } from '../ui/RelativeTime'
import { Status } from '../ui/Status'
import { Waiting } from '../ui/Waiting'
import { adviceOn, type Seen, toneOf } from './heard'
import { type Refused, TurnedAway } from './TurnedAway'
import { texts } from './texts'
import { useHeard } from './useHeard'

const said = texts.seen

type Props = { seen: readonly Seen[]; turnedAway: readonly Refused[] }

/** Each client's newest request, as it arrives. Only a client that is new is read out. */
export function Arrivals({ seen, turnedAway }: Props) {
  const heard = useHeard()
  return (
    <Card title={said.title}>
      {!heard && <Waiting>{seen.length === 0 ? said.waiting : said.next}</Waiting>}
      <ul aria-live="polite" aria-relevant="additions" className="divide-y divide-line [p+&]:mt-4">
        {seen.map((one) => (
          <Arrival key={one.client} seen={one} />
        ))}
      </ul>
      {turnedAway.length > 0 && <TurnedAway all={turnedAway} />}
    </Card>
  )
}

function Arrival({ seen }: { seen: Seen }) {
  const tone = toneOf(seen)
  const advice = adviceOn(seen)
  const { client, model, firstEventMs, errorCode } = seen
  const took = firstEventMs !== null && said.firstToken(duration(firstEventMs))
  return (
    <li className="grid grid-cols-1 gap-1 py-3 first:pt-0 last:pb-0">
      <div className="flex flex-wrap items-center gap-x-3">
        <Status tone={tone}>{said.states[tone]}</Status>
        <span className="text-sm text-muted">
          <RelativeTime at={Date.parse(seen.at)} />
        </span>
      </div>
      <p className="wrap-anywhere">
        <Link
          href={`/requests/${seen.requestId}`}
          className="rounded text-accent underline touch:inline-block touch:py-2"
        >
          {[said.from(client, model), took].filter(Boolean).join(', ')}
        </Link>
      </p>
      {advice && (
        <p className="text-sm text-muted">
          {advice.text} {errorCode && said.code(errorCode)}{' '}
          {advice.href && (
            <Link href={advice.href} className="rounded text-accent underline">
              {said.mend}
            </Link>
          )}
        </p>
      )}
    </li>
  )
}
