import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api, ask } from '../api/client'
import { Problem } from '../api/problem'
import { Button } from '../ui/Button'
import { ErrorState } from '../ui/ErrorState'
import { Choose, type Document } from './Choose'
import { Documents, type Fate } from './Documents'
import { texts } from './texts'

const said = texts.import

/** First what would become of each file; nothing is imported before that was confirmed. */
export function Import({ onImported }: { onImported: (results: Fate[]) => void }) {
  const cache = useQueryClient()
  const [documents, setDocuments] = useState<readonly Document[]>([])
  const preview = useMutation({
    mutationFn: (asked: readonly Document[]) =>
      ask(api.POST('/api/accounts/import/preview', body(asked))),
  })
  const fates = preview.data?.documents.map((told, n) => fate(told, documents[n])) ?? []
  const good = documents.filter((_, n) => fates[n] && fates[n].state !== 'invalid')
  const send = useMutation({
    mutationFn: async () => {
      const told = await ask(api.POST('/api/accounts/import', body(good)))
      if (!('results' in told)) return [] // how a single uploaded file is answered; we send texts
      return told.results.map(({ account, ...one }, n) =>
        fate(
          { ...one, email: account?.email ?? null, planType: account?.planType ?? null },
          good[n],
        ),
      )
    },
    onSuccess(results) {
      void cache.invalidateQueries()
      onImported([...results, ...fates.filter(({ state }) => state === 'invalid')])
    },
  })

  function choose(next: readonly Document[]) {
    send.reset()
    setDocuments(next)
    if (next.length > 0) preview.mutate(next)
    else preview.reset()
  }

  const failure = preview.error ?? send.error
  return (
    <div className="grid grid-cols-1 gap-4">
      {failure && <ErrorState message={Problem.of(failure).message} />}
      {fates.length === 0 ? (
        <Choose busy={preview.isPending} onChosen={choose} />
      ) : (
        <>
          <Documents label={said.preview} fates={fates} />
          <p className="text-muted">{good.length > 0 ? said.unchanged : said.none}</p>
          <div className="flex flex-wrap justify-end gap-2">
            <Button onClick={() => choose([])}>{said.others}</Button>
            {good.length > 0 && (
              <Button look="primary" busy={send.isPending} onClick={() => send.mutate()}>
                {said.send(good.length)}
              </Button>
            )}
          </div>
        </>
      )}
    </div>
  )
}

/** As texts, so that every document is answered for itself, also a single one. */
const body = (documents: readonly Document[]) => ({
  body: { documents: documents.map(({ content }) => content) },
})

type Told = {
  status: Fate['state']
  message?: string | null
  warning?: string | null
  email?: string | null
  planType?: string | null
}

function fate(told: Told, document: Document | undefined): Fate {
  return {
    name: document?.name ?? '',
    state: told.status,
    email: told.email ?? null,
    plan: told.planType ?? null,
    note: told.message ?? told.warning ?? null,
  }
}
