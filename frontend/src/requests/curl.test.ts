import { expect, it } from 'vitest'

import { curl } from './curl'
import type { Row } from './tail'

const row = (more: object) =>
  ({
    requestKind: 'normal',
    model: 'gpt-5.5',
    reasoningEffort: null,
    requestedServiceTier: null,
    ...more,
  }) as Row

it('asks with the same model, effort and tier, and with whoever’s key', () => {
  const command = curl(
    row({ reasoningEffort: 'high', requestedServiceTier: 'priority' }),
    'http://x',
  )
  expect(command).toContain("'http://x/v1/responses'")
  expect(command).toContain('Bearer $CODEX_LB_API_KEY')
  expect(command).toContain('"reasoning":{"effort":"high"},"service_tier":"priority"')
})

it('asks a chat for what was a chat', () => {
  const command = curl(row({ requestKind: 'chat_completions', reasoningEffort: 'low' }), '')
  expect(command).toContain('/v1/chat/completions')
  expect(command).toContain('"reasoning_effort":"low"')
})

it('lets no model’s name out of its quotes', () => {
  expect(curl(row({ model: "x'; reboot '" }), '')).toContain(`"x'\\''; reboot '\\''"`)
})

it('offers nothing for what cannot be asked so', () => {
  expect(curl(row({ requestKind: 'images' }), '')).toBeNull()
})
