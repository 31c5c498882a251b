import { describe, expect, it } from 'vitest'

import { type Draft, draftOf, EMPTY, faults, read, termsOf } from './draft'
import { type Key, stateOf } from './state'

const NOW = Date.parse('2026-11-22T12:00:00Z')

const LIMIT = {
  id: 1,
  limitType: 'cost_usd',
  limitWindow: 'monthly',
  maxValue: 20_000_000,
  currentValue: 5_000_000,
  modelFilter: null,
  resetAt: '2026-12-01T00:00:00Z',
} as const

const KEY: Key = {
  id: 'k',
  name: 'laptop',
  keyPrefix: 'sk-clb-abcdefgh',
  allowedModels: ['gpt-5.5'],
  applyToCodexModel: false,
  enforcedModel: null,
  enforcedReasoningEffort: null,
  allowedReasoningEfforts: null,
  enforcedServiceTier: null,
  trafficClass: 'foreground',
  transportPolicyOverride: null,
  usageSections: '',
  expiresAt: '2026-12-24T08:30:00Z',
  isActive: true,
  accountAssignmentScopeEnabled: false,
  sourceAssignmentScopeEnabled: false,
  assignedAccountIds: [],
  assignedSourceIds: [],
  createdAt: '2026-11-01T00:00:00Z',
  lastUsedAt: null,
  limits: [{ ...LIMIT, id: 2, limitType: 'total_tokens', limitWindow: 'daily' }, LIMIT],
  usageSummary: null,
  pooledRemainingPercentPrimary: null,
  pooledRemainingPercentSecondary: null,
  pooledCapacityCreditsPrimary: 0,
}

describe('an amount', () => {
  it.each([
    ['total_tokens', '1.5M', 1_500_000],
    ['total_tokens', '20,000', 20_000],
    ['total_tokens', '300k', 300_000],
    ['cost_usd', '20', 20_000_000],
    ['cost_usd', '$0.05', 50_000],
    ['cost_usd', '.5', 500_000],
    ['cost_usd', '0', null],
    ['total_tokens', '0.2', null],
    ['total_tokens', '-5', null],
    ['total_tokens', 'many', null],
    ['total_tokens', '', null],
    ['cost_usd', '99999999999999', null],
  ] as const)('%s %j is %j', (kind, typed, value) => {
    expect(read(kind, typed)).toBe(value)
  })
})

describe('a form', () => {
  it('that changes nothing asks for what there is', () => {
    const terms = termsOf(draftOf(KEY), NOW, KEY)
    expect(terms.expiresAt).toBe(KEY.expiresAt)
    expect(terms.allowedModels).toEqual(['gpt-5.5'])
    expect(terms.limits).toEqual([
      { limitType: 'cost_usd', limitWindow: 'monthly', maxValue: 20_000_000, modelFilter: null },
      { limitType: 'total_tokens', limitWindow: 'daily', maxValue: 20_000_000, modelFilter: null },
    ])
  })

  it('with a name alone asks for a key without limits', () => {
    const terms = termsOf({ ...EMPTY, name: ' ci ' }, NOW)
    expect(terms).toMatchObject({ name: 'ci', expiresAt: null, limits: [], enforcedModel: null })
  })

  it('counts days from now', () => {
    const terms = termsOf({ ...EMPTY, name: 'ci', expiry: '30d' }, NOW)
    expect(terms.expiresAt).toBe('2026-12-22T12:00:00.000Z')
  })

  const rule = { kind: 'total_tokens', window: 'daily', model: '' } as const
  it.each<[Partial<Draft>, string[]]>([
    [{}, []],
    [{ name: '  ' }, ['name']],
    [{ budget: 'lots' }, ['budget']],
    [{ expiry: 'on' }, ['expiresOn']],
    [
      {
        rules: [
          { ...rule, most: '1k' },
          { ...rule, most: '' },
        ],
      },
      ['rules'],
    ],
  ])('with %j is wrong in %j', (changes, wrong) => {
    expect(Object.keys(faults({ ...EMPTY, name: 'ci', ...changes }))).toEqual(wrong)
  })
})

describe('a key', () => {
  const spent = { ...LIMIT, currentValue: 20_000_001 }
  it.each<[string, Partial<Key>]>([
    ['active', {}],
    ['active', { expiresAt: null }],
    ['disabled', { isActive: false, limits: [spent] }],
    ['expired', { expiresAt: '2026-11-22T12:00:00Z' }],
    ['spent', { limits: [spent] }],
    ['active', { limits: [{ ...spent, modelFilter: 'gpt-5.5' }] }],
  ])('is %s with %j', (state, changes) => {
    expect(stateOf({ ...KEY, ...changes }, NOW)).toBe(state)
  })
})
