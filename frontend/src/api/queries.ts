/** Every question the pages ask. The first part of a key is what `live.ts` calls it by. */

import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { facts } from '../lib/facts'
import type { Range } from '../lib/range'
import { api, ask } from './client'
import type { components } from './schema'

export type Schema = components['schemas']

/** What came with the page, once: it is as old as the page. */
export function first<T>(path: string) {
  return path in facts.first
    ? { initialData: facts.first[path] as T, initialDataUpdatedAt: performance.timeOrigin }
    : {}
}

export const GROUPS = ['outcome', 'model', 'account', 'key', 'client'] as const
export type Group = (typeof GROUPS)[number]

/** What is shown stays until the next range has come. */
export const overview = (range: Range, group: Group) =>
  queryOptions({
    queryKey: ['overview', range, group],
    queryFn: () => ask(api.GET('/api/ui/overview', { params: { query: { range, group } } })),
    ...(range === '24h' && group === 'outcome'
      ? first<Schema['OverviewDocument']>('/api/ui/overview')
      : {}),
    placeholderData: keepPreviousData,
  })

/** A page of requests; `cursor` leads to what is older. */
export const requestsPage = (query: {
  q: string
  since: string
  until?: string
  cursor?: string
}) => ask(api.GET('/api/ui/requests', { params: { query } }))

export const request = (id: string) =>
  queryOptions({
    queryKey: ['request', id],
    queryFn: () =>
      ask(api.GET('/api/ui/requests/{request_id}', { params: { path: { request_id: id } } })),
    placeholderData: keepPreviousData,
  })

/** Days begin and end by this browser's clock; `until` '': today. */
export const usage = ({
  until,
  ...rest
}: {
  days: number
  until: string
  group: 'account' | 'model' | 'key' | 'client'
  compare: boolean
}) => {
  const query = { ...rest, ...(until ? { until } : {}) }
  const utcOffset = -new Date().getTimezoneOffset()
  return queryOptions({
    queryKey: ['usage', query, utcOffset],
    queryFn: () => ask(api.GET('/api/ui/usage', { params: { query: { ...query, utcOffset } } })),
    placeholderData: keepPreviousData,
  })
}

/** Written by the stream once a second while something changes; never asked for. */
export const now = queryOptions<Schema['LiveNow']>({ queryKey: ['now'], enabled: false })

export const accounts = queryOptions({
  queryKey: ['accounts'],
  queryFn: () => ask(api.GET('/api/ui/accounts')),
  ...first<Schema['AccountsDocument']>('/api/ui/accounts'),
})

export const account = (id: string) =>
  queryOptions({
    queryKey: ['accounts', id],
    queryFn: () =>
      ask(api.GET('/api/ui/accounts/{account_id}', { params: { path: { account_id: id } } })),
  })

export const keys = queryOptions({
  queryKey: ['keys'],
  queryFn: () => ask(api.GET('/api/ui/keys')),
  ...first<Schema['KeysDocument']>('/api/ui/keys'),
})

/** A request may end between the document and the stream; one that runs is asked about again. */
export const connect = queryOptions({
  queryKey: ['connect'],
  queryFn: () => ask(api.GET('/api/ui/connect')),
  ...first<Schema['ConnectDocument']>('/api/ui/connect'),
})

export const settings = queryOptions({
  queryKey: ['settings'],
  queryFn: () => ask(api.GET('/api/ui/settings')),
  ...first<Schema['SettingsDocument']>('/api/ui/settings'),
})

export const networks = queryOptions({
  queryKey: ['networks'],
  queryFn: () => ask(api.GET('/api/firewall/ips')),
})

/** Newest first. `action`: only those; empty: all. */
export const auditLog = (action: string, limit: number) =>
  queryOptions({
    queryKey: ['audit', action, limit],
    queryFn: () => {
      const query = action ? { action, limit } : { limit }
      return ask(api.GET('/api/audit-logs', { params: { query } }))
    },
    placeholderData: keepPreviousData,
  })

export const sessions = queryOptions({
  queryKey: ['sessions'],
  queryFn: () => ask(api.GET('/api/dashboard-auth/sessions')),
})

export const session = queryOptions({
  queryKey: ['session'],
  queryFn: () => ask(api.GET('/api/dashboard-auth/session')),
  ...first<Schema['SessionResponse']>('/api/dashboard-auth/session'),
  staleTime: Number.POSITIVE_INFINITY,
})
