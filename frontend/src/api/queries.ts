/** Every question the pages ask. The first part of a key is what `live.ts` calls it by. */

import { queryOptions } from '@tanstack/react-query'

import { facts } from '../lib/facts'
import { api, ask } from './client'
import type { components } from './schema'

export type Schema = components['schemas']

/** What came with the page, once: it is as old as the page. */
export function first<T>(path: string) {
  return path in facts.first
    ? { initialData: facts.first[path] as T, initialDataUpdatedAt: performance.timeOrigin }
    : {}
}

export const keys = queryOptions({
  queryKey: ['keys'],
  queryFn: () => ask(api.GET('/api/ui/keys')),
  ...first<Schema['KeysDocument']>('/api/ui/keys'),
})

export const settings = queryOptions({
  queryKey: ['settings'],
  queryFn: () => ask(api.GET('/api/settings')),
  ...first<Schema['SettingsResponse']>('/api/settings'),
})

export const session = queryOptions({
  queryKey: ['session'],
  queryFn: () => ask(api.GET('/api/dashboard-auth/session')),
  ...first<Schema['SessionResponse']>('/api/dashboard-auth/session'),
  staleTime: Number.POSITIVE_INFINITY,
})
