import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { Problem } from '../api/problem'
import { connect, keys } from '../api/queries'
import { type Client, configuration, environment } from '../api/setup'
import { base } from '../lib/facts'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { CopyButton } from '../ui/CopyButton'
import { Sheet } from '../ui/Sheet'
import { Snippet } from '../ui/Snippet'
import { Tabs } from '../ui/Tabs'
import type { NewKey } from './changes'
import { texts } from './texts'

const ANY_MODEL = 'gpt-5.5'
const SETTLES_MS = 1_000 // until a new key is known everywhere

/** A new key, shown once, with what to do with it. */
export function FreshKey({ fresh, onClose }: { fresh: NewKey; onClose: () => void }) {
  const [client, setClient] = useState<Client>('codex')
  const { data } = useQuery(keys)
  const model = fresh.enforcedModel ?? fresh.allowedModels?.[0] ?? data?.models[0]?.id ?? ANY_MODEL
  const { data: setup } = useQuery(connect)

  return (
    <Sheet
      open
      onClose={onClose}
      title={texts.fresh.title(fresh.name)}
      description={texts.fresh.once}
      footer={
        <Button look="primary" onClick={onClose}>
          {texts.fresh.done}
        </Button>
      }
    >
      <div className="mb-3 flex items-center gap-1 rounded border border-edge bg-soft py-1 pr-1 pl-3">
        <output
          aria-label={texts.fresh.key}
          className="min-w-0 grow font-mono text-sm break-all select-all"
        >
          {fresh.key}
        </output>
        <CopyButton text={fresh.key} label={texts.fresh.copyKey} />
      </div>
      <TestNow secret={fresh.key} />
      <h3 className="mt-6 mb-2 font-semibold">{texts.fresh.use}</h3>
      <Tabs
        label={texts.fresh.use}
        value={client}
        onChange={setClient}
        tabs={(setup?.clients ?? []).map((one) => ({
          value: one.client,
          label: common.clients[one.client],
          content: (
            <div className="grid grid-cols-1 gap-3">
              <Snippet {...environment(setup?.keyEnv ?? '', fresh.key)} />
              <Snippet {...configuration(one, `${window.location.origin}${base}`, model)} />
            </div>
          ),
        }))}
      />
    </Sheet>
  )
}

/** Asks for the models as a client would. */
function TestNow({ secret }: { secret: string }) {
  const test = useMutation({ mutationFn: () => countModels(secret) })
  return (
    <div className="flex flex-wrap items-center gap-3">
      <Button busy={test.isPending} onClick={() => test.mutate()}>
        {texts.fresh.test}
      </Button>
      <p role="status" className={test.error ? 'text-failed' : undefined}>
        {test.error && Problem.of(test.error).message}
        {test.data !== undefined && texts.fresh.works(test.data)}
      </p>
    </div>
  )
}

/** The usage is told to good keys only, while models may be told to anybody on this machine. */
async function countModels(secret: string): Promise<number> {
  await asClient(secret, '/v1/usage').catch(async () => {
    await new Promise((resolve) => setTimeout(resolve, SETTLES_MS))
    return asClient(secret, '/v1/usage')
  })
  const body = await asClient(secret, '/v1/models')
  const isList = typeof body === 'object' && body !== null && 'data' in body
  return isList && Array.isArray(body.data) ? body.data.length : 0
}

async function asClient(secret: string, path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${secret}` }
  const response = await fetch(base + path, { headers })
  const body: unknown = await response.json()
  if (!response.ok) throw Problem.ofAnswer(body, response)
  return body
}
