import { describe, expect, it } from 'vitest'

import { historyOf, leftNow, nearest, paceNow, path } from './history'
import { type Account, longWindow, reasonOf, type State, stateOf, windowsOf } from './state'
import { grouped, inOrder, matching, type SortBy, sorted } from './view'
import { inFull, localTimes, soon } from './words'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const HOUR = 3_600_000
const iso = (hours: number) => new Date(NOW + hours * HOUR).toISOString()

function account(id: string, changes: Partial<Account> = {}): Account {
  return {
    accountId: id,
    displayName: id,
    email: `${id}@example.com`,
    planType: 'plus',
    workspaceId: null,
    workspaceLabel: null,
    status: 'active',
    statusReason: null,
    statusSince: null,
    blockedUntil: null,
    routingPolicy: 'normal',
    loginState: 'signed_in',
    activeStreams: 0,
    requests24h: 0,
    costUsd7d: 0,
    usage: {
      primaryRemainingPercent: 90,
      secondaryRemainingPercent: 40,
      monthlyRemainingPercent: null,
    },
    resetAtPrimary: iso(3),
    resetAtSecondary: iso(50),
    resetAtMonthly: null,
    measuredAtPrimary: null,
    measuredAtSecondary: null,
    measuredAtMonthly: null,
    auth: { access: { expiresAt: iso(1), state: null } },
    ...changes,
  } as Account
}

const left = (short: number | null, weekly: number | null, monthly: number | null = null) => ({
  usage: {
    primaryRemainingPercent: short,
    secondaryRemainingPercent: weekly,
    monthlyRemainingPercent: monthly,
  },
})

const LIMITED = {
  status: 'rate_limited',
  statusReason: '5-hour limit until 14:00 UTC, told by upstream',
  statusSince: iso(-1),
  blockedUntil: iso(2),
} as const

describe('an account', () => {
  it.each<[State, Partial<Account>]>([
    ['serving', {}],
    ['serving', left(null, null)],
    ['low', left(90, 20)],
    ['low', left(0, 90)],
    ['serving', { ...left(0, 90), resetAtPrimary: iso(0) }],
    ['limited', LIMITED],
    ['serving', { ...LIMITED, blockedUntil: iso(0) }],
    ['resting', { ...LIMITED, status: 'active' }],
    ['paused', { status: 'paused', statusReason: 'paused by the operator' }],
    ['signIn', { status: 'reauth_required', statusReason: 'needs a new sign-in' }],
    ['deactivated', { status: 'deactivated' }],
  ])('is %s with %j', (state, changes) => {
    expect(stateOf(account('a', changes), NOW)).toBe(state)
  })

  it('has its reason without the times of another clock', () => {
    const asked = 'resting after HTTP 502 until it is up until we ask again at 14:00 UTC'
    expect(reasonOf(account('a', LIMITED), NOW)).toEqual({
      what: '5-hour limit',
      since: NOW - HOUR,
      until: NOW + 2 * HOUR,
      isTold: true,
    })
    expect(reasonOf(account('a', { ...LIMITED, statusReason: asked }), NOW)).toMatchObject({
      what: 'resting after HTTP 502 until it is up',
      isTold: false,
    })
    expect(reasonOf(account('a', LIMITED), NOW + 2 * HOUR)).toBeNull()
  })

  it('shows the month where there is no week', () => {
    expect(longWindow(windowsOf(account('a', left(null, null, 70)), NOW))).toMatchObject({
      kind: 'monthly',
      left: 0.7,
    })
    expect(longWindow(windowsOf(account('a', left(50, 60, 70)), NOW))?.kind).toBe('weekly')
  })
})

describe('words', () => {
  it.each([
    [0.4, '24 min'],
    [4.5, '4 h'],
    [52, '2 d 4 h'],
    [48, '2 d'],
  ])('say %d hours as %s', (hours, words) => {
    expect(soon(NOW + hours * HOUR, NOW)).toBe(words)
  })

  it('tell a reason with what is known of it', () => {
    const reason = { what: 'weekly limit', since: null, until: null, isTold: true }
    expect(inFull(reason, NOW)).toBe('weekly limit')
    expect(inFull({ ...reason, until: NOW + HOUR }, NOW)).toMatch(/back .*\(in 1 h\).*ChatGPT/)
    expect(inFull({ ...reason, until: NOW + HOUR, isTold: false }, NOW)).toMatch(/tried again/)
  })

  it('put times by this clock', () => {
    expect(localTimes('limit until 2026-11-22 14:00 UTC: HTTP 429', NOW)).not.toContain('UTC')
    expect(localTimes('model gpt-5.5', NOW)).toBe('model gpt-5.5')
  })
})

describe('the table', () => {
  const ada = account('ada', { planType: 'pro', costUsd7d: 5, ...left(10, 90) })
  const bob = account('bob', { workspaceLabel: 'Acme', costUsd7d: 9, ...left(null, 80) })
  const cy = account('cy', { ...LIMITED, routingPolicy: 'burn_first', ...left(50, 70) })
  const ids = (rows: readonly Account[]) => rows.map(({ accountId }) => accountId).join(' ')

  it.each([
    ['', 'all', 'ada bob cy'],
    ['ACME', 'all', 'bob'],
    ['plus 5-hour', 'all', 'cy'],
    ['', 'limited', 'cy'],
    ['ada', 'limited', ''],
  ] as const)('shows for %j and %s: %s', (q, state, shown) => {
    expect(ids([ada, bob, cy].filter((row) => matching(row, { q, state }, NOW)))).toBe(shown)
  })

  it.each<[SortBy, boolean, string]>([
    ['added', false, 'cy ada bob'],
    ['name', true, 'cy bob ada'],
    ['cost', true, 'bob ada cy'],
    ['state', false, 'bob ada cy'],
    ['short', false, 'ada cy bob'], // what is not known comes last
    ['short', true, 'cy ada bob'],
    ['policy', false, 'cy ada bob'],
  ])('by %s, descending %s: %s', (sort, desc, order) => {
    expect(ids(sorted([cy, ada, bob], { sort, desc }, NOW))).toBe(order)
  })

  it('groups, by state the best first', () => {
    const names = (by: 'plan' | 'state' | 'workspace') =>
      grouped([cy, ada, bob], by, NOW).map(({ name, rows }) => `${name}: ${ids(rows)}`)
    expect(names('plan')).toEqual(['plus: cy bob', 'pro: ada'])
    expect(names('state')).toEqual(['serving: bob', 'low: ada', 'limited: cy'])
    expect(names('workspace')).toEqual([': cy ada', 'Acme: bob'])
  })

  it('keeps an order that is held, with what is new at its end', () => {
    expect(ids(inOrder([ada, bob, cy], ['cy', 'gone', 'ada']))).toBe('cy ada bob')
  })
})

describe('the history', () => {
  const points = (...values: (number | null)[]) =>
    values.flatMap((v, hour) => (v === null ? [] : [{ t: iso(hour), v }]))
  const document = {
    leftShort: points(100, null, 60, 50),
    leftWeekly: points(10, 0, 100, 90),
    leftMonthly: [],
    evenPace: points(2, 1, 99, 98.5),
  } as unknown as Parameters<typeof historyOf>[0]
  const history = historyOf(document)

  it('has every line at every time, and knows when the window began anew', () => {
    expect(history.times).toHaveLength(4)
    expect(history.lines.map(({ key }) => key)).toEqual(['short', 'weekly', 'pace'])
    expect(history.lines[0]?.values).toEqual([1, null, 0.6, 0.5])
    expect(history.resets).toEqual([2])
    expect([leftNow(history), paceNow(history)]).toEqual([0.9, 0.985])
  })

  it('draws what was read in steps, a pace as a slope, and nothing where nothing is known', () => {
    const [short, , pace] = history.lines.map((line) => path(line, history.times))
    expect(short).toBe('M0.00 0.00M66.67 40.00H100.00V50.00')
    expect(pace).toBe('M0.00 98.00L33.33 99.00M66.67 1.00L100.00 1.50')
  })

  it.each([
    [0, 0],
    [0.3, 1],
    [1, 3],
  ])('is nearest at %d to place %d', (share, place) => {
    expect(nearest(share, history.times)).toBe(place)
  })
})
