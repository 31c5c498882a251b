import type { Schema } from '../api/queries'
import { RelativeTime } from '../ui/RelativeTime'
import { Status } from '../ui/Status'
import { texts } from './texts'

const said = texts.turnedAway
const MOST = 5

export type Refused = Schema['TurnedAwayClient']

/** What came as far as the door: with a wrong key, at a wrong path, for a model that is not allowed. */
export function TurnedAway({ all }: { all: readonly Refused[] }) {
  return (
    <section aria-label={said.title} className="mt-4 border-t border-line pt-3">
      <h3 className="mb-1 font-medium">{said.title}</h3>
      <ul aria-live="polite" aria-relevant="additions" className="divide-y divide-line">
        {all.slice(0, MOST).map((one) => (
          <li
            key={`${one.client} ${one.address} ${one.code}`}
            className="grid gap-1 py-3 last:pb-0"
          >
            <div className="flex flex-wrap items-center gap-x-3">
              <Status tone="failed">{said.status(one.status)}</Status>
              <span className="text-sm text-muted">
                <RelativeTime at={Date.parse(one.at)} />
              </span>
            </div>
            <p className="break-words">{said.who(one.client, one.address ?? '', one.path)}</p>
            <p className="text-sm break-words text-muted">
              {one.message} {said.advice[one.code ?? '']}
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}
