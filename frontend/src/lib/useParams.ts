import { useCallback, useMemo } from 'react'
import { useLocation, useSearch } from 'wouter'

import { type Param, readSearch, type Values, writeSearch } from './search'

/** The page's parameters, and how to change some: by a new entry of the history, or in place. */
// biome-ignore lint/suspicious/noExplicitAny: the only way to say "a parameter of anything"
export function useParams<P extends Record<string, Param<any>>>(params: P) {
  const search = useSearch()
  const [path, navigate] = useLocation()
  const values = useMemo(() => readSearch(params, search), [params, search])
  const change = useCallback(
    (changes: Partial<Values<P>>, { replace = true } = {}) => {
      const next = writeSearch(params, search, changes)
      navigate(next ? `${path}?${next}` : path, { replace })
    },
    [params, search, path, navigate],
  )
  return [values, change] as const
}
