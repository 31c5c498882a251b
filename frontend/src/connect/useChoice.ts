import { useState } from 'react'

import type { Schema } from '../api/queries'
import type { Client } from '../api/setup'
import { base } from '../lib/facts'
import { oneOf, text } from '../lib/search'
import { useParams } from '../lib/useParams'
import { addresses, chosenKey } from './choices'

type NewKey = Schema['ApiKeyCreateResponse']

const CLIENTS: readonly Client[] = ['codex', 'opencode', 'openclaw', 'sdk', 'typescript', 'curl']
const PARAMS = {
  client: oneOf(CLIENTS, 'codex'),
  at: oneOf(['page', 'local'] as const, 'page'),
  model: text(),
  key: text(),
}

/** What is chosen stands in the address; only a new key's secret does not. */
export function useChoice(told: Schema['ConnectDocument']) {
  const [wanted, change] = useParams(PARAMS)
  const [fresh, setFresh] = useState<NewKey | null>(null)
  const places = addresses(told, `${window.location.origin}${base}`)
  const address = places.find(({ at }) => at === wanted.at) ?? places[0]
  const isListed = told.keys.some(({ id }) => id === fresh?.id)
  const keys = fresh && !isListed ? [fresh, ...told.keys] : told.keys
  const key = chosenKey(keys, address.needsKey, wanted.key)
  return {
    client: wanted.client,
    places,
    address,
    model: wanted.model || told.models[0]?.id || '',
    keys,
    key,
    secret: key.kind === 'key' && key.key.id === fresh?.id ? fresh.key : null,
    change,
    takeFresh(created: NewKey) {
      setFresh(created)
      change({ key: created.id })
    },
  }
}

export type Choice = ReturnType<typeof useChoice>
