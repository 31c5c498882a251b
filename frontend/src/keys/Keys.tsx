import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useLocation, useParams } from 'wouter'

import { Loaded } from '../api/Loaded'
import { keys } from '../api/queries'
import { say } from '../lib/messages'
import { Button } from '../ui/Button'
import { EmptyState } from '../ui/EmptyState'
import { Page } from '../ui/Page'
import { CheckingBanner } from './CheckingBanner'
import type { NewKey } from './changes'
import { DeleteKey } from './DeleteKey'
import { FreshKey } from './FreshKey'
import { KeySheet } from './KeySheet'
import { KeyTable } from './KeyTable'
import { RegenerateKey } from './RegenerateKey'
import type { Key } from './state'
import { texts } from './texts'

/** The address says which form is open: /keys/new, or /keys/ and a key's id. */
export function Keys() {
  const { id } = useParams<{ id?: string }>()
  const [, navigate] = useLocation()
  const [fresh, setFresh] = useState<NewKey | null>(null)
  const [deleting, setDeleting] = useState<Key | null>(null)
  const [regenerating, setRegenerating] = useState<Key | null>(null)
  const query = useQuery(keys)

  const create = (
    <Button look="primary" onClick={() => navigate('/keys/new')}>
      <Plus aria-hidden="true" className="size-4" />
      {texts.create}
    </Button>
  )

  function onSaved(saved: NewKey | null, name: string) {
    navigate('/keys')
    if (saved) setFresh(saved)
    else say(texts.saved(name))
  }

  return (
    <Page title={texts.title} actions={query.data?.keys.length ? create : undefined}>
      <CheckingBanner />
      <Loaded query={query}>
        {({ keys: rows }) => (
          <>
            {rows.length === 0 ? (
              <EmptyState text={texts.empty} action={create} />
            ) : (
              <KeyTable
                rows={rows}
                onOpen={(key) => navigate(`/keys/${key.id}`)}
                onDelete={setDeleting}
                onRegenerate={setRegenerating}
              />
            )}
            {id && (
              <KeySheet
                key={id}
                editing={id === 'new' ? null : rows.find((key) => key.id === id)}
                onSaved={onSaved}
                onClose={() => navigate('/keys')}
              />
            )}
          </>
        )}
      </Loaded>
      {deleting && <DeleteKey target={deleting} onClose={() => setDeleting(null)} />}
      {regenerating && (
        <RegenerateKey
          target={regenerating}
          onDone={setFresh}
          onClose={() => setRegenerating(null)}
        />
      )}
      {fresh && <FreshKey fresh={fresh} onClose={() => setFresh(null)} />}
    </Page>
  )
}
