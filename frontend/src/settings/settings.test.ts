import { describe, expect, it } from 'vitest'

import { actionName, detail } from './audit'
import { browserOf } from './browsers'
import { diagnostics } from './diagnostics'
import {
  type Document,
  idle,
  type Name,
  parse,
  range,
  shortens,
  shown,
  stateOf,
  typed,
} from './fields'
import { ENTRIES, find } from './finding'
import { faults, strength } from './passwords'

const field = (name: string, value: unknown, usual: unknown) =>
  ({ name, value, default: usual, source: value === usual ? 'default' : 'operator' }) as const

const variable = (name: string, value: string, usual: string) =>
  ({ name, value, default: usual, source: value === usual ? 'default' : 'environment' }) as const

const DOCUMENT: Document = {
  generatedAt: '2026-11-22T12:00:00Z',
  streamCursor: '1-1',
  version: 3,
  operator: [
    field('routingStrategy', 'round_robin', 'capacity_weighted'),
    field('stickyThreadsEnabled', false, true),
    field('preferEarlierResetAccounts', true, true),
    field('singleAccountId', 'somebody@example.com', null),
  ],
  environment: [
    variable('CODEX_LB_PORT', '2613', '2455'),
    variable('CODEX_LB_DATA_DIR', '/home/somebody/data', '/root/.codex-lb'),
    variable('CODEX_LB_ALLOWED_HOSTS', 'box.example.org', 'localhost'),
    variable('CODEX_LB_LOG_FORMAT', 'text', 'text'),
  ],
  security: {
    hasPassword: true,
    totpConfigured: false,
    totpRequired: false,
    hasAdminToken: false,
    recoveryCodesLeft: 0,
    sessions: 1,
  },
  models: [
    { id: 'gpt-5.5', name: 'GPT-5.5', own: false, plans: ['plus'], rates: null },
    {
      id: 'gpt-5.4',
      name: 'GPT-5.4',
      own: false,
      plans: [],
      rates: { input: 1, cached: 1, output: 1, estimated: false },
    },
  ],
  about: { version: '9.9', python: '3.11', database: 'sqlite', dataDir: '/home/somebody/data' },
}

describe('a number', () => {
  it.each<[Name, string, number | null]>([
    ['openaiCacheAffinityMaxAgeSeconds', '30', 1_800],
    ['openaiCacheAffinityMaxAgeSeconds', '0.5', 30],
    ['openaiCacheAffinityMaxAgeSeconds', '1,5', 90],
    ['openaiCacheAffinityMaxAgeSeconds', '0', null],
    ['openaiCacheAffinityMaxAgeSeconds', '10081', null],
    ['proxyAccountStreamLimit', ' 12 ', 12],
    ['proxyAccountStreamLimit', '1.5', null],
    ['proxyAccountStreamLimit', '-3', null],
    ['proxyAccountStreamLimit', '', null],
    ['proxyAccountStreamLimit', 'many', null],
    ['relativeAvailabilityPower', '1.5', 1.5],
    ['relativeAvailabilityPower', '1001', null],
  ])('of %s typed as %j is %j', (name, text, value) => {
    expect(parse(name, text)).toBe(value)
  })

  it('is typed as it is shown', () => {
    for (const seconds of [1_800, 90, 604_800]) {
      const text = typed('openaiCacheAffinityMaxAgeSeconds', seconds)
      expect(parse('openaiCacheAffinityMaxAgeSeconds', text)).toBe(seconds)
    }
  })

  it('says its range in the unit in which it is typed', () => {
    expect(range('openaiCacheAffinityMaxAgeSeconds')).toBe('A number from 0.02 to 10080')
    expect(range('relativeAvailabilityTopK')).toBe('A whole number from 1 to 20')
  })
})

it.each<[Name, string | number | boolean | null, string]>([
  ['routingStrategy', 'fill_first', 'Fullest first'],
  ['prohibitFastMode', true, 'on'],
  ['dashboardSessionTtlSeconds', 604_800, '7 days'],
  ['dashboardSessionTtlSeconds', 43_200, '12 hours'],
  ['dashboardSessionTtlSeconds', 4_000, '4,000 s'],
  ['requestLogRetentionOverrideDays', 0, 'for ever'],
  ['requestLogRetentionOverrideDays', 30, '30 days'],
  ['openaiCacheAffinityMaxAgeSeconds', 1_800, '30'],
])('%s of %j reads %j', (name, value, text) => {
  expect(shown(name, value)).toBe(text)
})

it('a setting is known by its document, wherever it stands there', () => {
  expect(stateOf(DOCUMENT, 'stickyThreadsEnabled')).toEqual({ value: false, usual: true })
  expect(stateOf(DOCUMENT, 'totpRequiredOnLogin')).toEqual({ value: false, usual: false })
  expect(stateOf(DOCUMENT, 'prohibitFastMode')).toBeNull()
})

it.each<[Name, string | null]>([
  ['relativeAvailabilityPower', 'Counts only with “By what is left until the reset”.'],
  ['preferEarlierResetWindow', null],
  ['openaiCacheAffinityMaxAgeSeconds', 'Counts only if conversations stay on their account.'],
  ['totpRequiredOnLogin', 'Set up codes first.'],
  ['apiKeyAuthEnabled', null],
])('%s has no effect because %j', (name, reason) => {
  expect(idle(DOCUMENT, name)).toBe(reason)
})

it.each([
  [null, 30, true],
  [null, 90, false],
  [30, null, false],
  [0, null, true],
  [365, 0, false],
  [60, 30, true],
])('keeping for %j days and then for %j deletes something: %j', (before, after, deletes) => {
  expect(shortens(before, after, 90)).toBe(deletes)
})

it.each([
  ['fast mode', 'prohibitFastMode'],
  ['TOTP', 'codes'],
  ['firewall', 'networks'],
  ['account stream limit', 'CODEX_LB_PROXY_ACCOUNT_STREAM_LIMIT'],
  ['routingStrategy', 'routingStrategy'],
])('“%s” finds %s', (words, id) => {
  expect(find(ENTRIES, words).map((one) => one.id)).toContain(id)
})

it('what is called so comes before what only mentions it', () => {
  expect(find(ENTRIES, 'code')[0]?.label).toMatch(/code/i)
  expect(find(ENTRIES, 'no such thing anywhere')).toEqual([])
})

it.each([
  ['aaaaaaaaaaaaaaaa', 'weak'],
  ['secret12', 'weak'],
  ['Tr0ub4dor&3', 'fair'],
  ['correct horse battery staple', 'strong'],
])('%s is %s', (password, is) => {
  expect(strength(password).is).toBe(is)
})

it.each([
  ['short', 'short', ['fresh']],
  ['long enough', 'long enouhg', ['repeat']],
  ['long enough', 'long enough', []],
])('%s and %s are wrong in %j', (fresh, repeat, wrong) => {
  expect(Object.keys(faults(fresh, repeat))).toEqual(wrong)
})

it.each([
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36',
    'Chrome on Linux',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18 Safari/604',
    'Safari on iPhone',
  ],
  ['curl/8.5', 'curl'],
  ['', 'Unknown program'],
  [null, 'Unknown program'],
])('%s is %s', (agent, name) => {
  expect(browserOf(agent)).toBe(name)
})

it.each([
  ['update_settings', 'Changed settings'],
  ['log_in_failed', 'Signed in: refused'],
  ['do_something_new', 'do something new'],
])('%s is called “%s”', (action, name) => {
  expect(actionName(action)).toBe(name)
})

it.each([
  [null, null, ''],
  [
    'a',
    { routingStrategy: 'fill_first', days: null, requestLogRetentionDays: 9 },
    'a · Which account serves: Fullest first · days: null',
  ],
  [null, { long: 'x'.repeat(300) }, `long: ${'x'.repeat(194)}…`],
])('on %j with %j is told', (target, details, text) => {
  expect(detail(target, details)).toBe(text)
})

it('diagnostics tell what is set but no names, addresses and directories', () => {
  const now = {
    inFlight: 0,
    requestsPerMinute: 2,
    tokensPerMinute: 10,
    errorRate: null,
    firstEventP50Ms: 300,
    firstEventP95Ms: 900,
  }
  const pool: Parameters<typeof diagnostics>[1] = {
    verdict: {
      level: 'ok',
      serving: 2,
      total: 3,
      backAt: null,
      isForecast: false,
      runsOutAt: null,
    },
    now,
    setup: { hasRequests: true },
    capacity: [],
  }
  const told = diagnostics(DOCUMENT, pool, { agent: 'a browser', stream: 'live' })
  expect(told.settings).toEqual({
    routingStrategy: 'round_robin',
    stickyThreadsEnabled: false,
    singleAccountId: '(set)',
  })
  expect(told.environment).toEqual({
    CODEX_LB_PORT: '2613',
    CODEX_LB_DATA_DIR: '(set)',
    CODEX_LB_ALLOWED_HOSTS: '(set)',
  })
  expect(told.unpricedModels).toEqual(['gpt-5.5'])
  expect(JSON.stringify(told)).not.toMatch(/somebody|example|\/home/)
})
