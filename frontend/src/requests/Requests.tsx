import { SlidersHorizontal } from 'lucide-react'
import { useState } from 'react'
import { Link, useLocation, useParams as usePathParams, useSearch } from 'wouter'

import { Loaded } from '../api/Loaded'
import { useRange } from '../lib/range'
import { useParams } from '../lib/useParams'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { EmptyState } from '../ui/EmptyState'
import { Page } from '../ui/Page'
import { Detail } from './Detail'
import { Export } from './Export'
import { Facets } from './Facets'
import { Histogram } from './Histogram'
import { List } from './List'
import { NoMatch } from './NoMatch'
import { SearchField } from './SearchField'
import { texts } from './texts'
import { useRequests, useTail } from './useTail'
import { Views } from './Views'
import { PARAMS, viewOf } from './view'

/** The address is the view: its words, its time, and which request is open. */
export function Requests() {
  const { id } = usePathParams<{ id?: string }>()
  const [, navigate] = useLocation()
  const search = useSearch()
  const [range] = useRange()
  const [{ q, zoom }, change] = useParams(PARAMS)
  const [isChoosing, setChoosing] = useState(false)
  const view = viewOf(q, range, zoom)
  const query = useRequests(view)
  useTail(view)

  const setQ = (next: string) => change({ q: next })
  const hrefOf = (next?: string) =>
    `/requests${next ? `/${next}` : ''}${search ? `?${search}` : ''}`
  const open = (next?: string) => navigate(hrefOf(next))
  const rows = query.data?.requests ?? []
  const place = rows.findIndex(({ requestId }) => requestId === id)

  return (
    <Page title={texts.title} actions={<Export view={view} />}>
      <div className="mb-2 flex gap-2">
        <SearchField q={q} facets={query.data?.facets ?? []} onChange={setQ} />
        <Button className="xl:hidden" onClick={() => setChoosing(true)}>
          <SlidersHorizontal aria-hidden="true" className="size-4" />
          <span className="max-md:sr-only">{texts.facets.title}</span>
        </Button>
      </div>
      <Views q={view.q} onChange={setQ} />
      <Loaded query={query} lines={12}>
        {(document) => (
          <>
            <div className="grid items-start gap-4 xl:grid-cols-[12rem_minmax(0,1fr)]">
              <aside
                aria-label={texts.facets.title}
                className="sticky top-16 -mr-2 max-h-[calc(100dvh-5rem)] overflow-y-auto pr-2 pb-4 max-xl:hidden"
              >
                <Facets document={document} q={q} onChange={setQ} />
              </aside>
              <div className="min-w-0">
                {(document.requests.length > 0 || view.zoom) && (
                  <Histogram
                    document={document}
                    zoom={view.zoom}
                    onZoom={(next) => change({ zoom: next && { ...next, range } })}
                  />
                )}
                {document.requests.length > 0 ? (
                  <List document={document} view={view} selected={id} onOpen={open} />
                ) : view.q || view.zoom ? (
                  <NoMatch q={view.q} onChange={change} />
                ) : (
                  <EmptyState
                    text={texts.empty}
                    action={
                      <Link href="/connect" className="rounded text-accent underline">
                        {texts.connect}
                      </Link>
                    }
                  />
                )}
              </div>
            </div>
            {isChoosing && (
              <Dialog
                open
                onClose={() => setChoosing(false)}
                title={texts.facets.title}
                footer={
                  <Button look="primary" onClick={() => setChoosing(false)}>
                    {texts.facets.show}
                  </Button>
                }
              >
                <Facets document={document} q={q} onChange={setQ} />
              </Dialog>
            )}
          </>
        )}
      </Loaded>
      {id && (
        <Detail
          id={id}
          newer={place < 0 ? undefined : rows[place - 1]?.requestId}
          older={place < 0 ? undefined : rows[place + 1]?.requestId}
          hrefOf={hrefOf}
          onOpen={open}
          onClose={() => open()}
        />
      )}
    </Page>
  )
}
