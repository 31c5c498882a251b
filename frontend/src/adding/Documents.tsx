import type { Schema } from '../api/queries'
import { Badge } from '../ui/Badge'
import { Private } from '../ui/Private'
import { Status, type Tone } from '../ui/Status'
import { Spoken } from './Spoken'
import { texts } from './texts'

const said = texts.import

type State = Schema['ImportPreview']['status'] | Schema['ImportResult']['status']

/** What becomes, or became, of one document. `note`: what is wrong with it, or to be minded. */
export type Fate = {
  name: string
  state: State
  email: string | null
  plan: string | null
  note: string | null
}

const TONES: Record<State, Tone> = {
  valid: 'serving',
  added: 'serving',
  replaces: 'cooling',
  replaced: 'serving',
  invalid: 'failed',
}

export function Documents({ label, fates }: { label: string; fates: readonly Fate[] }) {
  return (
    <ul aria-label={label} className="divide-y divide-line rounded border border-line">
      {fates.map(({ name, state, email, plan, note }, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: names may repeat, and the list stays as it is
        <li key={n} className="grid gap-1 px-3 py-2.5">
          <div className="flex flex-wrap items-center justify-between gap-x-3">
            <span className="flex min-w-0 items-center gap-2 font-medium">
              {email ? (
                <span className="min-w-0 break-all">
                  <Private>{email}</Private>
                </span>
              ) : (
                <span className="min-w-0 break-all">
                  <Spoken>{name}</Spoken>
                </span>
              )}
              {plan && <Badge>{plan}</Badge>}
            </span>
            <Status tone={TONES[state]}>{said.states[state]}</Status>
          </div>
          {email && (
            <p className="text-sm break-all text-muted">
              <Spoken>{name}</Spoken>
            </p>
          )}
          {note && (
            <p className="text-sm break-words">
              <Spoken>{note}</Spoken>
            </p>
          )}
        </li>
      ))}
    </ul>
  )
}
