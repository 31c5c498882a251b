/** Which accounts are shown, in which order and groups: what the page's address says. Pure. */

import { flag, oneOf, text, type Values } from '../lib/search'
import {
  type Account,
  longWindow,
  STATES,
  type State,
  shortWindow,
  stateOf,
  windowsOf,
} from './state'

export const GROUPS = ['none', 'plan', 'state', 'workspace'] as const
export type GroupBy = (typeof GROUPS)[number]

export const SORTS = [
  'added',
  'name',
  'state',
  'short',
  'long',
  'inFlight',
  'day',
  'cost',
  'signIn',
  'policy',
] as const
export type SortBy = (typeof SORTS)[number]

export const PARAMS = {
  q: text(),
  state: oneOf(['all', ...STATES], 'all'),
  group: oneOf(GROUPS, 'none'),
  sort: oneOf(SORTS, 'added'),
  desc: flag(),
}

export type View = Values<typeof PARAMS>

const POLICIES = ['burn_first', 'normal', 'preserve'] as const

export function matching(account: Account, { q, state }: Pick<View, 'q' | 'state'>, now: number) {
  if (state !== 'all' && stateOf(account, now) !== state) return false
  const told = [
    account.displayName,
    account.email,
    account.planType,
    account.workspaceLabel,
    account.statusReason,
  ]
  const words = q.toLowerCase().split(/\s+/)
  return words.every((word) => told.some((one) => one?.toLowerCase().includes(word)))
}

/** Whatever is not known comes last, in either direction. */
export function sorted(
  rows: readonly Account[],
  { sort, desc }: Pick<View, 'sort' | 'desc'>,
  now: number,
) {
  if (sort === 'added') return [...rows]
  const keyed = rows.map((row) => [value(row, sort, now), row] as const)
  return keyed
    .sort(([a], [b]) => {
      if (a === null || b === null) return Number(a === null) - Number(b === null)
      return (desc ? -1 : 1) * (a < b ? -1 : Number(a > b))
    })
    .map(([, row]) => row)
}

function value(row: Account, by: SortBy, now: number): string | number | null {
  const windows = windowsOf(row, now)
  switch (by) {
    case 'state':
      return STATES.indexOf(stateOf(row, now))
    case 'short':
      return shortWindow(windows)?.left ?? null
    case 'long':
      return longWindow(windows)?.left ?? null
    case 'inFlight':
      return row.activeStreams
    case 'day':
      return row.requests24h
    case 'cost':
      return row.costUsd7d
    case 'signIn':
      return row.loginState === 'signed_in' ? row.auth.access.expiresAt : ''
    case 'policy':
      return POLICIES.indexOf(row.routingPolicy)
    default:
      return row.displayName.toLowerCase()
  }
}

export type Group = { name: string; rows: Account[] }

/** In the order in which they first occur; by state, the best first. `name` '': without one. */
export function grouped(rows: readonly Account[], by: GroupBy, now: number): Group[] {
  if (by === 'none') return [{ name: '', rows: [...rows] }]
  const names: Record<Exclude<GroupBy, 'none'>, (row: Account) => string> = {
    plan: (row) => row.planType,
    state: (row) => stateOf(row, now),
    workspace: (row) => row.workspaceLabel ?? row.workspaceId ?? '',
  }
  const found = new Map<string, Account[]>()
  for (const row of rows) {
    const name = names[by](row)
    found.set(name, [...(found.get(name) ?? []), row])
  }
  const groups = [...found].map(([name, members]) => ({ name, rows: members }))
  if (by !== 'state') return groups
  const place = ({ name }: Group) => STATES.indexOf(name as State)
  return groups.sort((a, b) => place(a) - place(b))
}

/** `rows` in an order that was held; what is new comes last. */
export function inOrder(rows: readonly Account[], held: readonly string[]): Account[] {
  const place = new Map(held.map((id, index) => [id, index]))
  const of = ({ accountId }: Account) => place.get(accountId) ?? held.length
  return [...rows].sort((a, b) => of(a) - of(b))
}
