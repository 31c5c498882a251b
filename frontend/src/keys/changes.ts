/** What can be done to keys. Each change is seen on the page when its answer is there. */

import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api, ask, tell } from '../api/client'
import { Problem } from '../api/problem'
import { keys, type Schema } from '../api/queries'
import { complain } from '../lib/messages'
import type { Terms } from './draft'

export type NewKey = Schema['ApiKeyCreateResponse']

/** `id` null: a new key. */
type Save = { id: string | null; terms: Terms }
type Patch = { id: string; change: Schema['ApiKeyUpdateRequest'] }

const onError = (error: unknown) => complain(Problem.of(error).message)
const at = (id: string) => ({ params: { path: { key_id: id } } })

function useRefresh() {
  const cache = useQueryClient()
  return () => cache.invalidateQueries({ queryKey: keys.queryKey })
}

/** Resolves to the new key with its secret, or to null after a change. Its form shows what fails. */
export function useSave() {
  return useMutation({
    mutationFn: async ({ id, terms }: Save): Promise<NewKey | null> => {
      if (id === null) return ask(api.POST('/api/api-keys', { body: terms }))
      await ask(api.PATCH('/api/api-keys/{key_id}', { ...at(id), body: terms }))
      return null
    },
    onSuccess: useRefresh(),
  })
}

export function usePatch() {
  return useMutation({
    mutationFn: ({ id, change }: Patch) =>
      ask(api.PATCH('/api/api-keys/{key_id}', { ...at(id), body: change })),
    onSuccess: useRefresh(),
    onError,
  })
}

export function useRegenerate() {
  return useMutation({
    mutationFn: (id: string) => ask(api.POST('/api/api-keys/{key_id}/regenerate', at(id))),
    onSuccess: useRefresh(),
  })
}

export function useDelete() {
  return useMutation({
    mutationFn: (id: string) => tell(api.DELETE('/api/api-keys/{key_id}', at(id))),
    onSuccess: useRefresh(),
  })
}

/** Whether every client is asked for a key. */
export function useCheckKeys() {
  return useMutation({
    mutationFn: (apiKeyAuthEnabled: boolean) =>
      ask(api.PUT('/api/settings', { body: { apiKeyAuthEnabled } })),
    onSuccess: useRefresh(),
    onError,
  })
}
