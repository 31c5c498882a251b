import { keepPreviousData, type QueryClient, useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'

import { useLive } from '../api/live'
import { first, requestsPage, type Schema } from '../api/queries'
import { type Document, type Row, refreshed, told } from './tail'
import { asked, type View } from './view'

export const keyOf = (view: View) => ['requests', view] as const

const FILTERED_MS = 1_000 // only the service knows what matches
const SUMS_MS = 5_000

/** The view's newest requests, with those older ones that were asked for. */
export function useRequests(view: View) {
  return useQuery({
    queryKey: keyOf(view),
    queryFn: async ({ client }) =>
      refreshed(client.getQueryData<Document>(keyOf(view)), {
        ...(await requestsPage(asked(view, Date.now()))),
        view,
        isProlonged: false,
      }),
    ...(view.q === '' && view.range === '24h' && !view.zoom ? firstOf(view) : {}),
    placeholderData: keepPreviousData,
  })
}

/** What came with the page: the last day. */
function firstOf(view: View) {
  const { initialData, ...rest } = first<Schema['RequestsDocument']>('/api/ui/requests')
  return initialData ? { initialData: { ...initialData, view, isProlonged: false }, ...rest } : {}
}

/** What begins and ends stands in the list at once; what only the service can count, a little later. */
export function useTail(view: View): void {
  const showsAll = view.q === '' && view.zoom === null
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])

  function onTold(data: unknown, cache: QueryClient) {
    const row = data as Row
    cache.setQueryData<Document>(keyOf(view), (held) => held && told(held, row, showsAll))
    if (view.zoom && view.zoom.to * 1000 < Date.now()) return // nothing new comes there
    timer.current ??= setTimeout(
      () => {
        timer.current = undefined
        void cache.invalidateQueries({ queryKey: ['requests'] })
        void cache.invalidateQueries({ queryKey: ['request'] }) // its row may have come late
      },
      showsAll ? SUMS_MS : FILTERED_MS,
    )
  }

  useLive('request.started', onTold)
  useLive('request.finished', onTold)
}
