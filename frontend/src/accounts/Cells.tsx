import { RotateCcw } from 'lucide-react'
import { Link } from 'wouter'

import { ago, money, number, percent, when } from '../lib/format'
import { useNow } from '../lib/now'
import { common } from '../lib/texts'
import { Badge } from '../ui/Badge'
import { Meter } from '../ui/Meter'
import { Private } from '../ui/Private'
import { level } from '../ui/quota'
import { Status } from '../ui/Status'
import { Spark } from './Spark'
import { type Account, at, type Reason, reasonOf, stateOf, TONES, type Window } from './state'
import { texts } from './texts'
import { inFull, soon } from './words'

// Two lines within the 44 px of a row.
const FIRST = 'flex items-center gap-1.5 leading-4'
const SECOND = 'block truncate text-xs text-muted tabular'
const FILL = { serving: 'bg-serving', low: 'bg-low', failed: 'bg-failed' } as const

type Props = { account: Account }

export function NameCell({ account, href }: Props & { href: string }) {
  const { displayName, alias, email, planType, workspaceLabel } = account
  const about = [planType, workspaceLabel].filter(Boolean).join(' · ')
  return (
    <>
      <span className={FIRST}>
        <Link href={href} tabIndex={-1} className="min-w-0 truncate rounded font-medium">
          <Private>{displayName}</Private>
        </Link>
        {account.isEmailDuplicate && (
          <span title={texts.duplicateHint}>
            <Badge>{texts.duplicate}</Badge>
          </span>
        )}
      </span>
      <span className={SECOND}>
        {about}
        {alias && (
          <>
            {' · '}
            <Private>{email}</Private>
          </>
        )}
      </span>
    </>
  )
}

export function StateCell({ account }: Props) {
  const now = useNow()
  const state = stateOf(account, now)
  const reason = reasonOf(account, now)
  return (
    <span className="block min-w-0" title={reason ? inFull(reason, now) : undefined}>
      <span className={FIRST}>
        <Status tone={TONES[state]}>{texts.states[state]}</Status>
      </span>
      {reason && <span className={SECOND}>{inShort(reason, now)}</span>}
    </span>
  )
}

/** 'weekly limit, back in 2 d 4 h'; the whole sentence is on hover and on the account's page. */
function inShort({ what, since, until, isTold }: Reason, now: number): string {
  if (until !== null) return `${what}, ${(isTold ? texts.backIn : texts.askedIn)(soon(until, now))}`
  return since === null ? what : `${what} ${texts.since(when(since, now))}`
}

type WindowProps = { kind: Window['kind']; window: Window | undefined }

/** A slim bar, what is left, and when it is whole again. */
export function WindowCell({ kind, window }: WindowProps) {
  const now = useNow()
  const name = texts.windows[window?.kind ?? kind]
  const isHeader = window === undefined || window.kind === kind // the column's own says it
  const label = <span className={isHeader ? 'text-muted md:hidden' : 'text-muted'}>{name} </span>
  if (!window) {
    return (
      <span className="text-xs text-muted" title={texts.unknown}>
        {label}–
      </span>
    )
  }
  const left = common.left(percent(window.left))
  const resets = window.resetsAt === null ? null : texts.resets(when(window.resetsAt, now))
  return (
    <span className="block" title={resets ?? undefined}>
      <span className="mb-1 flex justify-between gap-1 text-xs whitespace-nowrap tabular">
        <span>
          {label}
          {left}
        </span>
        {window.resetsAt !== null && (
          <span className="inline-flex min-w-0 items-center gap-0.5 text-muted max-[22rem]:hidden">
            {isHeader && <RotateCcw aria-hidden="true" className="size-2.5 shrink-0" />}
            <span className="truncate">{soon(window.resetsAt, now)}</span>
          </span>
        )}
      </span>
      <Meter
        label={name}
        share={window.left}
        text={resets ? `${left}, ${resets}` : left}
        fill={FILL[level(window.left)]}
      />
    </span>
  )
}

export function DayCell({ account }: Props) {
  const { requests24h, errors24h, spark24h } = account
  return (
    <span
      className="flex items-center justify-end gap-2"
      title={texts.inDay(texts.day(requests24h, errors24h))}
    >
      <Spark values={spark24h} />
      <span className="w-14 shrink-0">
        <span className="block leading-4">{number(requests24h)}</span>
        {errors24h > 0 && <span className={SECOND}>{texts.errors(errors24h)}</span>}
      </span>
    </span>
  )
}

export function SignInCell({ account }: Props) {
  const now = useNow()
  const { loginState, auth, lastRefreshAt } = account
  const until = at(auth.access.expiresAt)
  const refreshed = at(lastRefreshAt)
  if (loginState !== 'signed_in') {
    return (
      <span title={account.loginText}>
        <Status tone={loginState === 'refused' ? 'low' : 'failed'}>
          {texts.signIns[loginState]}
        </Status>
      </span>
    )
  }
  return (
    <span title={refreshed === null ? undefined : texts.renewsItself(ago(refreshed, now))}>
      <span className="block leading-4">{texts.signIns.signed_in}</span>
      {until !== null && now < until && (
        <span className={SECOND}>{texts.renewedBy(when(until, now))}</span>
      )}
    </span>
  )
}

export const costOf = ({ costUsd7d }: Account) => money(costUsd7d * 1e6)
