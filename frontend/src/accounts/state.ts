/** What an account can do just now, why, and what is left of it. Pure: `now` in Unix milliseconds. */

import type { Schema } from '../api/queries'
import { level } from '../ui/quota'
import type { Tone } from '../ui/Status'

export type Account = Schema['AccountRow']
export type Policy = Account['routingPolicy']

export const STATES = [
  'serving',
  'low',
  'resting',
  'limited',
  'paused',
  'signIn',
  'deactivated',
] as const
export type State = (typeof STATES)[number]

export const TONES: Record<State, Tone> = {
  serving: 'serving',
  low: 'low',
  resting: 'cooling',
  limited: 'cooling',
  paused: 'paused',
  signIn: 'failed',
  deactivated: 'failed',
}

export type Window = {
  kind: 'short' | 'weekly' | 'monthly'
  left: number // share, 0 to 1
  resetsAt: number | null
  measuredAt: number | null
}

export const at = (told: string | null) => (told === null ? null : Date.parse(told))

/** A limit that has ended since it was told keeps nobody from serving. */
export function stateOf(account: Account, now: number): State {
  const { status } = account
  if (status === 'paused' || status === 'deactivated') return status
  if (status === 'reauth_required') return 'signIn'
  const until = at(account.blockedUntil)
  if (account.statusReason !== null && (until === null || now < until)) {
    return status === 'active' ? 'resting' : 'limited'
  }
  return windowsOf(account, now).some(({ left }) => level(left) !== 'serving') ? 'low' : 'serving'
}

export type Reason = {
  what: string // as the service tells it, without its times
  since: number | null
  until: number | null // null: until a person acts
  isTold: boolean // upstream has named the end; else it is when we ask again
}

/** The service's own sentence has its times by another clock: they are taken out of it. */
export function reasonOf(account: Account, now: number): Reason | null {
  const { statusReason: told } = account
  const until = at(account.blockedUntil)
  if (told === null || (until !== null && until <= now)) return null
  const end = until === null ? -1 : told.lastIndexOf(' until ')
  return {
    what: end < 0 ? told : told.slice(0, end),
    since: at(account.statusSince),
    until,
    isTold: told.endsWith('told by upstream'),
  }
}

/** Those that upstream has told of. One whose reset has passed is whole. */
export function windowsOf(account: Account, now: number): Window[] {
  const { usage } = account
  const all = [
    window(
      'short',
      usage.primaryRemainingPercent,
      account.resetAtPrimary,
      account.measuredAtPrimary,
    ),
    window(
      'weekly',
      usage.secondaryRemainingPercent,
      account.resetAtSecondary,
      account.measuredAtSecondary,
    ),
    window(
      'monthly',
      usage.monthlyRemainingPercent,
      account.resetAtMonthly,
      account.measuredAtMonthly,
    ),
  ]
  return all.filter((one) => one !== null).map((one) => renewed(one, now))
}

function window(
  kind: Window['kind'],
  percent: number | null,
  resetsAt: string | null,
  measuredAt: string | null,
): Window | null {
  if (percent === null) return null
  return { kind, left: percent / 100, resetsAt: at(resetsAt), measuredAt: at(measuredAt) }
}

function renewed(one: Window, now: number): Window {
  const isOver = one.resetsAt !== null && one.resetsAt <= now
  return isOver ? { ...one, left: 1, resetsAt: null } : one
}

/** The week, or the month of a plan that has no week. */
export function longWindow(windows: readonly Window[]): Window | undefined {
  return (
    windows.find(({ kind }) => kind === 'weekly') ?? windows.find((one) => one.kind === 'monthly')
  )
}

export const shortWindow = (windows: readonly Window[]) =>
  windows.find(({ kind }) => kind === 'short')

/** What the service would do, as `core/accounts.py` has it. */
export const canPause = ({ status }: Account) =>
  status === 'active' || status === 'rate_limited' || status === 'quota_exceeded'
export const canResume = ({ status }: Account) => status === 'paused' || status === 'deactivated'
export const canProbe = canPause
