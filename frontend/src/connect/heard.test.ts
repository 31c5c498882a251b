import { expect, it } from 'vitest'

import type { Schema } from '../api/queries'
import { adviceOn, type Seen, toneOf, withRequest } from './heard'
import { texts } from './texts'

const CODEX: Seen = {
  client: 'codex_exec',
  at: '2026-09-21T14:00:00Z',
  requestId: 'r1',
  model: 'gpt-5.5',
  status: 'ok',
  errorCode: null,
  errorMessage: null,
  firstEventMs: 800,
}
const CURL = { ...CODEX, client: 'curl', requestId: 'r0' }

function row(changes: Partial<Schema['RequestLogEntry']>): Schema['RequestLogEntry'] {
  const told: Partial<Schema['RequestLogEntry']> = {
    useragentGroup: 'codex_exec',
    requestedAt: '2026-09-21T14:01:00Z',
    requestId: 'r2',
    model: 'gpt-5.5',
    status: 'in_progress',
    errorCode: null,
    errorMessage: null,
    latencyFirstTokenMs: null,
    ...changes,
  }
  return told as Schema['RequestLogEntry']
}

it.each([
  ['a first client', [], {}, ['codex_exec r2']],
  ['a known one stays in its place', [CURL, CODEX], {}, ['curl r0', 'codex_exec r2']],
  ['a new one comes first', [CURL], {}, ['codex_exec r2', 'curl r0']],
  ['one without a name', [CURL], { useragentGroup: null }, ['other r2', 'curl r0']],
  [
    'what began before does not replace what is newer',
    [CODEX],
    { requestedAt: '2026-09-21T13:59:00Z' },
    ['codex_exec r1'],
  ],
])('hears of %s', (_, seen, changes, expected) => {
  const found = withRequest(seen, row(changes))
  expect(found.map(({ client, requestId }) => `${client} ${requestId}`)).toEqual(expected)
})

it.each([
  ['ok', null, null, 'serving', null],
  ['in_progress', null, null, 'cooling', null],
  ['cancelled', null, null, 'paused', texts.advice.cancelled],
  ['quota', 'insufficient_quota', 'x', 'failed', texts.advice.quota],
  ['rate_limit', 'rate_limit_exceeded', 'x', 'failed', texts.advice.limit],
  ['error', 'no_accounts', 'x', 'failed', texts.advice.accounts],
  ['error', 'model_not_supported', 'x', 'failed', texts.advice.model],
  ['error', null, "The 'x' model is not supported when …", 'failed', texts.advice.model],
  ['error', 'something_new', 'It says so.\n- a: spent', 'failed', 'It says so.'],
  ['error', null, null, 'failed', texts.advice.unknown],
] as const)('says of %s %s what to do', (status, errorCode, errorMessage, tone, advice) => {
  const seen = { ...CODEX, status, errorCode, errorMessage }
  expect(toneOf(seen)).toBe(tone)
  expect(adviceOn(seen)?.text ?? null).toBe(advice)
})
