import { useNow } from '../lib/now'
import { Badge } from '../ui/Badge'
import { Status } from '../ui/Status'
import { type Account, reasonOf, stateOf, TONES } from './state'
import { texts } from './texts'
import { inFull } from './words'

/** How it is, why, since when, until when, and what to do. */
export function StateLine({ account }: { account: Account }) {
  const now = useNow()
  const state = stateOf(account, now)
  const reason = reasonOf(account, now)
  const { planType, workspaceLabel, isEmailDuplicate } = account
  const badges = [planType, workspaceLabel, isEmailDuplicate && texts.duplicate]
  return (
    <section
      aria-label={texts.state}
      className="flex flex-wrap items-center gap-x-6 gap-y-2 rounded border border-line bg-card px-4 py-3"
    >
      <Status tone={TONES[state]} className="text-lg font-semibold">
        {texts.states[state]}
      </Status>
      <p className="min-w-0 flex-1 basis-64">
        {reason && (
          <span className="tabular first-letter:uppercase block">{inFull(reason, now)}.</span>
        )}
        <span className="text-muted">{texts.next[state]}</span>
        {isEmailDuplicate && <span className="block text-muted">{texts.duplicateHint}</span>}
      </p>
      <p className="flex flex-wrap gap-1.5">
        {badges.map((one) => one && <Badge key={one}>{one}</Badge>)}
      </p>
    </section>
  )
}
