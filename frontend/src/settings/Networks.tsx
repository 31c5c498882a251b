import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { type FormEvent, useState } from 'react'

import { api, ask, tell } from '../api/client'
import { Loaded } from '../api/Loaded'
import { Problem } from '../api/problem'
import { networks, type Schema } from '../api/queries'
import { date } from '../lib/format'
import { say } from '../lib/messages'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Card } from '../ui/Card'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { IconButton } from '../ui/IconButton'
import { Input } from '../ui/Input'
import { Row } from './Row'
import { texts } from './texts'

const said = texts.networks

type Step = { does: 'add' | 'remove'; network: string }

/** The addresses from which the proxy may be used. The first and the last change what all may do. */
export function Networks() {
  const [draft, setDraft] = useState('')
  const [asked, setAsked] = useState<Step | null>(null)
  const query = useQuery(networks)
  const act = useAct(() => setDraft(''))
  const listed = query.data?.entries ?? []

  function begin(step: Step) {
    const turns = step.does === 'add' ? listed.length === 0 : listed.length === 1
    if (turns) setAsked(step)
    else act.mutate(step)
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    if (draft.trim() && !act.isPending) begin({ does: 'add', network: draft.trim() })
  }

  return (
    <Card title={texts.cards.networks}>
      <Row id="networks">
        <Loaded query={query}>
          {({ entries }) => (
            <>
              <p className="mb-3 text-sm text-muted">
                {entries.length === 0 ? said.open : said.closed}
              </p>
              <List entries={entries} onRemove={(network) => begin({ does: 'remove', network })} />
              <form onSubmit={submit} className="grid grid-cols-[minmax(0,20rem)_auto] gap-x-2">
                <Field
                  label={said.add}
                  hint={said.addHint}
                  error={act.error && Problem.of(act.error).message}
                  className="col-span-full"
                >
                  {(control) => (
                    <span className="flex max-w-md gap-2">
                      <Input
                        {...control}
                        value={draft}
                        autoComplete="off"
                        spellCheck={false}
                        onChange={({ target }) => setDraft(target.value)}
                      />
                      <Button type="submit" busy={act.isPending}>
                        {said.send}
                      </Button>
                    </span>
                  )}
                </Field>
              </form>
            </>
          )}
        </Loaded>
      </Row>
      {asked && (
        <Confirm
          step={asked}
          onClose={() => setAsked(null)}
          onConfirm={() => {
            act.mutate(asked)
            setAsked(null)
          }}
        />
      )}
    </Card>
  )
}

function useAct(onAdded: () => void) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: async ({ does, network }: Step) => {
      if (does === 'add') {
        await ask(api.POST('/api/firewall/ips', { body: { ipAddress: network } }))
      } else {
        const at = { params: { path: { ip: network } } }
        await tell(api.DELETE('/api/firewall/ips/{ip}', at))
      }
    },
    onSuccess: async (_, { does, network }) => {
      if (does === 'add') onAdded()
      await cache.invalidateQueries({ queryKey: networks.queryKey })
      say(does === 'add' ? said.added(network) : said.removed(network))
    },
  })
}

type Entries = Schema['FirewallIpsResponse']['entries']

function List({ entries, onRemove }: { entries: Entries; onRemove: (network: string) => void }) {
  if (entries.length === 0) return null
  return (
    <ul aria-label={said.list} className="mb-4 max-w-md rounded border border-line">
      {entries.map(({ ipAddress, createdAt }) => (
        <li
          key={ipAddress}
          className="flex items-center gap-3 border-b border-line py-1 pr-1 pl-3 last:border-b-0"
        >
          <span className="min-w-0 grow font-mono text-sm break-all">{ipAddress}</span>
          <span className="text-sm text-muted">{said.since(date(Date.parse(createdAt)))}</span>
          <IconButton icon={X} label={said.remove(ipAddress)} onClick={() => onRemove(ipAddress)} />
        </li>
      ))}
    </ul>
  )
}

type ConfirmProps = { step: Step; onConfirm: () => void; onClose: () => void }

function Confirm({ step, onConfirm, onClose }: ConfirmProps) {
  const isFirst = step.does === 'add'
  return (
    <Dialog
      open
      onClose={onClose}
      title={isFirst ? said.firstTitle : said.lastTitle}
      description={isFirst ? said.firstText(step.network) : said.lastText}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="danger" onClick={onConfirm}>
            {isFirst ? said.firstConfirm : said.lastConfirm}
          </Button>
        </>
      }
    />
  )
}
