import { useQuery } from '@tanstack/react-query'
import type { KeyboardEvent } from 'react'
import { Loaded } from '../api/Loaded'
import { ended } from '../api/outcomes'
import { Problem } from '../api/problem'
import { request, type Schema } from '../api/queries'
import { base } from '../lib/facts'
import { date, toSecond } from '../lib/format'
import { Button } from '../ui/Button'
import { Sheet } from '../ui/Sheet'
import { Snippet } from '../ui/Snippet'
import { Status } from '../ui/Status'
import { Attempts } from './Attempts'
import { Costs } from './Costs'
import { curl } from './curl'
import { Facts } from './Facts'
import { Part } from './Part'
import { Phases } from './Phases'
import { Siblings } from './Siblings'
import { texts } from './texts'

const said = texts.detail

type Props = {
  id: string
  newer: string | undefined // the request's neighbours in the list
  older: string | undefined
  hrefOf: (id: string) => string
  onOpen: (id: string) => void
  onClose: () => void
}

/** One request, whole; j and k go to its neighbours. */
export function Detail({ id, newer, older, hrefOf, onOpen, onClose }: Props) {
  const query = useQuery(request(id))
  const isMissing = query.error !== null && Problem.of(query.error).status === 404
  const row = query.data?.request
  const at = Date.parse(row?.requestedAt ?? '')

  function onKeyDown({ key, ctrlKey, metaKey, altKey }: KeyboardEvent) {
    if (ctrlKey || metaKey || altKey) return
    const next = key === 'j' ? older : key === 'k' ? newer : undefined
    if (next) onOpen(next)
  }

  return (
    <div className="contents" onKeyDown={onKeyDown}>
      <Sheet
        open
        onClose={onClose}
        returnTo={() => document.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`)}
        title={row ? ended(row)[1] : said.loading}
        description={
          row &&
          [row.model, row.reasoningEffort, date(at), toSecond(at, at)].filter(Boolean).join(' · ')
        }
        footer={
          <>
            <Button disabled={!newer} onClick={() => newer && onOpen(newer)}>
              {said.previous}
            </Button>
            <Button disabled={!older} onClick={() => older && onOpen(older)}>
              {said.next}
            </Button>
          </>
        }
      >
        {isMissing ? (
          <p>{said.missing}</p>
        ) : (
          <Loaded query={query} lines={6}>
            {(document) => <Whole document={document} hrefOf={hrefOf} />}
          </Loaded>
        )}
      </Sheet>
    </div>
  )
}

type WholeProps = Pick<Props, 'hrefOf'> & { document: Schema['RequestDocument'] }

function Whole({ document: { request: row, siblings, names }, hrefOf }: WholeProps) {
  const command = curl(row, `${window.location.origin}${base}`)
  return (
    <>
      {(row.errorMessage ?? row.errorCode) && (
        <Part title={said.said}>
          <div className="flex flex-wrap items-center gap-x-2">
            <Status tone={ended(row)[0]}>
              {row.httpStatus === null ? said.noReply : said.status(row.httpStatus)}
            </Status>
            <code className="text-sm break-all">{row.errorCode}</code>
          </div>
          <p className="mt-1 break-words">{row.errorMessage}</p>
        </Part>
      )}
      {row.outcome === null ? (
        <p className="text-muted">{said.isRunning}</p>
      ) : (
        <>
          <Attempts attempts={row.attempts} names={names} />
          <Phases row={row} />
          <Costs row={row} />
        </>
      )}
      <Siblings row={row} siblings={siblings} hrefOf={hrefOf} />
      <Facts row={row} names={names} />
      {command && (
        <Part title={said.curl}>
          <p className="mb-2 text-sm text-muted">{said.curlText}</p>
          <Snippet label="curl" code={command} />
        </Part>
      )}
    </>
  )
}
