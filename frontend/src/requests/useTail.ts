import { keepPreviousData, type QueryClient, useQuery } from '@tanstack/react-query'

import { useLive } from '../api/live'
import { first, requestsPage, type Schema } from '../api/queries'
import { type Document, type Row, refreshed, told } from './tail'
import { asked, type View } from './view'

export const keyOf = (view: View) => ['requests', view] as const

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

/** What begins and ends stands in the list at once; what only the service can count follows. */
export function useTail(view: View): void {
  const showsAll = view.q === '' && view.zoom === null

  function onTold(data: unknown, cache: QueryClient) {
    const row = data as Row
    cache.setQueryData<Document>(keyOf(view), (held) => held && told(held, row, showsAll))
  }

  useLive('request.started', onTold)
  useLive('request.finished', onTold)
}
