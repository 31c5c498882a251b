import { useState } from 'react'

import type { Schema } from '../api/queries'
import { type Client, configuration, environment, filledIn, type Piece } from '../api/setup'
import { base } from '../lib/facts'
import { oneOf, text } from '../lib/search'
import { common } from '../lib/texts'
import { useParams } from '../lib/useParams'
import { Snippet } from '../ui/Snippet'
import { Tabs } from '../ui/Tabs'
import { type Address, addresses, type Chosen, chosenKey, command, FIRST_REQUEST } from './choices'
import { Picks } from './Picks'
import { Trouble } from './Trouble'
import { texts } from './texts'

type Told = Schema['ConnectDocument']
export type NewKey = Schema['ApiKeyCreateResponse']

const ANY_TEXT = 'local'
const CLIENTS: readonly Client[] = ['codex', 'opencode', 'openclaw', 'sdk', 'typescript', 'curl']
const PARAMS = {
  client: oneOf(CLIENTS, 'codex'),
  at: oneOf(['page', 'local'] as const, 'page'),
  model: text(),
  key: text(),
}

/** What is chosen stands in the address; only a secret does not. */
export function Configuration({ told }: { told: Told }) {
  const [wanted, change] = useParams(PARAMS)
  const [fresh, setFresh] = useState<NewKey | null>(null)
  const places = addresses(told, `${window.location.origin}${base}`)
  const [page] = places
  const address = places.find(({ at }) => at === wanted.at) ?? page
  const model = wanted.model || told.models[0]?.id || ''
  if (!address) return null

  const known =
    fresh && !told.keys.some(({ id }) => id === fresh.id) ? [fresh, ...told.keys] : told.keys
  const chosen = chosenKey(known, address.needsKey, wanted.key)
  const secret = chosen.kind === 'key' && chosen.key.id === fresh?.id ? fresh.key : null

  return (
    <section
      aria-label={texts.client}
      className="grid grid-cols-1 gap-4 rounded border border-line bg-card p-4"
    >
      <Picks
        told={told}
        places={places}
        address={address}
        model={model}
        keys={known}
        chosen={chosen}
        secret={secret}
        onChange={change}
        onFresh={(key) => {
          setFresh(key)
          change({ key: key.id })
        }}
      />
      <Tabs
        label={texts.client}
        value={wanted.client}
        onChange={(client) => change({ client })}
        tabs={told.clients.map((setup) => ({
          value: setup.client,
          label: common.clients[setup.client],
          content: (
            <div className="grid grid-cols-1 gap-3">
              {pieces(setup, told, address, model, chosen, secret).map((piece) => (
                <Snippet key={piece.label + piece.code} {...piece} />
              ))}
              <Trouble
                variable={told.keyEnv}
                baseUrl={filledIn(setup.baseUrl, address.url, model)}
                isOpen={told.seen.length === 0}
              />
            </div>
          ),
        }))}
      />
    </section>
  )
}

function pieces(
  setup: Schema['ClientSetup'],
  { keyEnv, localUrl }: Told,
  address: Address,
  model: string,
  chosen: Chosen,
  secret: string | null,
): Piece[] {
  const shown = secret ?? (chosen.kind === 'none' && setup.client !== 'curl' ? ANY_TEXT : null)
  const written = command(setup, address, localUrl, model)
  const first = FIRST_REQUEST[setup.client]
  return [
    ...(shown ? [environment(keyEnv, shown)] : []),
    configuration(setup, address.url, model),
    ...(written ? [{ label: texts.write, code: written }] : []),
    ...(first ? [{ label: texts.first, code: first }] : []),
  ]
}
